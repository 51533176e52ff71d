// The C API of streams: checks what it is given, and hands it on.
#include <cstring>

#include "guard.hpp"
#include "handle.hpp"
#include "http2_api.h"
#include "iot_import.h"
#include "proto/link/request.hpp"

namespace camspan::linkkit {
namespace {

constexpr const char* kBadIdentify =
    "identify is a service path of at most 113 visible ASCII characters, without / at its ends, \"..\", ? and #.";
constexpr const char* kFromCallback = "waits for an answer, so it cannot be called from a callback.";
constexpr const char* kNoHandle = "there is no such handle (any more).";

/// The library's, until Close.
char* copy_for_c(const std::string& text) {
  auto* const copy = static_cast<char*>(HAL_Malloc(static_cast<std::uint32_t>(text.size() + 1)));
  if (copy != nullptr) std::memcpy(copy, text.c_str(), text.size() + 1);
  return copy;
}

int open(void* value, stream_data_info_t& info, const header_ext_info_t* header) {
  constexpr const char* kName = "IOT_HTTP2_Stream_Open";
  if (Notifier::on_callback_thread()) return refuse(kName, kFromCallback);
  const auto handle = find_handle(value);
  if (!handle) return refuse(kName, kNoHandle);
  if (!link::is_identify(info.identify)) return refuse(kName, kBadIdentify);
  auto headers = read_headers(header);
  if (!headers) return refuse(kName, headers.error().sentence);
  const Reply reply = handle->open(info.identify, std::move(*headers), info.user_data);
  if (reply.code != SUCCESS_RETURN) return reply.code;
  info.channel_id = copy_for_c(reply.channel);
  return info.channel_id != nullptr ? SUCCESS_RETURN : FAIL_RETURN;
}

const char* problem_of(const stream_data_info_t& info) {
  if (info.stream_len == 0 || info.packet_len == 0) return "stream_len and packet_len are above 0.";
  if (info.send_len > info.stream_len || info.packet_len > info.stream_len - info.send_len)
    return "send_len and packet_len together are above stream_len.";
  return link::is_identify(info.identify) ? nullptr : kBadIdentify;
}

int send(void* value, stream_data_info_t& info, const header_ext_info_t* header) {
  constexpr const char* kName = "IOT_HTTP2_Stream_Send";
  if (Notifier::on_callback_thread()) return refuse(kName, kFromCallback);
  const auto handle = find_handle(value);
  if (!handle) return refuse(kName, kNoHandle);
  if (const char* const problem = problem_of(info)) return refuse(kName, problem);
  Packet packet;
  packet.channel = info.channel_id;
  packet.identify = info.identify;
  packet.bytes = as_bytes({info.stream, info.packet_len});
  packet.total = info.stream_len;
  packet.sent = info.send_len;
  packet.stream = info.h2_stream_id;
  if (info.send_len == 0) {
    auto headers = read_headers(header);
    if (!headers) return refuse(kName, headers.error().sentence);
    packet.headers = std::move(*headers);
  }
  const Sent sent = handle->send(std::move(packet));
  if (sent.code != SUCCESS_RETURN) return sent.code;
  info.h2_stream_id = sent.stream;
  info.send_len += info.packet_len;
  return SUCCESS_RETURN;
}

int query(void* value, const stream_data_info_t& info, const header_ext_info_t* header) {
  constexpr const char* kName = "IOT_HTTP2_Stream_Query";
  if (Notifier::on_callback_thread()) return refuse(kName, kFromCallback);
  const auto handle = find_handle(value);
  if (!handle) return refuse(kName, kNoHandle);
  if (!link::is_identify(info.identify)) return refuse(kName, kBadIdentify);
  auto headers = read_headers(header);
  if (!headers) return refuse(kName, headers.error().sentence);
  return handle->query(info.channel_id, info.identify, std::move(*headers), info.user_data);
}

int close(void* value, stream_data_info_t& info) {
  const std::string channel = info.channel_id;
  HAL_Free(info.channel_id);
  info.channel_id = nullptr;
  const auto handle = find_handle(value);
  if (!handle) return refuse("IOT_HTTP2_Stream_Close", kNoHandle);
  if (info.identify == nullptr || !link::is_identify(info.identify))
    return refuse("IOT_HTTP2_Stream_Close", kBadIdentify);
  return handle->close(channel, info.identify, Milliseconds(0)).code;
}

int send_message(void* value, const char* identify, const char* channel, const char* data, std::uint32_t size,
                 const header_ext_info_t* header) {
  constexpr const char* kName = "IOT_HTTP2_Stream_Send_Message";
  const auto handle = find_handle(value);
  if (!handle) return refuse(kName, kNoHandle);
  if (!link::is_identify(identify)) return refuse(kName, kBadIdentify);
  if (data == nullptr || size == 0) return refuse(kName, "data is empty.");
  auto headers = read_headers(header);
  if (!headers) return refuse(kName, headers.error().sentence);
  Packet packet;
  packet.channel = channel;
  packet.identify = identify;
  packet.bytes = as_bytes({data, size});
  packet.total = size;
  packet.headers = std::move(*headers);
  packet.wait_for_answer = false;
  const Sent sent = handle->send(std::move(packet));
  return sent.code == SUCCESS_RETURN ? sent.stream : sent.code;
}

}  // namespace
}  // namespace camspan::linkkit

using camspan::linkkit::guard;
using camspan::linkkit::refuse;

void* IOT_HTTP2_Connect(device_conn_info_t* conn_info, http2_stream_cb_t* user_cb) {
  camspan::linkkit::use_log();
  if (conn_info == nullptr) return nullptr;
  return guard<void*>(nullptr, [&]() -> void* {
    auto handle = camspan::linkkit::Handle::connect(*conn_info, user_cb, {});
    if (handle) return camspan::linkkit::add_handle(std::move(*handle));
    refuse("IOT_HTTP2_Connect", handle.error().sentence);
    return nullptr;
  });
}

int IOT_HTTP2_Stream_Open(void* handle, stream_data_info_t* info, header_ext_info_t* header) {
  if (handle == nullptr || info == nullptr || info->identify == nullptr) return NULL_VALUE_ERROR;
  return guard(FAIL_RETURN, [&] { return camspan::linkkit::open(handle, *info, header); });
}

int IOT_HTTP2_Stream_Send(void* handle, stream_data_info_t* info, header_ext_info_t* header) {
  if (handle == nullptr || info == nullptr || info->stream == nullptr || info->channel_id == nullptr ||
      info->identify == nullptr)
    return NULL_VALUE_ERROR;
  return guard(FAIL_RETURN, [&] { return camspan::linkkit::send(handle, *info, header); });
}

int IOT_HTTP2_Stream_Query(void* handle, stream_data_info_t* info, header_ext_info_t* header) {
  if (handle == nullptr || info == nullptr || info->channel_id == nullptr || info->identify == nullptr)
    return NULL_VALUE_ERROR;
  return guard(FAIL_RETURN, [&] { return camspan::linkkit::query(handle, *info, header); });
}

int IOT_HTTP2_Stream_Close(void* handle, stream_data_info_t* info) {
  if (handle == nullptr || info == nullptr || info->channel_id == nullptr) return NULL_VALUE_ERROR;
  return guard(FAIL_RETURN, [&] { return camspan::linkkit::close(handle, *info); });
}

int IOT_HTTP2_Stream_Send_Message(void* handle, const char* identify, char* channel_id, char* data, uint32_t data_len,
                                  header_ext_info_t* header) {
  if (handle == nullptr || identify == nullptr || channel_id == nullptr) return NULL_VALUE_ERROR;
  return guard(FAIL_RETURN,
               [&] { return camspan::linkkit::send_message(handle, identify, channel_id, data, data_len, header); });
}

int IOT_HTTP2_Disconnect(void* handle) {
  if (handle == nullptr) return NULL_VALUE_ERROR;
  return guard(FAIL_RETURN, [&] {
    const auto found = camspan::linkkit::find_handle(handle);
    if (found && found->runs_here()) return refuse("IOT_HTTP2_Disconnect", "cannot be called from a callback.");
    const auto owned = camspan::linkkit::remove_handle(handle);
    if (!owned) return refuse("IOT_HTTP2_Disconnect", camspan::linkkit::kNoHandle);
    owned->disconnect();
    return SUCCESS_RETURN;
  });
}
