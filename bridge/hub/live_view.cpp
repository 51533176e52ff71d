/// How one viewer's tags go out.
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/this_coro.hpp>
#include <vector>

#include "hub/clock.hpp"
#include "hub/live_route.hpp"
#include "net/wake_up.hpp"
#include "net/ws_link.hpp"

namespace camspan::hub {
namespace {

// Tags that wait are joined up to this: four full TLS records.
constexpr std::size_t kRoundBytes = 64 << 10;

/// One write to a viewer, during which it may be found too slow.
class Writing {
 public:
  explicit Writing(flv::Viewer& viewer) : viewer_(viewer) { viewer_.writing(steady_now()); }
  ~Writing() { viewer_.written(); }
  Writing(const Writing&) = delete;
  Writing& operator=(const Writing&) = delete;

 private:
  flv::Viewer& viewer_;
};

Bytes joined(const std::vector<flv::SharedPiece>& tags) {
  Bytes bytes;
  for (const flv::SharedPiece& tag : tags) bytes.insert(bytes.end(), tag->unit->bytes.begin(), tag->unit->bytes.end());
  return bytes;
}

asio::awaitable<Result<>> write_http(net::HttpExchange& exchange, flv::Viewer& viewer,
                                     std::vector<flv::SharedPiece> round) {
  const Writing writing(viewer);
  if (round.size() == 1) co_return co_await exchange.write(round.front()->unit->bytes);
  const Bytes bytes = joined(round);
  co_return co_await exchange.write(bytes);
}

asio::awaitable<Result<>> write_websocket(net::WsLink& link, flv::Viewer& viewer, std::vector<flv::SharedPiece> round) {
  const Writing writing(viewer);
  std::vector<ByteView> pieces;
  for (const flv::SharedPiece& tag : round) {
    pieces.push_back(tag->prefix);
    pieces.push_back(tag->unit->bytes);
  }
  co_return co_await link.write(pieces);
}

/// What a viewer gets first, in rounds of the usual size.
std::vector<std::vector<flv::SharedPiece>> in_rounds(const std::vector<SharedUnit>& units) {
  std::vector<std::vector<flv::SharedPiece>> rounds;
  std::size_t size = kRoundBytes;
  for (const SharedUnit& unit : units) {
    if (size + unit->bytes.size() > kRoundBytes) {
      rounds.emplace_back();
      size = 0;
    }
    size += unit->bytes.size();
    rounds.back().push_back(frame(unit));
  }
  return rounds;
}

/// The file header and the tags before the first picture as one unit, so that the first message has them all.
std::vector<SharedUnit> with_joined_head(const std::vector<SharedUnit>& units) {
  Bytes head;
  std::size_t count = 0;
  while (count < units.size() && (units[count]->kind == UnitKind::config || units[count]->kind == UnitKind::script)) {
    head.insert(head.end(), units[count]->bytes.begin(), units[count]->bytes.end());
    ++count;
  }
  std::vector<SharedUnit> result{make_unit(std::move(head), UnitKind::config)};
  result.insert(result.end(), units.begin() + static_cast<std::ptrdiff_t>(count), units.end());
  return result;
}

/// A viewer by WebSocket: one loop sends, one notices that the viewer has gone.
struct SocketView {
  SocketView(net::HttpExchange& the_exchange, const asio::any_io_executor& executor)
      : exchange(the_exchange), wake(executor), viewer([this] { wake.notify(); }, [this] { abort(); }) {}

  void abort() {
    if (link)
      link->abort();
    else
      exchange.abort();
  }

  net::HttpExchange& exchange;
  std::unique_ptr<net::WsLink> link;
  net::WakeUp wake;
  flv::Viewer viewer;
  bool gone = false;
};

asio::awaitable<void> watch_socket(SocketView& view) {
  for (;;) {
    // Viewers have nothing to say here; what comes is left alone.
    const auto message = co_await view.link->read();
    if (!message) break;
  }
  view.gone = true;
  view.wake.notify();
  // A write that waits for a peer that has closed would wait long.
  view.abort();
}

asio::awaitable<void> send_socket(SocketView& view, std::vector<SharedUnit> opening) {
  for (auto& round : in_rounds(with_joined_head(opening))) {
    const auto written = co_await write_websocket(*view.link, view.viewer, std::move(round));
    if (!written) view.gone = true;
    if (view.gone) break;
  }
  while (!view.gone && !view.viewer.finished()) {
    auto round = view.viewer.take(kRoundBytes);
    if (round.empty()) {
      co_await view.wake.wait();
      continue;
    }
    const auto written = co_await write_websocket(*view.link, view.viewer, std::move(round));
    if (!written) view.gone = true;
  }
  if (view.gone)
    view.abort();
  else
    co_await view.link->close(1000, "the stream has ended");
}

asio::awaitable<void> send_http(net::HttpExchange& exchange, net::WakeUp& wake, flv::Viewer& viewer,
                                std::vector<SharedUnit> opening) {
  http::Headers headers{
      {"content-type", "video/x-flv"}, {"cache-control", "no-store"}, {"x-content-type-options", "nosniff"}};
  const auto head = co_await exchange.send_head(200, std::move(headers), std::nullopt);
  if (!head) co_return;
  for (auto& round : in_rounds(opening)) {
    const auto written = co_await write_http(exchange, viewer, std::move(round));
    if (!written) co_return;
  }
  while (!viewer.finished()) {
    auto round = viewer.take(kRoundBytes);
    if (round.empty()) {
      co_await wake.wait();
      continue;
    }
    const auto written = co_await write_http(exchange, viewer, std::move(round));
    if (!written) co_return;
  }
  static_cast<void>(co_await exchange.finish());
}

ViewSummary summary_of(const flv::Viewer& viewer) {
  return {viewer.skipped(), viewer.removal() != flv::Removal::none};
}

}  // namespace

asio::awaitable<ViewSummary> view_by_http(net::HttpExchange& exchange, LiveStream& stream) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  net::WakeUp wake(executor);
  flv::Viewer viewer([&wake] { wake.notify(); }, [&exchange] { exchange.abort(); });
  auto opening = stream.join(viewer);
  co_await send_http(exchange, wake, viewer, std::move(opening));
  co_return summary_of(viewer);
}

asio::awaitable<ViewSummary> view_by_websocket(net::HttpExchange& exchange, LiveStream& stream) {
  using namespace asio::experimental::awaitable_operators;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  SocketView view(exchange, executor);
  // Joined first: a viewer keeps its stream in being.
  auto opening = stream.join(view.viewer);
  auto link = co_await exchange.accept_websocket();
  if (!link) co_return summary_of(view.viewer);  // it has been answered
  view.link = std::move(*link);
  co_await (send_socket(view, std::move(opening)) && watch_socket(view));
  co_return summary_of(view.viewer);
}

}  // namespace camspan::hub
