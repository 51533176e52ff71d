/// Uploads what lies in the spool, segment by segment, beside the live upload.
#pragma once

#include <asio/any_io_executor.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "api/spool_file.hpp"
#include "api/triple.hpp"
#include "api/upload_request.hpp"
#include "net/h2_client.hpp"
#include "net/wake_up.hpp"
#include "recordings/spool.hpp"

namespace camspan {

class LinkChannel;

/// Lives on the I/O thread, kept alive by its coroutine. A segment goes as a request of its own under the name of its
/// stream, or on a channel as a file; it is deleted when the receiver has all of it.
class SpoolLane : public std::enable_shared_from_this<SpoolLane> {
 public:
  struct Surroundings {
    /// A request without what says which stream it is; nothing = not now.
    std::function<std::optional<UploadRequest::Setup>()> setup;
    /// Mode stream: who opens a file. Empty = segments go as live does.
    std::function<std::optional<Triple>()> device;
    std::function<bool()> live_waits;           ///< live has something to send
    std::function<std::uint64_t()> live_bytes;  ///< sent so far
    std::function<void()> changed;              ///< something was acknowledged, or a segment is done
  };

  SpoolLane(asio::any_io_executor executor, recordings::Spool& spool, Surroundings surroundings);

  void start();
  void stop();
  /// What is in the spool.
  void set_segments(std::vector<recordings::SpooledSegment> segments);
  /// Segments of this stream are left alone: it is sent from memory.
  void set_live_stream(std::string stream);
  void set_share(int percent) { share_ = percent; }
  /// There is a connection, until detach().
  void attach(net::H2Client& client);
  void detach();
  /// Counters of all its requests.
  const UploadRequest::Progress& total() const { return total_; }

 private:
  /// How often is looked whether live leaves room.
  static constexpr std::chrono::milliseconds kRoomCheck{20};
  using Clock = std::chrono::steady_clock;

  static asio::awaitable<void> hold(std::shared_ptr<SpoolLane> self);
  static asio::awaitable<void> hold_feed(std::shared_ptr<SpoolLane> self, std::shared_ptr<UploadRequest> request,
                                         std::shared_ptr<recordings::SpoolReader> reader);
  asio::awaitable<void> run();
  std::optional<recordings::SpooledSegment> pick();
  asio::awaitable<void> send(recordings::SpooledSegment spooled);
  asio::awaitable<Result<std::shared_ptr<recordings::SpoolReader>>> open(recordings::Segment segment);
  asio::awaitable<void> feed(std::shared_ptr<UploadRequest> request, std::shared_ptr<recordings::SpoolReader> reader);
  asio::awaitable<Result<std::vector<SharedUnit>>> read(std::shared_ptr<recordings::SpoolReader> reader);
  std::optional<UploadRequest::Setup> setup_of(const recordings::SpooledSegment& spooled,
                                               const recordings::SpoolReader& reader, bool rest) const;
  void after(const RequestEnd& end, const recordings::SpooledSegment& spooled, bool stored);
  asio::awaitable<bool> push(SharedUnit unit, std::shared_ptr<UploadRequest> request);

  /// A segment on its way as a file.
  struct FileJob {
    std::string name;
    Triple device;
    UploadRequest::Setup setup;  ///< where to
    std::shared_ptr<recordings::SpoolReader> reader;
    std::shared_ptr<SpoolFile> file;
  };
  std::optional<FileJob> file_job(const recordings::SpooledSegment& spooled,
                                  const std::shared_ptr<recordings::SpoolReader>& reader,
                                  const UploadRequest::Setup& setup) const;
  asio::awaitable<RequestEnd> send_file(FileJob job);
  asio::awaitable<RequestEnd> send_part(FileJob job, const LinkChannel& channel);
  asio::awaitable<RequestEnd> read_up_to(FileJob job, std::uint64_t position);
  asio::awaitable<Result<Bytes>> read_bytes(FileJob job, std::uint64_t most);
  static asio::awaitable<void> hold_feed_part(std::shared_ptr<SpoolLane> self, std::shared_ptr<UploadRequest> request,
                                              FileJob job, std::uint64_t length);
  asio::awaitable<void> feed_part(std::shared_ptr<UploadRequest> request, FileJob job, std::uint64_t length);
  bool may_send();
  void back_off();
  void count();

  const asio::any_io_executor executor_;
  recordings::Spool& spool_;
  const Surroundings surroundings_;
  MediaQueue queue_;  ///< between disk and request
  net::WakeUp wake_;
  net::WakeUp feed_wake_;
  net::WakeUp storage_came_;
  net::WakeUp read_came_;
  std::vector<recordings::SpooledSegment> segments_;
  std::string live_stream_;
  std::set<std::string> broken_;                ///< streams whose receiver lacks tags that are gone
  std::map<std::string, std::string> uploads_;  ///< upload ids by name: files to go on with
  net::H2Client* client_ = nullptr;
  std::shared_ptr<UploadRequest> request_;
  UploadRequest::Progress progress_;
  UploadRequest::Progress total_;
  bool stopped_ = false;
  Clock::time_point not_before_{};
  std::chrono::milliseconds delay_{0};
  int share_ = 80;
  std::int64_t credit_ = 0;
  std::uint64_t live_seen_ = 0;
  Clock::time_point live_at_{};
};

}  // namespace camspan
