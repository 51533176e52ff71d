#include "net/plain_stream.hpp"

#include <asio/buffer.hpp>
#include <asio/read.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <vector>

namespace camspan::net {

ByteStream::Info describe_peer(const asio::ip::tcp::socket& socket) {
  ByteStream::Info info;
  std::error_code error;
  const auto peer = socket.remote_endpoint(error);
  if (error) return info;
  auto address = peer.address();
  // Names of an IPv6 listener for IPv4 peers; ours are V6ONLY, a board's need not be.
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  const std::string text = address.to_string();
  info.peer = (address.is_v6() ? '[' + text + ']' : text) + ':' + std::to_string(peer.port());
  info.loopback = address.is_loopback();
  return info;
}

std::error_code stream_error(const std::error_code& error) {
  if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) return Errc::cancelled;
  if (error == asio::error::broken_pipe || error == asio::error::connection_reset ||
      error == asio::error::not_connected || error == asio::error::timed_out ||
      error == asio::error::connection_aborted)
    return Errc::connection_lost;
  return error;
}

PlainStream::PlainStream(asio::ip::tcp::socket socket) : socket_(std::move(socket)), info_(describe_peer(socket_)) {
  std::error_code ignored;
  socket_.non_blocking(true, ignored);
}

asio::awaitable<Result<std::size_t>> PlainStream::read_some(std::span<std::byte> into) {
  std::error_code error;
  const std::size_t count = co_await socket_.async_read_some(asio::buffer(into.data(), into.size()),
                                                             asio::redirect_error(asio::use_awaitable, error));
  if (error == asio::error::eof) co_return std::size_t{0};
  if (error) co_return fail(stream_error(error));
  co_return count;
}

asio::awaitable<Result<>> PlainStream::write(ByteView bytes) {
  std::error_code error;
  co_await asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()),
                             asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return fail(stream_error(error));
  co_return Result<>{};
}

asio::awaitable<Result<>> PlainStream::write_gather(std::span<const ByteView> pieces) {
  std::vector<asio::const_buffer> buffers;
  buffers.reserve(pieces.size());
  for (const ByteView piece : pieces) buffers.emplace_back(piece.data(), piece.size());
  std::error_code error;
  co_await asio::async_write(socket_, buffers, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return fail(stream_error(error));
  co_return Result<>{};
}

asio::awaitable<void> PlainStream::shutdown(int) {
  // Nothing of ours is queued: write() returns when the kernel has all of it.
  std::error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  co_return;
}

void PlainStream::abort() {
  std::error_code ignored;
  socket_.close(ignored);
}

}  // namespace camspan::net
