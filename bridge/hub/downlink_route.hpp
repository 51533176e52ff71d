/// POST /api/devices/<id>/downlink/<identify>: bytes down to a device, by a channel that it has queried.
#pragma once

#include <asio/awaitable.hpp>
#include <string>

#include "hub/auth.hpp"
#include "hub/channels.hpp"
#include "hub/devices.hpp"
#include "hub/uploads.hpp"

namespace camspan::hub {

/// Lives on the I/O thread. Nothing is stored: the body is read as fast as the device takes it.
class DownlinkRoute {
 public:
  /// @param patience  for a device that takes nothing
  DownlinkRoute(const Authorizer& authorizer, Devices& devices, Channels& channels, Uploads& uploads,
                std::chrono::milliseconds patience)
      : authorizer_(authorizer), devices_(devices), channels_(channels), uploads_(uploads), patience_(patience) {}

  /// @param identify  the service whose channel it is
  asio::awaitable<void> handle(net::HttpExchange& exchange, std::string id, std::string identify);

 private:
  tl::expected<std::shared_ptr<Channel>, Problem> find(const net::RequestHead& head, const std::string& id,
                                                       const std::string& identify);

  const Authorizer& authorizer_;
  Devices& devices_;
  Channels& channels_;
  Uploads& uploads_;
  const std::chrono::milliseconds patience_;
};

}  // namespace camspan::hub
