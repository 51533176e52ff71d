/// From the path of a request to its route.
#pragma once

#include <asio/awaitable.hpp>

#include "hub/api_route.hpp"
#include "hub/downlink_route.hpp"
#include "hub/ingest_route.hpp"
#include "hub/live_route.hpp"
#include "hub/metrics_route.hpp"
#include "hub/recordings_route.hpp"
#include "hub/signal_route.hpp"
#include "hub/storage_health.hpp"
#include "hub/stream_route.hpp"
#include "hub/whep_route.hpp"

namespace camspan::hub {

/// Lives on the I/O thread; what it refers to outlives it.
class Router {
 public:
  Router(IngestRoute& ingest, StreamRoute& stream, LiveRoute& live, RecordingsRoute& recordings, ApiRoute& api,
         DownlinkRoute& downlink, SignalRoute& signal, WhepRoute& whep, MetricsRoute& metrics,
         const StorageHealth& health)
      : ingest_(ingest),
        stream_(stream),
        live_(live),
        recordings_(recordings),
        api_(api),
        downlink_(downlink),
        signal_(signal),
        whep_(whep),
        metrics_(metrics),
        health_(health) {}

  asio::awaitable<void> handle(net::HttpExchange& exchange);
  /// Requests that are being answered.
  std::size_t active() const { return active_; }

 private:
  asio::awaitable<void> route(net::HttpExchange& exchange);
  asio::awaitable<void> device(net::HttpExchange& exchange, std::string rest);
  asio::awaitable<void> recordings(net::HttpExchange& exchange, std::string rest);
  asio::awaitable<void> healthz(net::HttpExchange& exchange);

  IngestRoute& ingest_;
  StreamRoute& stream_;
  LiveRoute& live_;
  RecordingsRoute& recordings_;
  ApiRoute& api_;
  DownlinkRoute& downlink_;
  SignalRoute& signal_;
  WhepRoute& whep_;
  MetricsRoute& metrics_;
  const StorageHealth& health_;
  std::size_t active_ = 0;
};

}  // namespace camspan::hub
