/// A channel's hold on one upload of the file service.
#pragma once

#include <memory>
#include <string>

#include "hub/device_id.hpp"
#include "hub/resumable_file.hpp"
#include "net/http_exchange.hpp"
#include "net/wake_up.hpp"
#include "recordings/recorder.hpp"

namespace camspan::hub {

/// Lives on the I/O thread: on its channel, and while a request works with it. The file is the storage thread's; what
/// is here of it is what that thread said last.
struct FileSession {
  FileSession(recordings::Recorder& the_recorder, std::string the_id, const DeviceId& the_device, TimePoint now,
              const asio::any_io_executor& executor)
      : recorder(the_recorder), id(std::move(the_id)), device(the_device), used(now), part_over(executor) {}
  ~FileSession() { let_go(); }
  FileSession(const FileSession&) = delete;
  FileSession& operator=(const FileSession&) = delete;

  /// Gives the file up; the last reference goes on the thread that may wait for the disk.
  void let_go() {
    if (file) recorder.run([held = std::move(file)]() mutable { held.reset(); });
    file.reset();
  }

  /// Bytes that still fit in a file of at most `max_bytes`.
  std::uint64_t room(std::uint64_t max_bytes) const { return max_bytes > position ? max_bytes - position : 0; }
  /// What the answer says of how far the file is.
  http::Headers position_field() const { return {{"x-next-append-position", std::to_string(position)}}; }

  recordings::Recorder& recorder;
  const std::string id;
  const DeviceId device;
  std::shared_ptr<ResumableFile> file;  ///< none before it is open, and after another channel took the upload over
  std::string name;
  std::uint64_t position = 0;
  net::HttpExchange* part = nullptr;  ///< the part that comes in
  bool closing = false;
  bool abandoned = false;  ///< its channel is over
  bool broken = false;     ///< a part did not come whole: the sender has to ask how far it came
  TimePoint used;          ///< when it was opened, or bytes of it came
  bool awaited = false;    ///< somebody waits for part_over
  net::WakeUp part_over;   ///< what came of `part` is stored
};

}  // namespace camspan::hub
