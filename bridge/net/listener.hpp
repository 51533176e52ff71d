/// Listening sockets, from the HAL.
#pragma once

#include <asio/ip/tcp.hpp>
#include <camspan/error.hpp>
#include <string>
#include <vector>

namespace camspan::net {

struct Listeners {
  std::vector<asio::ip::tcp::acceptor> acceptors;  ///< one, or two of the same port for "localhost"
  std::string bound;                               ///< "127.0.0.1:41234"
};

/// @param host, port  as in HttpServer::listen()
tl::expected<Listeners, Failure> open_listeners(const asio::any_io_executor& executor, const std::string& host,
                                                std::uint16_t port);

}  // namespace camspan::net
