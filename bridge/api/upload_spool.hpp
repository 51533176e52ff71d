/// The spool of one upload: what is stored when, and when live may go on.
#pragma once

#include <camspan/h2_push.hpp>
#include <memory>
#include <string>

#include "api/notifier.hpp"
#include "api/spool_lane.hpp"
#include "api/spool_tap.hpp"

namespace camspan {

/// Lives on the I/O thread. While the link is down, or live cannot keep up, units leave the queue for the disk under
/// the stream's name and numbers ("diverting"); afterwards live goes on as another stream at a key frame, and the lane
/// uploads what is on disk. With H2PushSpoolMode::always units are on disk before they are sent as well.
class UploadSpool : public std::enable_shared_from_this<UploadSpool> {
 public:
  /// @param wake  the upload may go on: something is stored, the spool has changed
  UploadSpool(asio::any_io_executor executor, const H2PushConfig& config, MediaQueue& queue, recordings::Spool& spool,
              Notifier notify, SpoolLane::Surroundings surroundings, std::function<void()> wake);

  void start();
  void update(const H2PushConfig& config);
  /// What the storage thread told.
  void on_level(recordings::SpoolLevel level);

  /// `stream` begins in memory: nothing of it is sent or stored yet.
  void begin_live(const std::string& stream);
  /// The queue has something.
  void pump() { tap_->pump(); }
  /// No more comes: what is written ahead is finished, so that all of it may be sent.
  void end_live();
  /// From now on the queue empties to disk.
  void divert(const std::string& stream);
  /// No request sends the diverted stream any more: the lane may.
  void release_stream() { lane_->set_live_stream({}); }
  bool diverting() const { return diverting_; }
  /// Asks for the end of diverting. @return true when it is over: all from before the next key frame (or the end of the
  /// stream) is on disk, and the rest is in the queue
  bool back_to_live(bool stream_ended);
  /// The disk failed before anything of the present stream was stored: memory has all that there is.
  bool nothing_stored() const { return tap_->failing() && tap_->stored() == 0; }
  bool failing() const { return tap_->failing(); }
  void end_diverting() { diverting_ = false; }

  void acknowledged(const std::string& stream, std::uint64_t tags);
  /// `stream` ended as it should: the receiver has all of it.
  void complete(const std::string& stream) { spool_.ledger().settle(stream); }
  /// Header camspan-after of the next live request: streams before, and how many tags they had. Empty = none.
  std::string streams_before();
  void attach(net::H2Client& client) { lane_->attach(client); }
  void detach() { lane_->detach(); }
  bool empty() const { return level_.bytes == 0; }
  bool has_segments() const { return !level_.segments.empty(); }
  void drop();
  /// The end: what memory holds goes to disk.
  void let_go(const std::string& stream);
  void fill(H2PushStats& stats) const;

 private:
  void on_stored(std::uint64_t number);
  void on_worked();
  void on_failed(std::error_code error);
  void tell_level();
  bool always() const { return config_.spool_mode == H2PushSpoolMode::always; }
  bool full() const;

  H2PushConfig config_;
  MediaQueue& queue_;
  recordings::Spool& spool_;
  Notifier notify_;
  const std::function<void()> wake_;
  std::shared_ptr<SpoolTap> tap_;
  std::shared_ptr<SpoolLane> lane_;
  asio::any_io_executor executor_;
  recordings::SpoolLevel level_;
  std::vector<std::string> telling_;  ///< streams of streams_before() that the receiver has not answered yet
  bool diverting_ = false;
  bool failed_told_ = false;
  std::uint64_t told_bytes_ = 0;
  std::chrono::steady_clock::time_point told_at_{};
};

}  // namespace camspan
