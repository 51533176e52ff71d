/// GET /api/events: server-sent events for pages and programs.
#pragma once

#include <asio/awaitable.hpp>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "hub/token.hpp"
#include "net/http_exchange.hpp"
#include "net/wake_up.hpp"

namespace camspan::hub {

/// Lives on the I/O thread.
class EventBroker {
 public:
  /// Sends an event of `name` with one line of JSON to all whose token covers `device`.
  void publish(const DeviceId& device, std::string_view name, std::string_view json);

  /// Answers with events until the peer leaves or end_all(). A comment every 15 s keeps the connection alive.
  asio::awaitable<void> serve(net::HttpExchange& exchange, Claims claims);

  void end_all();

 private:
  struct Listener {
    Listener(Claims the_claims, const asio::any_io_executor& executor)
        : claims(std::move(the_claims)), wake(executor) {}

    const Claims claims;
    std::deque<std::string> waiting;
    net::WakeUp wake;
    bool ended = false;
  };

  asio::awaitable<void> send(net::HttpExchange& exchange, Listener& listener);

  std::vector<Listener*> listeners_;
  bool ended_ = false;
};

}  // namespace camspan::hub
