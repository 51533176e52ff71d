#pragma once

#include <algorithm>
#include <asio/any_io_executor.hpp>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "net/http_exchange.hpp"
#include "net/wake_up.hpp"
#include "net/ws_link.hpp"

namespace camspan::test {

/// What a fake peer has got and does: shared by an exchange and its WebSocket.
struct FakePeer {
  explicit FakePeer(const asio::any_io_executor& executor)
      : body_wake(executor), write_wake(executor), read_wake(executor) {}

  std::deque<std::string> body;  ///< pieces to come; "" = the end
  int status = 0;
  http::Headers headers;
  std::string answer;
  std::vector<std::string> writes;  ///< one entry a write
  bool finished = false;
  bool aborted = false;
  bool stalled = false;          ///< takes nothing
  std::size_t room = 0;          ///< bytes that it takes of what may not wait
  bool closes = false;           ///< ends the WebSocket
  std::uint16_t close_code = 0;  ///< that it was sent
  net::WakeUp body_wake, write_wake, read_wake;

  void send(std::string piece) {
    body.push_back(std::move(piece));
    body_wake.notify();
  }
  void abort() {
    aborted = true;
    body_wake.notify();
    write_wake.notify();
    read_wake.notify();
  }
  void stall(bool on) {
    stalled = on;
    write_wake.notify();
  }
  void close() {
    closes = true;
    read_wake.notify();
  }
  /// @return bytes taken without waiting
  std::size_t take_at_once(const std::string& bytes) {
    const std::size_t taken = stalled || aborted ? 0 : std::min(room, bytes.size());
    room -= taken;
    if (taken > 0) writes.push_back(bytes.substr(0, taken));
    answer.append(bytes, 0, taken);
    return taken;
  }
  asio::awaitable<Result<>> take(std::string bytes) {
    while (stalled && !aborted) co_await write_wake.wait();
    if (aborted) co_return fail(Errc::cancelled);
    answer += bytes;
    writes.push_back(std::move(bytes));
    co_return Result<>();
  }
};

inline std::string joined(std::span<const ByteView> pieces) {
  std::string bytes;
  for (const ByteView piece : pieces) bytes += as_text(piece);
  return bytes;
}

class FakeLink final : public net::WsLink {
 public:
  explicit FakeLink(FakePeer& peer) : peer_(peer) {}

  asio::awaitable<Result<Message>> read() override {
    while (!peer_.closes && !peer_.aborted) co_await peer_.read_wake.wait();
    co_return fail(peer_.aborted ? Errc::cancelled : Errc::closed);
  }
  asio::awaitable<Result<>> write(std::span<const ByteView> encoded) override {
    std::string bytes = joined(encoded);
    co_return co_await peer_.take(std::move(bytes));
  }
  std::size_t try_write(std::span<const ByteView> encoded) override { return peer_.take_at_once(joined(encoded)); }
  asio::awaitable<void> close(std::uint16_t code, std::string) override {
    peer_.close_code = code;
    peer_.close();
    co_return;
  }
  void abort() override { peer_.abort(); }
  void go_on(std::function<asio::awaitable<void>()>) override {}  // what is tested with it stays in its handler

 private:
  FakePeer& peer_;
};

class FakeConnection final : public net::HttpConnection {
 public:
  void send_away() override { sent_away = true; }
  bool sent_away = false;
};

class FakeExchange final : public net::HttpExchange {
 public:
  FakeExchange(FakePeer& peer, net::RequestHead request) : peer_(peer), request_(std::move(request)) {}

  const net::RequestHead& request() const override { return request_; }
  net::HttpConnection& connection() override { return connection_; }
  asio::awaitable<Result<ByteView>> read_body() override {
    while (peer_.body.empty() && !peer_.aborted) co_await peer_.body_wake.wait();
    if (peer_.aborted) co_return fail(Errc::cancelled);
    piece_ = std::move(peer_.body.front());
    peer_.body.pop_front();
    co_return as_bytes(piece_);
  }
  asio::awaitable<Result<>> send_head(int status, http::Headers headers, std::optional<std::uint64_t>) override {
    if (peer_.aborted) co_return fail(Errc::cancelled);
    peer_.status = status;
    peer_.headers = std::move(headers);
    co_return Result<>();
  }
  asio::awaitable<Result<>> write(ByteView piece) override {
    std::string bytes = std::exchange(kept_, "") + std::string(as_text(piece));
    co_return co_await peer_.take(std::move(bytes));
  }
  net::Taken try_write(std::span<const ByteView> pieces) override {
    const std::string bytes = joined(pieces);
    const std::size_t taken = peer_.take_at_once(bytes);
    if (taken == 0) return net::Taken::none;
    kept_ = bytes.substr(taken);
    return kept_.empty() ? net::Taken::all : net::Taken::part;
  }
  asio::awaitable<Result<>> finish() override {
    peer_.finished = true;
    co_return Result<>();
  }
  void abort() override { peer_.abort(); }
  asio::awaitable<Result<std::unique_ptr<net::WsLink>>> accept_websocket() override {
    std::unique_ptr<net::WsLink> link = std::make_unique<FakeLink>(peer_);
    co_return link;
  }
  bool wants_websocket() const override { return false; }

 private:
  FakePeer& peer_;
  FakeConnection connection_;
  const net::RequestHead request_;
  std::string piece_;
  std::string kept_;
};

}  // namespace camspan::test
