#include "net/ws_connect.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <array>
#include <charconv>

#include "net/network_watch.hpp"
#include "net/watchdog.hpp"
#include "net/ws_session.hpp"
#include "proto/http1/syntax.hpp"

namespace camspan::net {
namespace {

constexpr std::size_t kMaxAnswerBytes = 16 << 10;
constexpr int kSwitching = 101;

class ClientLink final : public WsClientLink {
 public:
  ClientLink(std::unique_ptr<ByteStream> stream, Bytes already_read, const WsConnectOptions& options)
      : stream_(std::move(stream)),
        session_(std::make_shared<WsSession>(ws::Role::client, *stream_, std::move(already_read),
                                             options.max_message_bytes, options.ping)) {
    session_->start();
  }

  asio::awaitable<Result<WsLink::Message>> read() override { return session_->read(); }
  asio::awaitable<Result<>> send(std::string text) override { return session_->send(std::move(text)); }
  asio::awaitable<void> close(std::uint16_t code, std::string reason) override {
    return session_->close(code, std::move(reason));
  }
  void abort() override { session_->abort(); }
  void set_ping(std::chrono::milliseconds ping, unsigned unanswered) override { session_->set_ping(ping, unanswered); }
  bool from_this_host() const override { return is_own_address(stream_->info().local); }
  asio::awaitable<void> settle() override { return session_->settle(); }

 private:
  std::unique_ptr<ByteStream> stream_;
  std::shared_ptr<WsSession> session_;
};

std::string new_key() {
  std::array<unsigned char, 16> random{};
  RAND_bytes(random.data(), static_cast<int>(random.size()));
  std::array<unsigned char, 25> text{};
  EVP_EncodeBlock(text.data(), random.data(), static_cast<int>(random.size()));
  return reinterpret_cast<const char*>(text.data());
}

std::string request_of(const WsConnectOptions& options, const std::string& key) {
  std::string request = "GET " + options.target + " HTTP/1.1\r\nHost: " + options.authority +
                        "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: " +
                        key + "\r\n";
  for (const http::Header& field : options.headers) request += field.name + ": " + field.value + "\r\n";
  return request + "\r\n";
}

/// What the server answered, as far as the upgrade goes.
struct Answer {
  int status = 0;  ///< 0 = no HTTP
  http::Headers headers;
};

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

/// @param head  up to the empty line
Answer parse_answer(std::string_view head) {
  Answer answer;
  const std::string_view first = head.substr(0, head.find("\r\n"));
  if (!first.starts_with("HTTP/1.1 ") || first.size() < 12) return answer;
  std::from_chars(first.data() + 9, first.data() + 12, answer.status);
  for (head.remove_prefix(first.size() + 2); head.size() > 2;) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    const auto colon = line.find(':');
    if (colon != std::string_view::npos) {
      std::string name(line.substr(0, colon));
      for (char& c : name) c = http1::lower(c);
      answer.headers.append(std::move(name), std::string(trimmed(line.substr(colon + 1))));
    }
    head.remove_prefix(line.size() + 2);
  }
  return answer;
}

Failure failure(const WsConnectOptions& options, std::error_code code, const std::string& what, int status = 0) {
  return {code, options.connect.host + ':' + std::to_string(options.connect.port) + what, status};
}

Failure refusal(const WsConnectOptions& options, const Answer& answer) {
  if (answer.status == 0)
    return failure(options, Errc::protocol_error, " answers with no HTTP/1.1. Check host and port.");
  if (answer.status == kSwitching)
    return failure(options, Errc::protocol_error, " does not confirm the WebSocket. Check what stands in between.");
  const std::string cause(answer.headers.find("camspan-problem").value_or(""));
  const std::string said =
      " answered " + std::to_string(answer.status) + (cause.empty() ? "" : " (" + cause + ")") + ". ";
  if (answer.status == 401 || answer.status == 403)
    return failure(options, Errc::not_authenticated, said + "Check the device's names and secret.", answer.status);
  const Errc code = answer.status >= 500 ? Errc::busy : Errc::refused;
  return failure(options, code, said + "Check that the address is that of a hub's /signal.", answer.status);
}

bool confirms(const Answer& answer, const std::string& key) {
  return answer.status == kSwitching && http1::list_has(answer.headers.find("upgrade").value_or(""), "websocket") &&
         http1::list_has(answer.headers.find("connection").value_or(""), "upgrade") &&
         answer.headers.find("sec-websocket-accept") == ws::accept_key(key) &&
         !answer.headers.find("sec-websocket-extensions");
}

/// Reads up to the empty line, and what came with it.
asio::awaitable<Result<>> read_head(ByteStream& stream, Bytes& input, std::size_t& head) {
  while (input.size() < kMaxAnswerBytes) {
    const std::size_t had = input.size();
    input.resize(had + 4096);
    const auto count = co_await stream.read_some(std::span(input).subspan(had));
    input.resize(had + count.value_or(0));
    if (!count) co_return fail(count.error());
    if (*count == 0) co_return fail(Errc::connection_lost);
    const auto end = as_text(input).find("\r\n\r\n");
    if (end != std::string_view::npos) {
      head = end + 4;
      co_return Result<>{};
    }
  }
  co_return fail(Errc::too_large);
}

}  // namespace

asio::awaitable<tl::expected<std::unique_ptr<WsClientLink>, Failure>> ws_connect(WsConnectOptions options) {
  auto connected = co_await connect(options.connect);
  if (!connected) co_return tl::unexpected<Failure>(std::move(connected.error()));
  std::unique_ptr<ByteStream> stream = std::move(connected->stream);
  const std::string key = new_key();
  Bytes input;
  std::size_t head = 0;
  Result<> done;
  {
    Watchdog watchdog(stream->executor(), *stream);
    watchdog.arm(options.connect.timeout);
    const std::string request = request_of(options, key);
    done = co_await stream->write(as_bytes(request));
    if (done) done = co_await read_head(*stream, input, head);
    if (!done && watchdog.fired()) done = fail(Errc::timed_out);
  }
  if (!done) {
    Failure lost = failure(options, done.error(),
                           " accepts connections, but did not answer the request for a WebSocket (" +
                               done.error().message() + "). Check the port.");
    co_return tl::unexpected<Failure>(std::move(lost));
  }
  const Answer answer = parse_answer(as_text(input).substr(0, head));
  if (!confirms(answer, key)) co_return tl::unexpected<Failure>(refusal(options, answer));
  input.erase(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(head));
  co_return std::make_unique<ClientLink>(std::move(stream), std::move(input), options);
}

}  // namespace camspan::net
