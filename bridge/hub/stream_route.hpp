/// /stream/open, send and close: the channels of Link Kit devices (docs/operating-the-hub.md, "Link Kit devices").
#pragma once

#include <asio/awaitable.hpp>
#include <string>

#include "hub/channel_exchange.hpp"
#include "hub/channels.hpp"
#include "hub/devices.hpp"
#include "hub/file_service.hpp"
#include "hub/ingest_route.hpp"
#include "proto/link/request.hpp"

namespace camspan::hub {

/// Lives on the I/O thread. A channel's connection may end during any wait, and what it had opened with it: only the
/// channel itself may be used after one.
class StreamRoute {
 public:
  StreamRoute(Devices& devices, IngestRoute& ingest, Channels& channels, FileService& files)
      : devices_(devices), ingest_(ingest), channels_(channels), files_(files) {}

  asio::awaitable<void> handle(net::HttpExchange& exchange);

 private:
  using ChannelOr = tl::expected<std::shared_ptr<Channel>, Problem>;

  tl::expected<DeviceId, Problem> authenticate(const http::Headers& headers, const ChannelConnection& connection);
  ChannelOr make_channel(ChannelExchange& exchange, const std::string& identify, const asio::any_io_executor& executor);
  ChannelOr find_channel(ChannelExchange& exchange, const std::string& identify);

  asio::awaitable<std::optional<Problem>> open_file(ChannelExchange& exchange, std::shared_ptr<Channel> channel);

  asio::awaitable<void> open(ChannelExchange& exchange, std::string identify);
  asio::awaitable<void> send(ChannelExchange& exchange, std::string identify);
  asio::awaitable<void> query(ChannelExchange& exchange, std::shared_ptr<Channel> channel);
  asio::awaitable<void> upload_part(ChannelExchange& exchange, std::shared_ptr<Channel> channel);
  asio::awaitable<void> upload(ChannelExchange& exchange, std::shared_ptr<Channel> channel);
  asio::awaitable<void> close(ChannelExchange& exchange, std::string identify);

  Devices& devices_;
  IngestRoute& ingest_;
  Channels& channels_;
  FileService& files_;
};

}  // namespace camspan::hub
