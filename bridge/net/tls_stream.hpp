/// A TCP connection with TLS: OpenSSL directly on the descriptor.
#pragma once

#include <openssl/ssl.h>
#include <asio/ip/tcp.hpp>
#include <memory>

#include "net/byte_stream.hpp"
#include "net/fair_share.hpp"
#include "net/tls_problem.hpp"

namespace camspan::net {

/// Ciphertext goes to the descriptor at once; what the socket does not take is kept here (at most a record and a few
/// handshake messages), so that OpenSSL never has half a record under way: a reader that must answer a key update in
/// the middle of a blocked write cannot disturb it.
class TlsStream final : public ByteStream {
 public:
  /// @param socket  connected; set to non-blocking here
  /// @param context  must outlive the stream
  static std::unique_ptr<TlsStream> server(asio::ip::tcp::socket socket, ssl_ctx_st* context);
  /// @param host, port  as the user wrote them: name to verify, key of resumption, and for sentences
  /// @return Errc::bad_setting when `host` can be no host name
  static tl::expected<std::unique_ptr<TlsStream>, Failure> client(asio::ip::tcp::socket socket, ssl_ctx_st* context,
                                                                  const std::string& host, std::uint16_t port);

  /// Once, before everything else. Has no deadline of its own: arm a Watchdog.
  asio::awaitable<tl::expected<void, Failure>> handshake();

  asio::awaitable<Result<std::size_t>> read_some(std::span<std::byte> into) override;
  asio::awaitable<Result<>> write(ByteView bytes) override;
  asio::awaitable<Result<>> write_gather(std::span<const ByteView> pieces) override;
  Result<std::size_t> try_write(std::span<const ByteView> pieces) override;
  bool drained() const override { return wire_.drained(); }
  asio::awaitable<void> shutdown(int deadline_ms) override;
  void abort() override;
  const Info& info() const override { return info_; }
  asio::any_io_executor executor() override { return socket_.get_executor(); }

 private:
  /// Where OpenSSL reads and writes ciphertext: the BIO's data.
  struct Wire {
    int fd = -1;
    Bytes pending;            ///< ciphertext the socket has not taken
    std::size_t sent = 0;     ///< of `pending`
    bool more = false;        ///< another record follows at once: TCP need not send a part of a segment
    std::error_code failure;  ///< of the last send() or recv()

    bool drained() const { return sent == pending.size(); }
    void push();
  };
  struct FreeSsl {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  };
  friend struct WireBio;

  TlsStream(asio::ip::tcp::socket socket, ssl_ctx_st* context, std::string name);
  asio::awaitable<Result<>> wait(asio::ip::tcp::socket::wait_type what);
  asio::awaitable<Result<>> flush();
  asio::awaitable<Result<>> write_record(ByteView bytes, bool more);
  std::error_code failure(int ssl_error) const;
  void describe_session();

  asio::ip::tcp::socket socket_;
  Wire wire_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
  Info info_;
  std::string name_;  // "host:port" of a server, the peer's address of a client
  CertificateProblem problem_;
  FairShare reading_;
  FairShare writing_;
  bool aborted_ = false;
};

}  // namespace camspan::net
