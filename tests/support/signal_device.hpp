/// A device on /signal as a test wants it: says what it is told to, shows what it is told.
#pragma once

#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "net/signalling/signal_message.hpp"
#include "proto/link/request.hpp"
#include "proto/ws/frame.hpp"
#include "support/raw_client.hpp"

namespace camspan::test {

/// Blocking, as RawClient.
class SignalDevice {
 public:
  using Closed = ws::FrameSession::Closed;

  /// Asks for the WebSocket. @param address  "127.0.0.1:41234", without TLS
  SignalDevice(const std::string& address, const link::Names& names, const std::string& secret) : socket_(address) {
    std::string request =
        "GET /signal HTTP/1.1\r\nHost: hub\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: "
        "13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for (const http::Header& field : link::open_fields(names, secret, link::SignMethod::hmac_sha1, "2.3.0"))
      if (field.name != "content-length") request += field.name + ": " + field.value + "\r\n";
    socket_.send(request + "\r\n");
    head_ = socket_.read_until("\r\n\r\n");
    const std::size_t end = head_.find("\r\n\r\n") + 4;
    if (accepted()) feed(std::string_view(head_).substr(end));
    head_.resize(end);
  }

  const std::string& head() const { return head_; }
  bool accepted() const { return head_.starts_with("HTTP/1.1 101 "); }
  void send_text(std::string_view text) {
    static_cast<void>(frames_.send(ws::Opcode::text, as_bytes(text)));
    flush();
  }
  void send(const net::signal::Message& message) { send_text(net::signal::write(message)); }

  /// Says hello and hears ready.
  net::signal::Ready greet(const std::string& device, const std::vector<std::string>& sessions = {}) {
    net::signal::Hello hello;
    hello.device = device;
    hello.agent = "test";
    hello.sessions = sessions;
    return greet(hello);
  }
  net::signal::Ready greet(const net::signal::Hello& hello) {
    send(hello);
    return next<net::signal::Ready>();
  }
  /// The next message, which is a `Wanted`.
  template <class Wanted>
  Wanted next() {
    auto event = next_event();
    auto* const message = std::get_if<ws::FrameSession::Message>(&event);
    if (message == nullptr) throw std::runtime_error("the hub closed");
    auto parsed = net::signal::parse(as_text(message->data));
    if (!parsed || !std::holds_alternative<Wanted>(*parsed))
      throw std::runtime_error("the hub said " + std::string(as_text(message->data)));
    return std::get<Wanted>(std::move(*parsed));
  }
  /// What the hub closed with; messages before are passed over.
  Closed closed() {
    for (;;) {
      const auto event = next_event();
      if (const auto* closed = std::get_if<Closed>(&event)) return *closed;
    }
  }
  /// Leaves, in good order.
  void close() {
    frames_.close(1000, "");
    flush();
    socket_.end();
  }

 private:
  ws::FrameSession::Event next_event() {
    for (;;) {
      if (auto event = frames_.poll()) return std::move(*event);
      const std::string bytes = socket_.read_some();
      if (bytes.empty()) throw std::runtime_error("the connection ended");
      feed(bytes);
    }
  }
  void feed(std::string_view bytes) {
    if (!frames_.feed(as_bytes(bytes))) throw std::runtime_error("the server broke the protocol");
  }
  void flush() {
    Bytes out;
    frames_.pending_output(out);
    socket_.send(as_text(out));
  }

  RawClient socket_;
  ws::FrameSession frames_{ws::Role::client, {net::signal::kMaxMessageBytes}};
  std::string head_;
};

}  // namespace camspan::test
