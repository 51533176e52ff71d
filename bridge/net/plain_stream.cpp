#include "net/plain_stream.hpp"

#include <sys/socket.h>
#include <sys/uio.h>
#include <array>
#include <asio/buffer.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>

namespace camspan::net {
namespace {

// Of one system call: 64 WebSocket frames of header and payload. Asio's own gather stops at 16 pieces.
constexpr std::size_t kMaxPieces = 128;

/// @param sent  what is done of the first piece
/// @return how many entries of `list` are used
std::size_t fill(std::span<iovec> list, std::span<const ByteView> pieces, std::size_t sent) {
  std::size_t count = 0;
  for (const ByteView piece : pieces) {
    if (count == list.size()) break;
    if (piece.size() > sent)
      list[count++] = {const_cast<std::byte*>(piece.data() + sent), piece.size() - sent};  // only read from
    sent = 0;
  }
  return count;
}

void advance(std::span<const ByteView>& pieces, std::size_t& sent, std::size_t taken) {
  sent += taken;
  while (!pieces.empty() && sent >= pieces.front().size()) {
    sent -= pieces.front().size();
    pieces = pieces.subspan(1);
  }
}

}  // namespace

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
  if (const auto own = socket.local_endpoint(error); !error) info.local = own.address().to_string();
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
  for (;;) {
    if (drained_) {
      reading_.waited();
      std::error_code error;
      co_await socket_.async_wait(asio::ip::tcp::socket::wait_read, asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return fail(stream_error(error));
    } else if (reading_.due()) {
      co_await reading_.turn(*this);
    }
    const ssize_t count = ::recv(socket_.native_handle(), into.data(), into.size(), 0);
    drained_ = count < std::ssize(into);
    if (count >= 0) {
      reading_.moved(static_cast<std::size_t>(count));
      co_return static_cast<std::size_t>(count);
    }
    const std::error_code error(errno, asio::error::get_system_category());
    if (error != asio::error::would_block && error != asio::error::try_again && error != asio::error::interrupted)
      co_return fail(stream_error(error));
  }
}

asio::awaitable<Result<>> PlainStream::write(ByteView bytes) {
  co_return co_await write_gather(std::span(&bytes, 1));
}

Result<std::size_t> PlainStream::try_write(std::span<const ByteView> pieces) {
  std::array<iovec, kMaxPieces> list;
  msghdr message{};
  message.msg_iov = list.data();
  message.msg_iovlen = fill(list, pieces, 0);
  const ssize_t taken = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
  if (taken >= 0) return static_cast<std::size_t>(taken);
  const std::error_code error(errno, asio::error::get_system_category());
  if (error == asio::error::would_block || error == asio::error::try_again || error == asio::error::interrupted)
    return 0;
  return fail(stream_error(error));
}

asio::awaitable<Result<>> PlainStream::write_gather(std::span<const ByteView> pieces) {
  std::size_t sent = 0;  // of the first piece
  for (;;) {
    std::array<iovec, kMaxPieces> list;
    const std::size_t count = fill(list, pieces, sent);
    if (count == 0) co_return Result<>{};
    msghdr message{};
    message.msg_iov = list.data();
    message.msg_iovlen = count;
    const ssize_t taken = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
    if (taken >= 0) {
      advance(pieces, sent, static_cast<std::size_t>(taken));
      writing_.moved(static_cast<std::size_t>(taken));
      if (writing_.due()) co_await writing_.turn(*this);
      continue;
    }
    if (errno == EINTR) continue;
    std::error_code error(errno, asio::error::get_system_category());
    if (error == asio::error::would_block || error == asio::error::try_again) {
      writing_.waited();
      co_await socket_.async_wait(asio::ip::tcp::socket::wait_write, asio::redirect_error(asio::use_awaitable, error));
    }
    if (error) co_return fail(stream_error(error));
  }
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
