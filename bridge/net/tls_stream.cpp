#include "net/tls_stream.hpp"

#include <camspan/hal_tls.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <asio/error.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <new>

#include "net/pieces.hpp"
#include "net/plain_stream.hpp"
#include "net/watchdog.hpp"

namespace camspan::net {
namespace {

// RFC 8446 section 5.1: the most a record carries.
constexpr std::size_t kRecordBytes = 16384;
// A record, and as much again for what a reader may have to say meanwhile. More means that a peer makes us answer (key
// updates) and does not read. A handshake's flight finds the socket empty and does not come here.
constexpr std::size_t kMaxPendingBytes = 32 << 10;

}  // namespace

/// The BIO between OpenSSL and the descriptor: never raises SIGPIPE, which BIO_s_socket does, and never says "retry"
/// to a write.
struct WireBio {
  using Wire = TlsStream::Wire;

  static int read(BIO* bio, char* out, int size) noexcept {
    auto& wire = *static_cast<Wire*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const ssize_t count = ::recv(wire.fd, out, static_cast<std::size_t>(size), 0);
    if (count >= 0) return static_cast<int>(count);
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
      BIO_set_retry_read(bio);
    else
      wire.failure = {errno, asio::error::get_system_category()};
    return -1;
  }

  static int write(BIO* bio, const char* data, int size) noexcept try {
    auto& wire = *static_cast<Wire*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const auto bytes = std::as_bytes(std::span(data, static_cast<std::size_t>(size)));
    std::size_t taken = 0;
    if (wire.drained()) {
      wire.pending.clear();
      wire.sent = 0;
      const ssize_t count = ::send(wire.fd, data, bytes.size(), MSG_NOSIGNAL | (wire.more ? MSG_MORE : 0));
      if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        wire.failure = {errno, asio::error::get_system_category()};
        return -1;
      }
      taken = count < 0 ? 0 : static_cast<std::size_t>(count);
    }
    if (wire.pending.size() + bytes.size() - taken > kMaxPendingBytes) {
      wire.failure = Errc::connection_lost;
      return -1;
    }
    wire.pending.insert(wire.pending.end(), bytes.begin() + static_cast<std::ptrdiff_t>(taken), bytes.end());
    return size;
  } catch (const std::bad_alloc&) {
    return -1;
  }

  static long control(BIO*, int command, long, void*) noexcept { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static int create(BIO* bio) noexcept {
    BIO_set_init(bio, 1);
    return 1;
  }

  static const BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "camspan wire");
      if (method == nullptr) throw std::bad_alloc();
      BIO_meth_set_read(method, read);
      BIO_meth_set_write(method, write);
      BIO_meth_set_ctrl(method, control);
      BIO_meth_set_create(method, create);
      return method;
    }();
    return made;
  }
};

/// Hands `pending` to the socket, as far as it takes it.
void TlsStream::Wire::push() {
  while (!drained()) {
    const ssize_t count = ::send(fd, pending.data() + sent, pending.size() - sent, MSG_NOSIGNAL);
    if (count < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) failure = {errno, asio::error::get_system_category()};
      return;
    }
    sent += static_cast<std::size_t>(count);
  }
  pending = Bytes{};  // gives the memory back: most connections never wait again
  sent = 0;
}

TlsStream::TlsStream(asio::ip::tcp::socket socket, ssl_ctx_st* context, std::string name)
    : socket_(std::move(socket)), ssl_(SSL_new(context)), info_(describe_peer(socket_)), name_(std::move(name)) {
  BIO* bio = BIO_new(WireBio::method());
  if (ssl_ == nullptr || bio == nullptr) throw std::bad_alloc();
  std::error_code ignored;
  socket_.non_blocking(true, ignored);
  wire_.fd = socket_.native_handle();
  BIO_set_data(bio, &wire_);
  SSL_set_bio(ssl_.get(), bio, bio);
  // One recv() per record instead of two.
  SSL_set_read_ahead(ssl_.get(), 1);
  note_certificate_problem(ssl_.get(), &problem_);
  info_.tls = true;
}

std::unique_ptr<TlsStream> TlsStream::server(asio::ip::tcp::socket socket, ssl_ctx_st* context) {
  std::unique_ptr<TlsStream> stream(new TlsStream(std::move(socket), context, ""));
  stream->name_ = stream->info_.peer;
  SSL_set_accept_state(stream->ssl_.get());
  return stream;
}

tl::expected<std::unique_ptr<TlsStream>, Failure> TlsStream::client(asio::ip::tcp::socket socket, ssl_ctx_st* context,
                                                                    const std::string& host, std::uint16_t port) {
  const std::string name = host + ':' + std::to_string(port);
  std::unique_ptr<TlsStream> stream(new TlsStream(std::move(socket), context, name));
  if (const int error = hal_tls_prepare_client(stream->ssl_.get(), host.c_str(), port); error != 0)
    return tl::unexpected<Failure>({Errc::bad_setting, name + ": \"" + host + "\" can be no host name (" +
                                                           std::strerror(error) + "). Check the address."});
  return stream;
}

asio::awaitable<tl::expected<void, Failure>> TlsStream::handshake() {
  for (;;) {
    if (aborted_) co_return tl::unexpected<Failure>({Errc::cancelled, name_ + ": given up during the TLS handshake"});
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    const int reason = SSL_get_error(ssl_.get(), result);
    if (result != 1 && reason != SSL_ERROR_WANT_READ) {
      // Read the queue before the next suspension: it belongs to the thread. A fatal alert of ours is already sent.
      const bool ended = reason == SSL_ERROR_SYSCALL || reason == SSL_ERROR_ZERO_RETURN;
      co_return tl::unexpected<Failure>(
          SSL_is_server(ssl_.get()) != 0
              ? server_handshake_failure(name_, problem_, ended)
              : client_handshake_failure(name_, name_.substr(0, name_.rfind(':')), problem_, ended));
    }
    auto ready = co_await flush();
    if (ready && result == 1) break;
    if (ready) ready = co_await wait(asio::ip::tcp::socket::wait_read);
    if (!ready && !aborted_)
      co_return tl::unexpected<Failure>({Errc::tls_failed, name_ + ": the connection broke during the TLS handshake (" +
                                                               ready.error().message() + ")."});
  }
  describe_session();
  co_return tl::expected<void, Failure>{};
}

void TlsStream::describe_session() {
  const unsigned char* alpn = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &alpn, &size);
  info_.alpn.assign(reinterpret_cast<const char*>(alpn), size);
  info_.tls_version = SSL_get_version(ssl_.get());
  info_.tls_resumed = SSL_session_reused(ssl_.get()) == 1;
  const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  const bool verified =
      (SSL_get_verify_mode(ssl_.get()) & SSL_VERIFY_PEER) != 0 && SSL_get_verify_result(ssl_.get()) == X509_V_OK;
  if (certificate == nullptr || !verified) return;
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return;
  // A name with a NUL could pass for another one in a C string.
  const ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
  const std::string_view name(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                              static_cast<std::size_t>(ASN1_STRING_length(text)));
  if (name.find('\0') == name.npos) info_.peer_common_name = name;
}

asio::awaitable<Result<>> TlsStream::wait(asio::ip::tcp::socket::wait_type what) {
  (what == asio::ip::tcp::socket::wait_read ? reading_ : writing_).waited();
  std::error_code error;
  co_await socket_.async_wait(what, asio::redirect_error(asio::use_awaitable, error));
  if (aborted_) co_return fail(Errc::cancelled);
  if (error) co_return fail(stream_error(error));
  co_return Result<>{};
}

asio::awaitable<Result<>> TlsStream::flush() {
  for (;;) {
    wire_.push();
    if (wire_.failure) co_return fail(stream_error(wire_.failure));
    if (wire_.drained()) co_return Result<>{};
    const auto ready = co_await wait(asio::ip::tcp::socket::wait_write);
    if (!ready) co_return ready;
  }
}

std::error_code TlsStream::failure(int ssl_error) const {
  if (wire_.failure) return stream_error(wire_.failure);
  // End of the connection without close_notify: an attacker could have cut it (RFC 8446 section 6.1).
  if (ssl_error == SSL_ERROR_SYSCALL) return Errc::connection_lost;
  return Errc::tls_failed;
}

asio::awaitable<Result<std::size_t>> TlsStream::read_some(std::span<std::byte> into) {
  for (;;) {
    if (reading_.due()) co_await reading_.turn(*this);
    if (aborted_) co_return fail(Errc::cancelled);
    std::size_t total = 0;
    std::size_t count = 0;
    ERR_clear_error();
    while (total < into.size() && SSL_read_ex(ssl_.get(), into.data() + total, into.size() - total, &count) == 1)
      total += count;
    if (total > 0) {
      reading_.moved(total);
      co_return total;
    }
    // An error that came after some bytes comes again at the next call.
    const int reason = SSL_get_error(ssl_.get(), 0);
    if (reason == SSL_ERROR_ZERO_RETURN) co_return std::size_t{0};
    if (reason != SSL_ERROR_WANT_READ) co_return fail(failure(reason));
    wire_.push();  // an answer to a key update that found the socket full
    const auto ready = co_await wait(asio::ip::tcp::socket::wait_read);
    if (!ready) co_return fail(ready.error());
  }
}

/// `bytes` make one record at most; `more` follow at once.
asio::awaitable<Result<>> TlsStream::write_record(ByteView bytes, bool more) {
  if (!wire_.drained()) {
    const auto flushed = co_await flush();
    if (!flushed) co_return flushed;
  }
  if (aborted_) co_return fail(Errc::cancelled);
  ERR_clear_error();
  std::size_t written = 0;
  wire_.more = more;
  const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written);
  wire_.more = false;
  if (result != 1) co_return fail(failure(SSL_get_error(ssl_.get(), result)));
  writing_.moved(bytes.size());
  if (writing_.due()) co_await writing_.turn(*this);
  co_return Result<>{};
}

asio::awaitable<Result<>> TlsStream::write(ByteView bytes) {
  while (!bytes.empty()) {
    const ByteView record = bytes.first(std::min(bytes.size(), kRecordBytes));
    bytes = bytes.subspan(record.size());
    const auto written = co_await write_record(record, !bytes.empty());
    if (!written) co_return written;
  }
  co_return co_await flush();
}

asio::awaitable<Result<>> TlsStream::write_gather(std::span<const ByteView> pieces) {
  std::size_t left = total_bytes(pieces);
  Bytes joined;  // less than a record: the end of what came before
  for (ByteView piece : pieces) {
    while (!piece.empty()) {
      const std::size_t size = std::min(piece.size(), kRecordBytes - joined.size());
      const bool whole = size == kRecordBytes;
      if (!whole) joined.insert(joined.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(size));
      left -= size;
      if (whole || joined.size() == kRecordBytes || left == 0) {
        const auto written = co_await write_record(whole ? piece.first(size) : ByteView(joined), left != 0);
        if (!written) co_return written;
        joined.clear();
      }
      piece = piece.subspan(size);
    }
  }
  co_return co_await flush();
}

Result<std::size_t> TlsStream::try_write(std::span<const ByteView> pieces) {
  // Encrypted at once, so all streams of a thread can use the same memory, which stays in its cache.
  thread_local Bytes joined;
  joined.clear();
  for (const ByteView piece : pieces) joined.insert(joined.end(), piece.begin(), piece.end());
  wire_.push();
  std::size_t taken = 0;
  while (!aborted_ && wire_.drained() && taken < joined.size()) {
    const ByteView record = ByteView(joined).subspan(taken, std::min(joined.size() - taken, kRecordBytes));
    ERR_clear_error();
    std::size_t written = 0;
    wire_.more = taken + record.size() < joined.size();
    const int result = SSL_write_ex(ssl_.get(), record.data(), record.size(), &written);
    wire_.more = false;
    if (result != 1) return fail(failure(SSL_get_error(ssl_.get(), result)));
    taken += record.size();
  }
  return taken;
}

asio::awaitable<void> TlsStream::shutdown(int deadline_ms) {
  if (aborted_ || wire_.failure) co_return;
  Watchdog watchdog(socket_.get_executor(), *this);
  watchdog.arm(std::chrono::milliseconds(deadline_ms));
  auto flushed = co_await flush();
  if (!flushed) co_return;
  ERR_clear_error();
  if (SSL_is_init_finished(ssl_.get()) != 0) SSL_shutdown(ssl_.get());
  flushed = co_await flush();
  std::error_code ignored;
  if (flushed) socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

void TlsStream::abort() {
  if (aborted_) return;
  aborted_ = true;
  wire_.fd = -1;  // the number may soon be another file's
  std::error_code ignored;
  socket_.close(ignored);
}

}  // namespace camspan::net
