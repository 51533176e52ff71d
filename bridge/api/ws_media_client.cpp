#include "api/ws_media_client.hpp"

#include <asio/experimental/awaitable_operators.hpp>

#include "net/pieces.hpp"

namespace camspan {
namespace {

using Clock = std::chrono::steady_clock;

// Pieces that wait are joined up to this: four full TLS records.
constexpr std::size_t kRoundBytes = 64 << 10;
// Frames of our own that wait for one client: answers to a peer that asks and does not read, and send().
constexpr std::size_t kMaxOwnBytes = 1 << 20;

}  // namespace

/// One write to a client, during which it may be found too slow.
class WsMediaClient::Writing {
 public:
  explicit Writing(WsMediaClient& client) : client_(client) { client_.viewer_.writing(Clock::now()); }
  ~Writing() { client_.viewer_.written(); }
  Writing(const Writing&) = delete;
  Writing& operator=(const Writing&) = delete;

 private:
  WsMediaClient& client_;
};

WsMediaClient::WsMediaClient(std::uint32_t id, net::HttpExchange& exchange, const asio::any_io_executor& executor,
                             const WsMedia& media, flv::FanOut& fan_out, net::WriteRounds& rounds)
    : id_(id),
      exchange_(exchange),
      media_(media),
      fan_out_(fan_out),
      place_(rounds, *this),
      wake_(executor),
      viewer_([this] { on_wake(); }, [this] { on_abort(); }),
      last_activity_(Clock::now()) {}

/// The viewer has something, or nothing more.
void WsMediaClient::on_wake() {
  if (!link_) return wake_.notify();
  if (idle_) place_.take();
}

/// The loop does what there is to do.
void WsMediaClient::hand_over() {
  idle_ = false;
  wake_.notify();
}

void WsMediaClient::write_turn() {
  if (!idle_) return;
  if (ends_now()) return hand_over();
  Round round = take_round();
  if (round.empty()) return hand_over();
  thread_local std::vector<ByteView> pieces;
  pieces.clear();
  for (const flv::SharedPiece& piece : round) media_.append(pieces, *piece);
  const std::size_t bytes = net::total_bytes(pieces);
  const std::size_t taken = link_->try_write(pieces);
  if (taken == bytes) {
    wrote(round.size(), bytes);
    if (viewer_.finished()) return hand_over();
    if (!viewer_.empty()) place_.take();
    return;
  }
  rest_ = std::move(round);
  rest_sent_ = taken;
  hand_over();
}

/// The fan-out has let it go.
void WsMediaClient::on_abort() {
  // Who still reads, however slowly, is told; who takes nothing cannot be.
  if (link_ && viewer_.removal() == flv::Removal::slow) return close(1013, "too slow", WsRemoval::slow);
  why_ = WsRemoval::slow;
  abort();
}

void WsMediaClient::abort() {
  gone_ = true;
  hand_over();
  if (link_)
    link_->abort();
  else
    exchange_.abort();
}

void WsMediaClient::close(std::uint16_t code, std::string reason, WsRemoval why) {
  if (closing_ && !flush_) return;
  closing_ = true;
  flush_ = false;
  close_code_ = code;
  close_reason_ = std::move(reason);
  why_ = why;
  if (!closing_since_) closing_since_ = Clock::now();
  fan_out_.end_viewer(viewer_);
}

void WsMediaClient::flush_and_close(std::uint16_t code, std::string reason, WsRemoval why) {
  if (closing_) return;
  close(code, std::move(reason), why);
  flush_ = true;
}

void WsMediaClient::tick(TimePoint now, std::chrono::nanoseconds limit) {
  if (closing_since_ && now - *closing_since_ > limit) abort();
}

Result<> WsMediaClient::send(Bytes frame) {
  if (!link_) return fail(Errc::unsupported);
  if (own_.size() + frame.size() > kMaxOwnBytes) return fail(Errc::queue_full);
  own_.insert(own_.end(), frame.begin(), frame.end());
  hand_over();
  return {};
}

void WsMediaClient::wrote(std::size_t units, std::size_t bytes) {
  units_sent_ += units;
  bytes_sent_ += bytes;
  last_activity_ = Clock::now();
}

/// @param sent  bytes of the round that are sent already
asio::awaitable<bool> WsMediaClient::write_frames(Round round, std::size_t sent) {
  const Writing writing(*this);
  std::vector<ByteView> pieces;
  for (const flv::SharedPiece& piece : round) media_.append(pieces, *piece);
  const std::size_t bytes = net::total_bytes(pieces);
  for (ByteView& piece : pieces) piece = net::unsent(piece, sent);
  std::erase_if(pieces, [](ByteView piece) { return piece.empty(); });
  const auto written = co_await link_->write(pieces);
  if (written) wrote(round.size(), bytes);
  co_return written.has_value();
}

asio::awaitable<bool> WsMediaClient::write_own(Bytes frames) {
  const Writing writing(*this);
  const std::vector<ByteView> pieces(1, frames);
  const auto written = co_await link_->write(pieces);
  if (written) wrote(0, frames.size());
  co_return written.has_value();
}

asio::awaitable<bool> WsMediaClient::write_body(Round round) {
  const Writing writing(*this);
  Bytes joined;
  for (const flv::SharedPiece& piece : round)
    joined.insert(joined.end(), piece->unit->bytes.begin(), piece->unit->bytes.end());
  const auto written = co_await exchange_.write(joined);
  if (written) wrote(round.size(), joined.size());
  co_return written.has_value();
}

void WsMediaClient::begin(Round opening) {
  opening_.assign(opening.begin(), opening.end());
  begun_ = true;
  hand_over();
}

/// What goes out next of the stream: the opening, then what waits.
WsMediaClient::Round WsMediaClient::take_round() {
  if (opening_.empty()) return viewer_.take(kRoundBytes);
  Round round;
  std::size_t size = 0;
  while (!opening_.empty() && (round.empty() || size + opening_.front()->unit->bytes.size() <= kRoundBytes)) {
    size += opening_.front()->unit->bytes.size();
    round.push_back(std::move(opening_.front()));
    opening_.pop_front();
  }
  return round;
}

asio::awaitable<void> WsMediaClient::send_loop() {
  // A frame that has begun is sent whole, whatever comes.
  while (!ends_now() || (!gone_ && !rest_.empty())) {
    bool written = true;
    if (!rest_.empty()) {
      Round rest = std::exchange(rest_, {});
      written = co_await write_frames(std::move(rest), rest_sent_);
    } else if (!own_.empty()) {
      Bytes own = std::exchange(own_, {});
      written = co_await write_own(std::move(own));
    } else if (Round round = take_round(); !round.empty()) {
      written = co_await write_frames(std::move(round), 0);
    } else if (viewer_.finished()) {
      break;
    } else {
      idle_ = true;
      co_await wake_.wait();
      idle_ = false;
    }
    if (!written) gone_ = true;
  }
  if (gone_)
    link_->abort();
  else
    co_await link_->close(close_code_, close_reason_);
}

asio::awaitable<void> WsMediaClient::read_loop(OnMessage on_message) {
  for (;;) {
    auto message = co_await link_->read();
    if (!message) {
      const auto is = [&](Errc code) { return message.error() == make_error_code(code); };
      // It has been told what is wrong, and gets to read that.
      if (is(Errc::protocol_error) || is(Errc::too_large)) {
        close(1002, {}, WsRemoval::error);
        co_return;
      }
      if (!closing_ && !viewer_.finished() && !gone_)
        why_ = is(Errc::closed) || is(Errc::connection_lost) ? WsRemoval::closed : WsRemoval::error;
      break;
    }
    last_activity_ = Clock::now();
    on_message(*this, std::move(*message));
  }
  // A write that waits for a peer that has closed would wait long.
  abort();
}

asio::awaitable<void> WsMediaClient::serve_websocket(std::unique_ptr<net::WsLink> link, OnMessage on_message) {
  using namespace asio::experimental::awaitable_operators;
  link_ = std::move(link);
  co_await (send_loop() && read_loop(std::move(on_message)));
}

asio::awaitable<void> WsMediaClient::serve_http(http::Headers headers) {
  const auto head = co_await exchange_.send_head(200, std::move(headers), std::nullopt);
  if (!head) gone_ = true;
  while (!ends_now()) {
    auto round = take_round();
    if (round.empty()) {
      if (viewer_.finished()) break;
      co_await wake_.wait();
      continue;
    }
    const bool written = co_await write_body(std::move(round));
    if (!written) gone_ = true;
  }
  if (gone_ && !closing_ && why_ == WsRemoval::stopped) why_ = WsRemoval::closed;
  if (!gone_) static_cast<void>(co_await exchange_.finish());
}

WsClientStats WsMediaClient::stats(TimePoint now) const {
  const auto lost = [this](flv::Loss cause) { return viewer_.losses()[static_cast<std::size_t>(cause)].units; };
  WsClientStats stats;
  stats.id = id_;
  stats.address = address();
  stats.websocket = link_ != nullptr;
  stats.queued_bytes = viewer_.bytes();
  stats.queue_delay = viewer_.queue_delay(now);
  stats.units_sent = units_sent_;
  stats.bytes_sent = bytes_sent_;
  stats.dropped_soft = lost(flv::Loss::late);
  stats.dropped_hard = lost(flv::Loss::overflow);
  stats.idle = now - last_activity_;
  return stats;
}

}  // namespace camspan
