/// /api/devices and /api/events.
#pragma once

#include <asio/awaitable.hpp>
#include <string>

#include "hub/auth.hpp"
#include "hub/devices.hpp"
#include "hub/events.hpp"
#include "hub/signal_route.hpp"
#include "hub/uploads.hpp"

namespace camspan::hub {

/// Lives on the I/O thread. Reading asks for a token with any right, changing for admin.
class ApiRoute {
 public:
  ApiRoute(const Authorizer& authorizer, Devices& devices, EventBroker& events, Uploads& uploads, SignalRoute& signals)
      : authorizer_(authorizer), devices_(devices), events_(events), uploads_(uploads), signals_(signals) {}

  /// GET: the list; POST: adds a device.
  asio::awaitable<void> devices(net::HttpExchange& exchange);
  /// GET: one device; DELETE: removes it, and ends its uploads.
  asio::awaitable<void> device(net::HttpExchange& exchange, std::string id);
  asio::awaitable<void> events(net::HttpExchange& exchange);

 private:
  tl::expected<std::string, Problem> list(const net::RequestHead& request);
  tl::expected<std::string, Problem> show(const net::RequestHead& request, const DeviceId& id);
  asio::awaitable<tl::expected<std::string, Problem>> add(net::HttpExchange& exchange);
  asio::awaitable<tl::expected<void, Problem>> remove(net::HttpExchange& exchange, DeviceId id);

  const Authorizer& authorizer_;
  Devices& devices_;
  EventBroker& events_;
  Uploads& uploads_;
  SignalRoute& signals_;
};

}  // namespace camspan::hub
