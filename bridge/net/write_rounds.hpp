/// Who has something to write does so in turns, so that what comes meanwhile joins the next write.
#pragma once

#include <asio/any_io_executor.hpp>
#include <memory>

namespace camspan::net {

/// A write costs much the same for one small message as for many. With few writers each gets its turn at once; with
/// many a round takes longer, and the messages that come during it go out together. One I/O thread.
class WriteRounds {
 public:
  class Writer {
   public:
    virtual ~Writer() = default;
    /// Its turn: it writes what it can without waiting. It may add() itself again.
    virtual void write_turn() = 0;
  };

  /// The place of a writer that may go before its turn comes.
  class Place {
   public:
    Place(WriteRounds& rounds, Writer& owner);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    /// Its owner gets a turn: one, however often this is called until then.
    void take();

   private:
    struct Entry;
    WriteRounds& rounds_;
    const std::shared_ptr<Entry> entry_;
  };

  explicit WriteRounds(asio::any_io_executor executor);

  /// Queues a writer for its turn. At most once until then.
  void add(std::shared_ptr<Writer> writer);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace camspan::net
