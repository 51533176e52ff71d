// The stream functions of the Gecko OS API.
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "gos.h"
#include "gos/guard.hpp"
#include "gos/msgpack_object.hpp"
#include "gos/server.hpp"

namespace camspan::gos {
namespace {

constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxLogBytes = 1024;

bool is_name(const char* name) {
  return name != nullptr && *name != '\0' && strnlen(name, kMaxNameBytes + 1) <= kMaxNameBytes;
}

net::ClientId client_of(gos_hs_stream_ws_client_t handle) {
  return net::ClientId{static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(handle))};
}

/// Runs `body` with the server, where there is one.
template <class Body>
gos_result_t with_server(Body&& body) noexcept {
  return guard([&] {
    Server* const one = server();
    return one != nullptr ? body(*one) : GOS_ERROR;
  });
}

/// @return GOS_SUCCESS when `handle` is one client
gos_result_t check_client(Server& server, gos_hs_stream_ws_client_t handle) {
  if (handle == GOS_HS_STREAM_WRITE_ALL) return GOS_UNSUPPORTED;
  const bool in_range = reinterpret_cast<std::uintptr_t>(handle) < UINT32_MAX;
  return in_range && server.table().has_client(client_of(handle)) ? GOS_SUCCESS : GOS_BAD_ARG;
}

/// Asks a client, and gives what it answers as an object.
gos_result_t ask(gos_hs_stream_ws_client_t handle, const ws_message::Request& request,
                 gos_msgpack_object_t** object_ptr, std::uint32_t timeout_ms) noexcept {
  if (object_ptr == nullptr) return GOS_BAD_ARG;
  *object_ptr = nullptr;
  return with_server([&](Server& server) {
    gos_result_t result;
    if (GOS_FAILED(result, check_client(server, handle))) return result;
    Bytes value;
    if (GOS_FAILED(result, server.ask(client_of(handle), request, std::chrono::milliseconds(timeout_ms), value)))
      return result;
    if (value.empty()) value.push_back(std::byte{0xc0});  // an answer without data
    NodePtr node = read_value(value);
    if (node == nullptr) return GOS_ERROR;
    *object_ptr = &node.release()->base;
    return GOS_SUCCESS;
  });
}

}  // namespace
}  // namespace camspan::gos

using namespace camspan;
using gos::with_server;

gos_result_t gos_hs_stream_register(const char* stream_name, gos_hs_stream_handler_t handler,
                                    gos_hs_stream_permissions_t permissions, void* arg) {
  if (!gos::is_name(stream_name) || handler == nullptr) return GOS_BAD_ARG;
  return with_server([&](gos::Server& server) {
    return server.table().put(stream_name, {handler, static_cast<unsigned>(permissions), arg});
  });
}

gos_result_t gos_hs_stream_unregister(const char* stream_name) {
  if (!gos::is_name(stream_name)) return GOS_BAD_ARG;
  return with_server(
      [&](gos::Server& server) { return server.table().remove(stream_name) ? GOS_SUCCESS : GOS_BAD_ARG; });
}

gos_result_t gos_hs_stream_flush(gos_msgpack_context_t* msgpack, uint32_t timeout_ms) {
  if (msgpack == nullptr) return GOS_BAD_ARG;
  return with_server([&](gos::Server& server) {
    auto context = server.table().take_context(msgpack);
    if (context == nullptr) return GOS_BAD_ARG;
    return server.flush(std::move(context), std::chrono::milliseconds(timeout_ms));
  });
}

gos_result_t gos_hs_stream_write_direct(gos_msgpack_context_t* msgpack, const void* buffer, uint32_t length) {
  if (msgpack == nullptr || (buffer == nullptr && length > 0)) return GOS_BAD_ARG;
  return with_server([&](gos::Server& server) {
    if (server.table().find_context(msgpack) == nullptr) return GOS_BAD_ARG;
    return msgpack->writer(msgpack->user, buffer, length);
  });
}

gos_result_t gos_hs_stream_ws_list(gos_hs_stream_ws_client_t handle, gos_msgpack_object_t** object_ptr,
                                   uint32_t timeout_ms) {
  return gos::ask(handle, {{}, "list", {}, {}}, object_ptr, timeout_ms);
}

gos_result_t gos_hs_stream_ws_read(gos_hs_stream_ws_client_t handle, const char* stream_name,
                                   gos_msgpack_object_t** object_ptr, uint32_t timeout_ms) {
  if (object_ptr != nullptr) *object_ptr = nullptr;
  if (!gos::is_name(stream_name)) return GOS_BAD_ARG;
  return gos::ask(handle, {{}, "read", stream_name, {}}, object_ptr, timeout_ms);
}

gos_result_t gos_hs_stream_ws_write(gos_hs_stream_ws_client_t handle, const char* stream_name,
                                    gos_msgpack_context_t** msgpack_ptr) {
  if (msgpack_ptr == nullptr) return GOS_BAD_ARG;
  *msgpack_ptr = nullptr;
  if (!gos::is_name(stream_name)) return GOS_BAD_ARG;
  return with_server([&](gos::Server& server) {
    const bool to_all = handle == GOS_HS_STREAM_WRITE_ALL;
    if (to_all && !server.table().has_clients()) return GOS_ERROR;
    gos_result_t result;
    if (!to_all && GOS_FAILED(result, gos::check_client(server, handle))) return result;
    auto context = std::make_unique<gos::StreamContext>();
    if (!to_all) context->client = gos::client_of(handle);
    context->stream = stream_name;
    *msgpack_ptr = server.table().add_context(std::move(context));
    return GOS_SUCCESS;
  });
}

void gos_hs_stream_ws_abort_write(gos_msgpack_context_t* msgpack) {
  if (msgpack == nullptr) return;
  with_server([&](gos::Server& server) {
    const auto context = server.table().take_context(msgpack);
    return context != nullptr ? GOS_SUCCESS : GOS_BAD_ARG;
  });
}

gos_result_t gos_hs_stream_ws_close(gos_hs_stream_ws_client_t handle) {
  return with_server([&](gos::Server& server) {
    gos_result_t result;
    if (GOS_FAILED(result, gos::check_client(server, handle))) return result;
    return server.close(gos::client_of(handle));
  });
}

gos_result_t gos_hs_stream_ws_set_accept_callback(gos_hs_stream_ws_accept_callback_t accept) {
  return with_server([&](gos::Server& server) {
    server.table().set_accept(accept);
    return GOS_SUCCESS;
  });
}

gos_result_t gos_hs_stream_ws_set_handlers(gos_handler_t connect, gos_handler_t disconnect) {
  return with_server([&](gos::Server& server) {
    server.table().set_handlers({connect, disconnect});
    return GOS_SUCCESS;
  });
}

void gos_log(const char* format, ...) {
  char line[gos::kMaxLogBytes];
  va_list arguments;
  va_start(arguments, format);
  const int length = std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (length >= 0) log::info("app", static_cast<const char*>(line));
}
