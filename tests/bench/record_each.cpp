/// The plain way to send small pieces by HTTP/2, to compare with: one DATA frame, one TLS record and one write for
/// each.
///   record_each HOST PORT CA_FILE BYTES PIECE_BYTES
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "cpu.hpp"

namespace {

struct Client {
  SSL* ssl = nullptr;
  std::uint64_t left = 0;
  std::size_t piece = 0;
  bool closed = false;
};

ssize_t read_piece(nghttp2_session*, int32_t, uint8_t* into, size_t room, uint32_t* flags, nghttp2_data_source*,
                   void* user) {
  auto& client = *static_cast<Client*>(user);
  const std::size_t size = std::min<std::size_t>({room, client.piece, client.left});
  std::memset(into, 0x5a, size);
  client.left -= size;
  if (client.left == 0) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(size);
}

int on_close(nghttp2_session*, int32_t, uint32_t, void* user) {
  static_cast<Client*>(user)->closed = true;
  return 0;
}

SSL* connect_tls(const char* host, const char* port, const char* ca) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  inet_pton(AF_INET, host, &to.sin_addr);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) return nullptr;
  // As every HTTP/2 client does: a live picture does not wait for the acknowledgement of the piece before it.
  const int no_delay = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_load_verify_locations(context, ca, nullptr);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL* ssl = SSL_new(context);
  const unsigned char alpn[] = {2, 'h', '2'};
  SSL_set_alpn_protos(ssl, alpn, sizeof alpn);
  SSL_set_fd(ssl, fd);
  return SSL_connect(ssl) == 1 ? ssl : nullptr;
}

/// Takes what the server sent, waiting for it if asked to.
bool receive(Client& client, nghttp2_session* session, bool wait) {
  pollfd ready{SSL_get_fd(client.ssl), POLLIN, 0};
  while (SSL_pending(client.ssl) > 0 || poll(&ready, 1, wait ? 10000 : 0) > 0) {
    uint8_t buffer[16384];
    const int count = SSL_read(client.ssl, buffer, sizeof buffer);
    if (count <= 0) return false;
    if (nghttp2_session_mem_recv(session, buffer, static_cast<size_t>(count)) < 0) return false;
    wait = false;
  }
  return !wait;
}

bool upload(Client& client, nghttp2_session* session) {
  for (unsigned round = 0; !client.closed; ++round) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session, &bytes);
    if (size < 0) return false;
    if (size > 0 && SSL_write(client.ssl, bytes, static_cast<int>(size)) <= 0) return false;
    // A look at the socket now and then: window updates come in bulk.
    if ((size == 0 || round % 256 == 0) && !receive(client, session, size == 0)) return false;
  }
  return true;
}

nghttp2_nv header(const char* name, const char* value) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name)), reinterpret_cast<uint8_t*>(const_cast<char*>(value)),
          std::strlen(name), std::strlen(value), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "usage: record_each HOST PORT CA_FILE BYTES PIECE_BYTES\n");
    return 2;
  }
  Client client;
  client.ssl = connect_tls(argv[1], argv[2], argv[3]);
  client.left = std::strtoull(argv[4], nullptr, 10);
  client.piece = std::strtoul(argv[5], nullptr, 10);
  const std::uint64_t bytes = client.left;
  if (!client.ssl || client.piece == 0) return 1;
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
  nghttp2_session* session = nullptr;
  nghttp2_session_client_new(&session, callbacks, &client);
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, nullptr, 0);
  const std::vector<nghttp2_nv> headers = {header(":method", "POST"), header(":scheme", "https"),
                                           header(":authority", "localhost"), header(":path", "/")};
  nghttp2_data_provider provider{{0}, read_piece};
  nghttp2_submit_request(session, nullptr, headers.data(), headers.size(), &provider, nullptr);
  const auto begin = std::chrono::steady_clock::now();
  const bool complete = upload(client, session) && client.left == 0;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf("{\"complete\": %s, \"bytes\": %llu, \"seconds\": %.4f, \"cpu\": %.4f}\n", complete ? "true" : "false",
              static_cast<unsigned long long>(bytes), seconds, camspan::bench::cpu_seconds());
  nghttp2_session_del(session);
  nghttp2_session_callbacks_del(callbacks);
  return complete ? 0 : 1;
}
