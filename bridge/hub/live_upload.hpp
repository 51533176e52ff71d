/// One body of FLV that a device uploads: to viewers at once, to the recorder, and back to the sender what is safe.
#pragma once

#include <asio/awaitable.hpp>
#include <memory>
#include <optional>

#include "hub/device_id.hpp"
#include "hub/ingest_request.hpp"
#include "hub/live_directory.hpp"
#include "hub/sqlite_index.hpp"
#include "hub/status_board.hpp"
#include "hub/storage_health.hpp"
#include "hub/uploads.hpp"
#include "net/http_exchange.hpp"
#include "net/wake_up.hpp"
#include "proto/flv/head.hpp"
#include "proto/flv/media_info.hpp"
#include "proto/flv/parser.hpp"
#include "recordings/recorder.hpp"

namespace camspan::hub {

/// What an upload works with; all of it outlives every upload.
struct UploadServices {
  recordings::Recorder& recorder;
  SqliteIndex& index;  ///< on the storage thread only
  LiveDirectory& live;
  StatusBoard& board;
  StorageHealth& health;
  Uploads& uploads;
  bool record = true;
};

/// Lives on the I/O thread. Two loops run side by side: one reads the body, the other writes the answer.
class LiveUpload : public std::enable_shared_from_this<LiveUpload> {
 public:
  /// Reading stops while more than this waits to be written: what a disk takes in a stall of some seconds.
  static constexpr std::size_t kMaxPendingBytes = 4 << 20;

  LiveUpload(UploadServices& services, net::HttpExchange& exchange, const DeviceId& device, IngestRequest request,
             const asio::any_io_executor& executor);

  /// The whole of it, from the place in line to the answer. `first` is what was read of the body already.
  asio::awaitable<void> run(Bytes first);

  /// Ends the upload from outside: what came is stored, the sender gets `why`, the rest of the body is not read.
  void end_early(Problem why);
  /// Storing works again after a failure.
  void storage_back();
  /// When the last bytes came.
  TimePoint last_bytes() const { return last_bytes_; }

 private:
  struct Outcome {
    bool lost = false;               ///< the sender has gone: nobody to answer
    std::optional<Problem> problem;  ///< none = the body is complete
  };

  asio::awaitable<std::uint64_t> count_stored();
  asio::awaitable<void> read_loop(Bytes first);
  asio::awaitable<void> take_bytes(ByteView bytes);
  asio::awaitable<void> take_tag(SharedUnit tag);
  asio::awaitable<void> begin_media(std::uint64_t number);
  asio::awaitable<void> begin_recording(recordings::Recorder::Begin begin);
  asio::awaitable<void> begin_anew(std::uint64_t number);
  asio::awaitable<void> answer_loop();
  asio::awaitable<void> send_acknowledgement();
  asio::awaitable<void> send_final();
  asio::awaitable<void> send_report();
  asio::awaitable<Result<>> write_line(std::string line);

  void show(const SharedUnit& tag);
  void store(const SharedUnit& tag, std::uint64_t number);
  void end(Outcome outcome);
  void end_recording();
  std::optional<EndReason> end_reason() const;
  void recording_over();
  void sender_gone();
  recordings::RecordingEvents recording_events();
  void on_committed(std::uint64_t tags);
  void on_storing_failed(const Failure& failure);
  std::string report() const;

  UploadServices& services_;
  net::HttpExchange& exchange_;
  const DeviceId device_;
  const IngestRequest request_;
  const asio::any_io_executor executor_;
  recordings::StreamName name_;
  net::WakeUp answer_wake_;
  net::WakeUp room_wake_;

  flv::Parser parser_;
  TagNumbers numbers_;
  flv::Head head_;  ///< in force now
  flv::MediaInfo info_;
  LiveStream* live_ = nullptr;  ///< from the first counted tag to the end
  std::uint64_t tags_ = 0;
  std::uint64_t bytes_ = 0;
  TimePoint last_bytes_;

  std::unique_ptr<recordings::Recording> recording_;
  recordings::StreamName recorded_as_;
  bool recording_began_ = false;  ///< begin() is under way
  bool recording_ending_ = false;
  bool recording_done_ = false;
  bool anew_ = false;                ///< record the rest as a stream of its own
  std::uint64_t number_offset_ = 0;  ///< of the recorded numbers, where that was done
  std::uint64_t next_to_store_ = 0;
  std::uint64_t committed_ = 0;     ///< tags of name_ on stable storage
  std::uint64_t acknowledged_ = 0;  ///< told to the sender
  std::optional<Outcome> outcome_;
  bool reading_ = false;
};

}  // namespace camspan::hub
