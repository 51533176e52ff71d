/// POST and PUT /ingest/<id>: what devices upload by token or client certificate.
#pragma once

#include <asio/awaitable.hpp>
#include <string>

#include "hub/auth.hpp"
#include "hub/devices.hpp"
#include "hub/file_upload.hpp"
#include "hub/live_upload.hpp"

namespace camspan::hub {

/// Lives on the I/O thread.
class IngestRoute {
 public:
  IngestRoute(const Authorizer& authorizer, Devices& devices, UploadServices& services, FileStore files)
      : authorizer_(authorizer), devices_(devices), services_(services), files_(std::move(files)) {}

  /// @param id  the last part of the path
  asio::awaitable<void> handle(net::HttpExchange& exchange, std::string id);

  /// The body of a device that was let in: live FLV or a file, and the answer.
  asio::awaitable<void> take(net::HttpExchange& exchange, DeviceId device, IngestRequest request);

 private:
  asio::awaitable<tl::expected<DeviceId, Problem>> admit(const net::RequestHead& head, std::string id);
  asio::awaitable<void> take_file(net::HttpExchange& exchange, DeviceId device, IngestRequest request, Bytes first);

  const Authorizer& authorizer_;
  Devices& devices_;
  UploadServices& services_;
  FileStore files_;
};

}  // namespace camspan::hub
