#include "net/tunnel.hpp"

#include <asio/buffer.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <charconv>
#include <string_view>

namespace camspan::net {
namespace {

constexpr std::size_t kMaxAnswerBytes = 16 << 10;  // squid's whole error page does not count: it is not read

std::string address_of(const std::string& host, std::uint16_t port) {
  const bool is_v6 = host.find(':') != host.npos;
  return (is_v6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

std::string request_of(const ConnectOptions& options) {
  const std::string target = address_of(options.host, options.port);
  std::string request = "CONNECT " + target + " HTTP/1.1\r\nhost: " + target + "\r\n";
  if (!options.proxy->authorization.empty()) request += "proxy-authorization: " + options.proxy->authorization + "\r\n";
  return request + "\r\n";
}

/// Status of an answer's first line, 0 if it is none.
int status_of(std::string_view answer) {
  const std::size_t space = answer.find(' ');
  if (!answer.starts_with("HTTP/1.") || space == answer.npos || answer.size() < space + 4) return 0;
  int status = 0;
  std::from_chars(answer.data() + space + 1, answer.data() + space + 4, status);
  return status;
}

std::string advice(int status) {
  switch (status) {
    case 403:
      return "It does not allow that host or port: ask who runs it.";
    case 407:
      return "Set proxy-id and proxy-pw to what it knows.";
    case 0:
      return "Check that an HTTP proxy listens there.";
    default:
      return "Check that the proxy can reach that host.";
  }
}

Failure refused(const ConnectOptions& options, int status) {
  const std::string said = status == 0 ? " gave no HTTP answer" : " answered " + std::to_string(status);
  return {Errc::refused,
          "The proxy " + address_of(options.proxy->host, options.proxy->port) + said + " when asked for " +
              address_of(options.host, options.port) + ". " + advice(status),
          status};
}

Failure broken(const ConnectOptions& options, const std::error_code& error, bool late) {
  return {late ? Errc::timed_out : Errc::connection_lost,
          "The proxy " + address_of(options.proxy->host, options.proxy->port) +
              (late ? " did not answer within " + std::to_string(options.timeout.count()) + " ms"
                    : " ended the connection (" + error.message() + ")") +
              " when asked for " + address_of(options.host, options.port) + ". " + advice(0)};
}

/// Up to the empty line, byte by byte: what follows is for whoever uses the tunnel.
asio::awaitable<std::error_code> read_head(asio::ip::tcp::socket& socket, std::string& head) {
  std::error_code error;
  while (!error && head.size() < kMaxAnswerBytes && !head.ends_with("\r\n\r\n")) {
    char byte = 0;
    const auto into = asio::buffer(&byte, 1);
    const std::size_t count = co_await socket.async_read_some(into, asio::redirect_error(asio::use_awaitable, error));
    head.append(&byte, count);
  }
  co_return error;
}

asio::awaitable<std::error_code> ask(asio::ip::tcp::socket& socket, const ConnectOptions& options, std::string& head) {
  const std::string request = request_of(options);
  const auto bytes = asio::buffer(request);
  std::error_code error;
  co_await asio::async_write(socket, bytes, asio::redirect_error(asio::use_awaitable, error));
  if (!error) error = co_await read_head(socket, head);
  co_return error;
}

}  // namespace

asio::awaitable<tl::expected<void, Failure>> open_tunnel(asio::ip::tcp::socket& socket, const ConnectOptions& options,
                                                         std::chrono::steady_clock::time_point deadline) {
  struct Patience {
    bool waiting = true;
    bool over = false;
  };
  const auto patience = std::make_shared<Patience>();
  asio::steady_timer timer(socket.get_executor(), deadline);
  const auto give_up = [patience, &socket](const std::error_code& cancelled) {
    if (cancelled || !patience->waiting) return;
    patience->over = true;
    std::error_code ignored;
    socket.cancel(ignored);
  };
  timer.async_wait(give_up);
  std::string head;
  const std::error_code error = co_await ask(socket, options, head);
  patience->waiting = false;
  const int status = status_of(head);
  if (error) co_return tl::unexpected<Failure>(broken(options, error, patience->over));
  if (status < 200 || status > 299) co_return tl::unexpected<Failure>(refused(options, status));
  co_return tl::expected<void, Failure>{};
}

}  // namespace camspan::net
