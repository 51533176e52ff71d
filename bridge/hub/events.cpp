#include "hub/events.hpp"

#include <asio/this_coro.hpp>

#include "hub/clock.hpp"

namespace camspan::hub {
namespace {

// Proxies and browsers give up silent connections after half a minute or more.
constexpr std::chrono::seconds kComment{15};
// A listener this far behind reads the whole list anew, which is less than what waits for it.
constexpr std::size_t kMaxWaiting = 1000;

}  // namespace

void EventBroker::publish(const DeviceId& device, std::string_view name, std::string_view json) {
  if (listeners_.empty()) return;
  const std::string event = "event: " + std::string(name) + "\ndata: " + std::string(json) + "\n\n";
  for (Listener* listener : listeners_) {
    if (!listener->claims.covers(device)) continue;
    if (listener->waiting.size() == kMaxWaiting)
      listener->ended = true;
    else
      listener->waiting.push_back(event);
    listener->wake.notify();
  }
}

asio::awaitable<void> EventBroker::serve(net::HttpExchange& exchange, Claims claims) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  Listener listener(std::move(claims), executor);
  listener.ended = ended_;
  listeners_.push_back(&listener);
  struct Leave {
    std::vector<Listener*>& listeners;
    Listener* listener;
    ~Leave() { std::erase(listeners, listener); }
  } leave{listeners_, &listener};
  co_await send(exchange, listener);
}

asio::awaitable<void> EventBroker::send(net::HttpExchange& exchange, Listener& listener) {
  http::Headers headers{
      {"content-type", "text/event-stream"}, {"cache-control", "no-store"}, {"x-content-type-options", "nosniff"}};
  const auto head = co_await exchange.send_head(200, std::move(headers), std::nullopt);
  if (!head) co_return;
  // A first line at once: the browser's `open` comes with it through every proxy.
  std::string text = ":\n\n";
  while (!listener.ended) {
    if (!text.empty()) {
      const auto written = co_await exchange.write(as_bytes(text));
      if (!written) co_return;
      text.clear();
    }
    if (listener.waiting.empty()) {
      const bool news = co_await listener.wake.wait_until(steady_now() + kComment);
      if (!news) text = ":\n\n";
    }
    for (; !listener.waiting.empty(); listener.waiting.pop_front()) text += listener.waiting.front();
  }
  static_cast<void>(co_await exchange.finish());
}

void EventBroker::end_all() {
  ended_ = true;
  for (Listener* listener : listeners_) {
    listener->ended = true;
    listener->wake.notify();
  }
}

}  // namespace camspan::hub
