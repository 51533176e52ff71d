/// GET /metrics: the hub's figures as Prometheus text.
#pragma once

#include <asio/awaitable.hpp>
#include <functional>
#include <string>

#include "hub/auth.hpp"
#include "hub/status_board.hpp"
#include "hub/storage_health.hpp"
#include "hub/whep_session.hpp"
#include "net/http_server.hpp"

namespace camspan::hub {

/// What the metrics are made of; all of it on the I/O thread.
struct MetricsSources {
  const StatusBoard& board;
  const StorageHealth& health;
  std::function<std::size_t()> devices;           ///< known ones
  std::function<net::HttpServerStats()> servers;  ///< of all ports together
  UtcTime started;
  const WhepSessions& whep;
  std::function<std::size_t()> signalling;  ///< devices on /signal
};

/// One `camspan_hub_*` family after another, in the text format of Prometheus 0.0.4.
/// @param per_device  also a line for each device in the families camspan_hub_device_*
std::string metrics_text(const MetricsSources& sources, bool per_device);

/// Lives on the I/O thread. Asks for a token with the right admin, and for none on the port without TLS, which is for
/// this machine and what stands in front of the hub.
class MetricsRoute {
 public:
  MetricsRoute(const Authorizer& authorizer, MetricsSources sources)
      : authorizer_(authorizer), sources_(std::move(sources)) {}

  asio::awaitable<void> handle(net::HttpExchange& exchange);

 private:
  const Authorizer& authorizer_;
  const MetricsSources sources_;
};

}  // namespace camspan::hub
