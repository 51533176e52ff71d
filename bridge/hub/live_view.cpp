/// How one viewer's tags go out.
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/this_coro.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "hub/clock.hpp"
#include "hub/live_route.hpp"
#include "net/pieces.hpp"
#include "net/wake_up.hpp"
#include "net/write_rounds.hpp"
#include "net/ws_link.hpp"

namespace camspan::hub {
namespace {

// Tags that wait are joined up to this: four full TLS records.
constexpr std::size_t kRoundBytes = 64 << 10;
// The same of a viewer whose socket takes what comes: a system call for each 64 KiB costs half as much again as the
// bytes.
constexpr std::size_t kTurnBytes = 256 << 10;

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

using Round = std::vector<flv::SharedPiece>;

/// What a viewer's tags go out by.
class Outlet {
 public:
  virtual ~Outlet() = default;
  /// Sends without waiting. After Taken::part the rest is kept, for the next write().
  virtual net::Taken try_write(const Round& round) = 0;
  /// Sends what was kept, and then `round`, which may be empty.
  virtual asio::awaitable<Result<>> write(Round round) = 0;
  virtual void abort() = 0;
};

class HttpOutlet final : public Outlet {
 public:
  explicit HttpOutlet(net::HttpExchange& exchange) : exchange_(exchange) {}

  net::Taken try_write(const Round& round) override {
    thread_local std::vector<ByteView> pieces;
    pieces.clear();
    for (const flv::SharedPiece& tag : round) pieces.push_back(tag->unit->bytes);
    return exchange_.try_write(pieces);
  }
  asio::awaitable<Result<>> write(Round round) override {
    if (round.size() == 1) co_return co_await exchange_.write(round.front()->unit->bytes);
    const Bytes bytes = joined(round);
    co_return co_await exchange_.write(bytes);
  }
  void abort() override { exchange_.abort(); }

 private:
  net::HttpExchange& exchange_;
};

class SocketOutlet final : public Outlet {
 public:
  explicit SocketOutlet(net::HttpExchange& exchange) : exchange_(exchange) {}

  void open(std::unique_ptr<net::WsLink> link) { link_ = std::move(link); }
  net::WsLink& link() { return *link_; }

  net::Taken try_write(const Round& round) override {
    thread_local std::vector<ByteView> pieces;
    pieces.clear();
    list(round, 0, pieces);
    const std::size_t taken = link_->try_write(pieces);
    if (taken == 0) return net::Taken::none;
    if (taken == net::total_bytes(pieces)) return net::Taken::all;
    kept_ = round;
    sent_ = taken;
    return net::Taken::part;
  }
  asio::awaitable<Result<>> write(Round round) override {
    const Round kept = std::exchange(kept_, Round());
    std::vector<ByteView> pieces;
    list(kept, std::exchange(sent_, 0), pieces);
    list(round, 0, pieces);
    co_return co_await link_->write(pieces);
  }
  void abort() override {
    if (link_)
      link_->abort();
    else
      exchange_.abort();
  }

 private:
  /// @param sent  bytes of the round that are sent already
  static void list(const Round& round, std::size_t sent, std::vector<ByteView>& pieces) {
    for (const flv::SharedPiece& tag : round) {
      for (const ByteView piece : {ByteView(tag->prefix), ByteView(tag->unit->bytes)}) {
        const ByteView rest = net::unsent(piece, sent);
        if (!rest.empty()) pieces.push_back(rest);
      }
    }
  }

  net::HttpExchange& exchange_;
  std::unique_ptr<net::WsLink> link_;
  Round kept_;
  std::size_t sent_ = 0;  // of kept_
};

/// One viewer's sending. While its socket takes what comes, tags go out in turns with those of other viewers, which
/// costs no coroutine a turn; send() does the rest.
class View final : net::WriteRounds::Writer {
 public:
  View(Outlet& outlet, net::WriteRounds& rounds, const asio::any_io_executor& executor)
      : viewer([this] { give_turn(); }, [&outlet] { outlet.abort(); }),
        outlet_(outlet),
        place_(rounds, *this),
        wake_(executor) {}
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  /// Sends `opening`, then what comes until the stream ends. Errc::closed after leave().
  asio::awaitable<Result<>> send(std::vector<SharedUnit> opening);
  void leave() {
    gone_ = true;
    hand_over();
  }

  flv::Viewer viewer;

 private:
  void give_turn() {
    if (idle_) place_.take();
  }
  void hand_over() {
    idle_ = false;
    wake_.notify();
  }
  void write_turn() override;
  asio::awaitable<Result<>> write(Round round);

  Outlet& outlet_;
  net::WriteRounds::Place place_;
  net::WakeUp wake_;
  Round round_;        // taken from the queue, and not sent
  bool kept_ = false;  // by the outlet
  bool idle_ = false;  // send() waits
  bool gone_ = false;
};

void View::write_turn() {
  if (!idle_) return;
  Round round = viewer.take(kTurnBytes);
  const net::Taken taken = round.empty() ? net::Taken::none : outlet_.try_write(round);
  if (taken == net::Taken::none) round_ = std::move(round);
  kept_ = taken == net::Taken::part;
  if (taken != net::Taken::all || viewer.finished()) return hand_over();
  if (!viewer.empty()) give_turn();
}

asio::awaitable<Result<>> View::write(Round round) {
  const Writing writing(viewer);
  co_return co_await outlet_.write(std::move(round));
}

/// What a viewer gets first, in rounds of the usual size.
std::vector<Round> in_rounds(const std::vector<SharedUnit>& units) {
  std::vector<Round> rounds;
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

asio::awaitable<Result<>> View::send(std::vector<SharedUnit> opening) {
  for (Round& round : in_rounds(opening)) {
    const auto written = co_await write(std::move(round));
    if (!written) co_return written;
    if (gone_) break;
  }
  while (!gone_) {
    Round round = std::exchange(round_, Round());
    const bool kept = std::exchange(kept_, false);
    if (round.empty() && !kept) round = viewer.take(kRoundBytes);
    if (!round.empty() || kept) {
      const auto written = co_await write(std::move(round));
      if (!written) co_return written;
    } else if (viewer.finished()) {
      co_return Result<>();
    } else {
      idle_ = true;
      co_await wake_.wait();
    }
  }
  co_return fail(Errc::closed);
}

asio::awaitable<void> watch_socket(View& view, SocketOutlet& outlet) {
  for (;;) {
    // Viewers have nothing to say here; what comes is left alone.
    const auto message = co_await outlet.link().read();
    if (!message) break;
  }
  view.leave();
  // A write that waits for a peer that has closed would wait long.
  outlet.abort();
}

asio::awaitable<void> send_socket(View& view, SocketOutlet& outlet, std::vector<SharedUnit> opening) {
  const auto sent = co_await view.send(with_joined_head(opening));
  if (!sent)
    outlet.abort();
  else
    co_await outlet.link().close(1000, "the stream has ended");
}

asio::awaitable<void> send_http(net::HttpExchange& exchange, View& view, std::vector<SharedUnit> opening) {
  http::Headers headers{
      {"content-type", "video/x-flv"}, {"cache-control", "no-store"}, {"x-content-type-options", "nosniff"}};
  const auto head = co_await exchange.send_head(200, std::move(headers), std::nullopt);
  if (!head) co_return;
  const auto sent = co_await view.send(std::move(opening));
  if (sent) static_cast<void>(co_await exchange.finish());
}

ViewSummary summary_of(const flv::Viewer& viewer) {
  return {viewer.skipped(), viewer.removal() != flv::Removal::none};
}

}  // namespace

asio::awaitable<ViewSummary> view_by_http(net::HttpExchange& exchange, LiveStream& stream, net::WriteRounds& rounds) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  HttpOutlet outlet(exchange);
  View view(outlet, rounds, executor);
  auto opening = stream.join(view.viewer);
  co_await send_http(exchange, view, std::move(opening));
  co_return summary_of(view.viewer);
}

asio::awaitable<ViewSummary> view_by_websocket(net::HttpExchange& exchange, LiveStream& stream,
                                               net::WriteRounds& rounds) {
  using namespace asio::experimental::awaitable_operators;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  SocketOutlet outlet(exchange);
  View view(outlet, rounds, executor);
  // Joined first: a viewer keeps its stream in being.
  auto opening = stream.join(view.viewer);
  auto link = co_await exchange.accept_websocket();
  if (!link) co_return summary_of(view.viewer);  // it has been answered
  outlet.open(std::move(*link));
  co_await (send_socket(view, outlet, std::move(opening)) && watch_socket(view, outlet));
  co_return summary_of(view.viewer);
}

}  // namespace camspan::hub
