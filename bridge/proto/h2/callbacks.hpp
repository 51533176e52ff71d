/// nghttp2's C callbacks, and what they become: member functions of Connection.
#pragma once

#include <nghttp2/nghttp2.h>
#include <cstddef>
#include <cstdint>

#include "proto/h2/frame.hpp"

namespace camspan::h2 {

Frame to_frame(const nghttp2_frame& frame);

struct Callbacks {
  /// For every session; its user data is the Connection. nullptr = out of memory.
  static const nghttp2_session_callbacks* table();
  /// The source of a body; `source.ptr` is its Stream.
  static ssize_t read_body(nghttp2_session* session, std::int32_t id, std::uint8_t* buffer, std::size_t length,
                           std::uint32_t* flags, nghttp2_data_source* source, void* connection) noexcept;

 private:
  // Named as nghttp2 names them.
  static int on_begin_frame(nghttp2_session* session, const nghttp2_frame_hd* hd, void* connection) noexcept;
  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* connection) noexcept;
  static int on_header(nghttp2_session* session, const nghttp2_frame* frame, nghttp2_rcbuf* name, nghttp2_rcbuf* value,
                       std::uint8_t flags, void* connection) noexcept;
  static int on_frame_recv(nghttp2_session* session, const nghttp2_frame* frame, void* connection) noexcept;
  static int on_data_chunk_recv(nghttp2_session* session, std::uint8_t flags, std::int32_t id, const std::uint8_t* data,
                                std::size_t length, void* connection) noexcept;
  static int on_stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t code, void* connection) noexcept;
  static int on_frame_send(nghttp2_session* session, const nghttp2_frame* frame, void* connection) noexcept;
  static int on_frame_not_send(nghttp2_session* session, const nghttp2_frame* frame, int error,
                               void* connection) noexcept;
  static ssize_t read_length(nghttp2_session* session, std::uint8_t type, std::int32_t id,
                             std::int32_t connection_window, std::int32_t stream_window, std::uint32_t max_frame,
                             void* connection) noexcept;
  static int send_data(nghttp2_session* session, nghttp2_frame* frame, const std::uint8_t* frame_header,
                       std::size_t length, nghttp2_data_source* source, void* connection) noexcept;
};

}  // namespace camspan::h2
