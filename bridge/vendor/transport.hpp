/// Opens the connection of a handle: ours, or by the HAL functions that the program brings.
#pragma once

#include <asio/any_io_executor.hpp>
#include <memory>

#include "device.hpp"
#include "net/byte_stream.hpp"

struct ssl_ctx_st;

namespace camspan::linkkit {

/// What a device trusts; the caller frees it. @return null, and why
ssl_ctx_st* make_tls(const Device& device, std::string& why);

/// @param tls  null only for a device without TLS; outlives the stream
asio::awaitable<tl::expected<std::unique_ptr<net::ByteStream>, Failure>> dial(Device device, ssl_ctx_st* tls);

}  // namespace camspan::linkkit
