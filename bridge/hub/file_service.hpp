/// The file service of Link Kit (docs/operating-the-hub.md, "The file service"): files in parts, gone on with by id.
#pragma once

#include <asio/awaitable.hpp>
#include <map>
#include <memory>

#include "hub/channel_exchange.hpp"
#include "hub/file_session.hpp"
#include "hub/ingest_route.hpp"
#include "proto/link/file_request.hpp"

namespace camspan::hub {

/// What the service works with; all of it outlives it.
struct FileServices {
  UploadRegistry& registry;  ///< on the storage thread only
  recordings::Recorder& recorder;
  Uploads& uploads;
  IngestRoute& ingest;
};

/// Lives on the I/O thread.
class FileService {
 public:
  /// An upload that brought nothing for so long may be taken over by another channel: its device has come back before
  /// the hub noticed that it was gone.
  static constexpr std::chrono::seconds kInUse{5};

  using Opened = tl::expected<std::shared_ptr<FileSession>, Problem>;

  /// @param max_bytes  of one file
  FileService(FileServices services, ResumableFile::Place place, std::uint64_t max_bytes)
      : services_(services), place_(std::move(place)), max_bytes_(std::min(max_bytes, link::kMaxFileBytes)) {}

  /// Begins an upload, or goes on with one.
  asio::awaitable<Opened> open(DeviceId device, link::FileOpen wanted);
  /// The body of a send, and its answer.
  asio::awaitable<void> take_part(ChannelExchange& exchange, std::shared_ptr<FileSession> session);
  /// Gives the file its name, or puts a spooled piece into the recordings. The answer is the exchange's to the close.
  asio::awaitable<void> close(ChannelExchange& exchange, std::shared_ptr<FileSession> session);

  /// Forgets what nobody goes on with. Call about once a minute.
  void expire();

 private:
  asio::awaitable<Opened> reserve(std::string id, DeviceId device);
  std::optional<Problem> refusal_of_part(const net::RequestHead& head, const FileSession& session) const;
  asio::awaitable<std::optional<Problem>> check(const http::Headers& headers, std::shared_ptr<FileSession> session);
  asio::awaitable<std::optional<Problem>> put_away(ChannelExchange& exchange, std::shared_ptr<FileSession> session);

  const FileServices services_;
  const ResumableFile::Place place_;
  const std::uint64_t max_bytes_;
  std::map<std::string, std::weak_ptr<FileSession>> sessions_;  ///< by upload id
};

/// Why an upload could not be stored, for its sender.
Problem upload_problem(const std::error_code& error);

}  // namespace camspan::hub
