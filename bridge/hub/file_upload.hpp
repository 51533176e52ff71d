/// One upload that is no live stream: kept as files/<device id>/<name> under the data folder.
#pragma once

#include <asio/awaitable.hpp>
#include <optional>

#include "hub/body_guard.hpp"
#include "hub/device_id.hpp"
#include "hub/incoming_file.hpp"
#include "hub/ingest_request.hpp"
#include "net/http_exchange.hpp"
#include "recordings/recorder.hpp"

namespace camspan::hub {

struct FileStore {
  std::filesystem::path root;   ///< files/
  std::uint64_t max_bytes = 0;  ///< of one file
};

/// Lives on the I/O thread, on its route's frame.
class FileUpload {
 public:
  FileUpload(FileStore store, recordings::Recorder& recorder, Uploads& uploads, net::HttpExchange& exchange,
             const DeviceId& device, IngestRequest request, const asio::any_io_executor& executor);
  ~FileUpload();
  FileUpload(const FileUpload&) = delete;
  FileUpload& operator=(const FileUpload&) = delete;

  /// The whole of it, to the answer. `first` is what was read of the body already.
  /// When it is ended from outside, nothing of the file is kept.
  asio::awaitable<void> run(Bytes first);

 private:
  asio::awaitable<void> take(Bytes first);
  asio::awaitable<void> answer_early();
  asio::awaitable<void> answer();
  asio::awaitable<std::optional<Problem>> receive(Bytes first);
  asio::awaitable<std::optional<Problem>> flush(bool sync);
  asio::awaitable<std::optional<Problem>> finish();
  Problem too_large() const;
  asio::awaitable<void> refuse(Problem problem);
  asio::awaitable<Result<>> write_line(std::string line);

  const FileStore store_;
  recordings::Recorder& recorder_;
  net::HttpExchange& exchange_;
  const DeviceId device_;
  const IngestRequest request_;
  std::shared_ptr<IncomingFile> file_;  ///< shared with the work on the storage thread
  Bytes buffer_;
  std::uint64_t bytes_ = 0;
  std::string name_;
  BodyGuard guard_;
  TimePoint last_sync_;
  bool writing_ = false;
  bool answering_ = false;  ///< the head of the answer is out
  bool lost_ = false;       ///< the sender has gone
};

}  // namespace camspan::hub
