/// Hands the units of a queue to the spool, as they come.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/media_queue.hpp"
#include "recordings/spool.hpp"

namespace camspan {

/// Lives on the I/O thread. One stream at a time; units keep the numbers that the queue gives them. Where numbers are
/// missing, and after an error of the disk, another recording begins.
class SpoolTap : public std::enable_shared_from_this<SpoolTap> {
 public:
  struct Events {
    std::function<void(std::uint64_t number)> stored;  ///< all handed over below `number` are on stable storage
    std::function<void(std::error_code)> failed;       ///< storing failed; it is tried again
    std::function<void()> worked;                      ///< storing works
  };

  /// @param queue  outlives the spool
  SpoolTap(asio::any_io_executor executor, MediaQueue& queue, recordings::Spool& spool, Events events);

  /// Begins to store `stream`: what the queue holds, and what comes.
  void begin(std::string stream);
  /// The queue has something.
  void pump();
  /// Stores nothing from the next key frame on (where there is no video: at once), and finishes the segment there.
  void stop_at_key();
  /// No more of that: stores what comes again.
  void go_on();
  /// The stream has ended: finishes the segment when all that the queue holds is stored.
  void finish();
  /// What stop_at_key() or finish() asked for is done, and on stable storage.
  bool stopped() const { return stopping_ && waiting_.empty() && !recording_ && !ending_ && !failing_; }
  /// Nothing can be stored now.
  bool failing() const { return failing_; }
  /// All below this are on stable storage; 0 = none since begin().
  std::uint64_t stored() const { return stored_; }
  /// While the spool is full nothing is handed over: units wait in the queue.
  void set_full(bool full);
  /// Hands over all that the queue holds, to be stored before the spool is closed. The end.
  void let_go();

 private:
  using Numbered = MediaQueue::Numbered;

  bool wanted(const Unit& unit);
  void give(Numbered unit);
  void open(const Numbered& first);
  recordings::Spool::Begin begin_at(const Numbered& first) const;
  void begin_and_end(std::vector<Numbered> units);
  void close_recording();
  void on_ready(unsigned recording, Result<recordings::Recorder::Ready> ready);
  void on_stored(unsigned recording, std::uint64_t number);
  void on_failed(unsigned recording, std::error_code error);
  void retry_later();
  recordings::RecordingEvents events_of(unsigned recording);

  const asio::any_io_executor executor_;
  MediaQueue& queue_;
  recordings::Spool& spool_;
  const Events events_;
  asio::steady_timer retry_;
  std::string stream_;
  std::unique_ptr<recordings::Recording> recording_;
  std::vector<Numbered> waiting_;  ///< given before the recording is open
  unsigned recording_id_ = 0;      ///< callbacks of older ones say nothing any more
  std::uint64_t next_ = 0;
  std::uint64_t stored_ = 0;
  bool on_ = false;
  bool opening_ = false;
  bool ending_ = false;
  bool failing_ = false;
  bool full_ = false;
  bool video_ = false;
  bool stop_at_key_ = false;
  bool finishing_ = false;
  bool stopping_ = false;  ///< the key frame was reached, or finish() was called
};

}  // namespace camspan
