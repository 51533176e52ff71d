/// A TCP connection without TLS.
#pragma once

#include <asio/ip/tcp.hpp>

#include "net/byte_stream.hpp"
#include "net/fair_share.hpp"

namespace camspan::net {

class PlainStream final : public ByteStream {
 public:
  /// @param socket  connected; set to non-blocking here
  explicit PlainStream(asio::ip::tcp::socket socket);

  asio::awaitable<Result<std::size_t>> read_some(std::span<std::byte> into) override;
  asio::awaitable<Result<>> write(ByteView bytes) override;
  asio::awaitable<Result<>> write_gather(std::span<const ByteView> pieces) override;
  Result<std::size_t> try_write(std::span<const ByteView> pieces) override;
  asio::awaitable<void> shutdown(int deadline_ms) override;
  void abort() override;
  const Info& info() const override { return info_; }
  asio::any_io_executor executor() override { return socket_.get_executor(); }

 private:
  asio::ip::tcp::socket socket_;
  FairShare reading_;
  FairShare writing_;
  bool drained_ = false;  ///< the last read took all there was
  Info info_;
};

/// Fills `peer`, `local` and `loopback`.
ByteStream::Info describe_peer(const asio::ip::tcp::socket& socket);

/// An error of a socket operation in the words of ByteStream: Errc::cancelled after abort(), Errc::connection_lost for
/// a connection that broke.
std::error_code stream_error(const std::error_code& error);

}  // namespace camspan::net
