/// Listening sockets, from the HAL.
#pragma once

#include <asio/ip/tcp.hpp>
#include <camspan/error.hpp>
#include <string>
#include <vector>

#include "net/listen_options.hpp"

namespace camspan::net {

struct Listeners {
  std::vector<asio::ip::tcp::acceptor> acceptors;  ///< one, or two of the same port for "localhost"
  std::string bound;                               ///< "127.0.0.1:41234"
};

/// @param host, port, options  as in HttpServer::listen()
tl::expected<Listeners, Failure> open_listeners(const asio::any_io_executor& executor, const std::string& host,
                                                std::uint16_t port, const ListenOptions& options);

}  // namespace camspan::net
