// The C API below the streams.
#include <asio/co_spawn.hpp>
#include <asio/use_future.hpp>

#include "guard.hpp"
#include "low_line.hpp"
#include "net/io_thread.hpp"
#include "transport.hpp"

namespace camspan::linkkit {
namespace {

/// What `session` points to.
struct LowHandle {
  std::shared_ptr<net::IoThread> io = net::IoThread::shared();
  std::shared_ptr<Arrivals> arrivals = std::make_shared<Arrivals>();
  std::shared_ptr<LowLine> line;
  http2_connection_t face{};

  ~LowHandle() {
    io->run([this] { line.reset(); });
  }
  template <class T>
  T wait(asio::awaitable<T> call) {
    return asio::co_spawn(io->executor(), std::move(call), asio::use_future).get();
  }
};

LowHandle* handle_of(http2_connection_t* connection) {
  return connection == nullptr ? nullptr : static_cast<LowHandle*>(connection->session);
}

http2_connection_t* connect(void* network, const char* url, int port, http2_user_cb_t* callbacks) {
  constexpr const char* kName = "iotx_http2_client_connect";
  auto device = read_address(url, port);
  if (!device) return refuse(kName, device.error().sentence), nullptr;
  std::string problem;
  ssl_ctx_st* const tls = make_tls(*device, problem);
  if (tls == nullptr) return refuse(kName, problem), nullptr;
  auto handle = std::make_unique<LowHandle>();
  handle->face = {network, handle.get(), HTTP2_FLAG_NONE, 0, callbacks};
  handle->line = std::make_shared<LowLine>(std::move(*device), tls, handle->face, handle->arrivals);
  problem = handle->wait(LowLine::connect(handle->line));
  if (!problem.empty()) return refuse(kName, problem), nullptr;
  return &handle.release()->face;
}

/// The fields of a request; false when one is missing or cannot be.
bool read_request(const http2_data& data, LowRequest& request) {
  for (int i = 0; i < data.header_count; ++i) {
    const http2_header& given = data.header[i];
    if (given.name == nullptr || given.value == nullptr || given.namelen <= 0 || given.valuelen < 0) return false;
    const std::string name(given.name, static_cast<std::size_t>(given.namelen));
    std::string value(given.value, static_cast<std::size_t>(given.valuelen));
    if (name == ":method")
      request.method = std::move(value);
    else if (name == ":path")
      request.path = std::move(value);
    else if (name == ":authority")
      request.authority = std::move(value);
    else if (name == ":scheme")
      request.tls = value == "https";
    else
      request.headers.append(name, std::move(value));
  }
  return !request.method.empty() && !request.path.empty();
}

int send(LowHandle& handle, http2_data& data) {
  if (data.len < 0 || (data.len > 0 && data.data == nullptr)) return FAIL_RETURN;
  const ByteView body = as_bytes({data.data, static_cast<std::size_t>(data.len)});
  const bool end = (data.flag & HTTP2_FLAG_END_STREAM) != 0;
  if (data.header == nullptr || data.header_count <= 0)
    return handle.wait(LowLine::write(handle.line, data.stream_id, body, end));
  LowRequest request;
  request.authority = handle.line->authority();
  if (!read_request(data, request)) return refuse("iotx_http2_client_send", "a header field is missing or NULL.");
  const int id = handle.wait(LowLine::request(handle.line, std::move(request), body, end));
  if (id < 0) return FAIL_RETURN;
  data.stream_id = id;
  return SUCCESS_RETURN;
}

bool is_usable(LowHandle& handle) {
  bool usable = false;
  handle.io->run([&] { usable = handle.line->usable(); });
  return usable;
}

}  // namespace
}  // namespace camspan::linkkit

using camspan::linkkit::guard;
using camspan::linkkit::handle_of;

http2_connection_t* iotx_http2_client_connect_with_cb(void* pnetwork, char* url, int port, http2_user_cb_t* cb) {
  camspan::linkkit::use_log();
  return guard<http2_connection_t*>(nullptr, [&] { return camspan::linkkit::connect(pnetwork, url, port, cb); });
}

http2_connection_t* iotx_http2_client_connect(void* pnetwork, char* url, int port) {
  return iotx_http2_client_connect_with_cb(pnetwork, url, port, nullptr);
}

int iotx_http2_client_send(http2_connection_t* connection, http2_data* h2_data) {
  if (handle_of(connection) == nullptr || h2_data == nullptr) return NULL_VALUE_ERROR;
  return guard(FAIL_RETURN, [&] { return camspan::linkkit::send(*handle_of(connection), *h2_data); });
}

int iotx_http2_client_recv(http2_connection_t* connection, char* data, int data_len, int* len, int timeout) {
  if (handle_of(connection) == nullptr || data == nullptr || len == nullptr) return NULL_VALUE_ERROR;
  if (data_len <= 0) return FAIL_RETURN;
  return guard(FAIL_RETURN, [&] {
    const std::span<char> into(data, static_cast<std::size_t>(data_len));
    const int count = handle_of(connection)->arrivals->take(into, std::chrono::milliseconds(std::max(0, timeout)));
    *len = std::max(0, count);
    return count < 0 ? FAIL_RETURN : SUCCESS_RETURN;
  });
}

int iotx_http2_client_disconnect(http2_connection_t* conn) {
  if (handle_of(conn) == nullptr) return NULL_VALUE_ERROR;
  return guard(FAIL_RETURN, [&] {
    const std::unique_ptr<camspan::linkkit::LowHandle> handle(handle_of(conn));
    asio::co_spawn(handle->io->executor(), camspan::linkkit::LowLine::close(handle->line), asio::use_future).get();
    return SUCCESS_RETURN;
  });
}

int iotx_http2_client_send_ping(http2_connection_t* conn) {
  if (handle_of(conn) == nullptr) return NULL_VALUE_ERROR;
  return guard(FAIL_RETURN, [&] { return camspan::linkkit::is_usable(*handle_of(conn)) ? 0 : FAIL_RETURN; });
}

int iotx_http2_get_available_window_size(http2_connection_t* conn) {
  if (handle_of(conn) == nullptr) return NULL_VALUE_ERROR;
  return guard(FAIL_RETURN, [&] {
    int window = 0;
    camspan::linkkit::LowHandle& handle = *handle_of(conn);
    handle.io->run([&] { window = handle.line->send_window(); });
    return window;
  });
}

int iotx_http2_update_window_size(http2_connection_t* conn) {
  return iotx_http2_client_send_ping(conn);
}

int iotx_http2_exec_io(http2_connection_t* connection) {
  if (handle_of(connection) == nullptr) return NULL_VALUE_ERROR;
  return guard(FAIL_RETURN, [&] { return handle_of(connection)->arrivals->run() ? 0 : FAIL_RETURN; });
}
