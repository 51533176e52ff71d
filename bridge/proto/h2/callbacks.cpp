#include "proto/h2/callbacks.hpp"

#include <algorithm>
#include <memory>

#include "proto/h2/connection.hpp"
#include "proto/h2/stream.hpp"

namespace camspan::h2 {
namespace {

/// 16384, the most a TLS record holds, less the 9 bytes of the frame's header: each full DATA frame is one record.
constexpr std::int32_t kDataBytes = 16384 - 9;

/// Runs `body` as a callback of nghttp2: an exception ends the session instead of unwinding through C.
template <class Body>
int guarded(Body&& body) noexcept {
  try {
    return body();
  } catch (...) {
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  }
}

Connection& self(void* connection) {
  return *static_cast<Connection*>(connection);
}
Stream& stream_of(const nghttp2_data_source* source) {
  return *static_cast<Stream*>(source->ptr);
}

std::string_view text(nghttp2_rcbuf* buffer) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

bool has(std::uint8_t flags, int flag) {
  return (flags & flag) != 0;
}

}  // namespace

const nghttp2_session_callbacks* Callbacks::table() {
  struct Delete {
    void operator()(nghttp2_session_callbacks* callbacks) const { nghttp2_session_callbacks_del(callbacks); }
  };
  static const std::unique_ptr<nghttp2_session_callbacks, Delete> table = [] {
    nghttp2_session_callbacks* made = nullptr;
    if (nghttp2_session_callbacks_new(&made) != 0) return std::unique_ptr<nghttp2_session_callbacks, Delete>();
    nghttp2_session_callbacks_set_on_begin_frame_callback(made, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(made, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(made, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data_chunk_recv);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(made, on_frame_send);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(made, on_frame_not_send);
    nghttp2_session_callbacks_set_data_source_read_length_callback(made, read_length);
    nghttp2_session_callbacks_set_send_data_callback(made, send_data);
    return std::unique_ptr<nghttp2_session_callbacks, Delete>(made);
  }();
  return table.get();
}

int Callbacks::on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* hd, void* connection) noexcept {
  return guarded([&] { return self(connection).begin_frame(hd->stream_id, hd->type, hd->length, hd->flags); });
}

int Callbacks::on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* connection) noexcept {
  // Nobody takes pushes: the head of one is read over.
  if (frame->hd.type != NGHTTP2_HEADERS) return 0;
  return guarded([&] { return self(connection).begin_headers(frame->hd.stream_id); });
}

int Callbacks::on_header(nghttp2_session*, const nghttp2_frame* frame, nghttp2_rcbuf* name, nghttp2_rcbuf* value,
                         std::uint8_t flags, void* connection) noexcept {
  if (frame->hd.type != NGHTTP2_HEADERS) return 0;
  return guarded([&] {
    return self(connection)
        .header_field(frame->hd.stream_id, text(name), text(value), has(flags, NGHTTP2_NV_FLAG_NO_INDEX));
  });
}

int Callbacks::on_frame_recv(nghttp2_session*, const nghttp2_frame* frame, void* connection) noexcept {
  return guarded([&] {
    Connection& c = self(connection);
    const nghttp2_frame_hd& hd = frame->hd;
    c.tell(Direction::received, to_frame(*frame));
    switch (hd.type) {
      case NGHTTP2_DATA:
        if (has(hd.flags, NGHTTP2_FLAG_END_STREAM)) c.body_ended(hd.stream_id);
        break;
      case NGHTTP2_HEADERS:
        c.headers_received(hd.stream_id, has(hd.flags, NGHTTP2_FLAG_END_STREAM));
        break;
      case NGHTTP2_RST_STREAM:
        c.reset_received();
        break;
      case NGHTTP2_SETTINGS:
        c.settings_received(has(hd.flags, NGHTTP2_FLAG_ACK));
        break;
      case NGHTTP2_PING:
        if (has(hd.flags, NGHTTP2_FLAG_ACK)) c.ping_acknowledged(frame->ping.opaque_data);
        break;
      case NGHTTP2_GOAWAY:
        c.go_away_received(frame->goaway.last_stream_id, frame->goaway.error_code);
        break;
      case NGHTTP2_WINDOW_UPDATE:
        c.window_update_received();
        break;
      default:
        break;
    }
    return 0;
  });
}

int Callbacks::on_data_chunk_recv(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                                  std::size_t length, void* connection) noexcept {
  return guarded([&] {
    self(connection).data_received(id, std::as_bytes(std::span(data, length)));
    return 0;
  });
}

int Callbacks::on_stream_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* connection) noexcept {
  return guarded([&] {
    self(connection).stream_ended(id, code);
    return 0;
  });
}

int Callbacks::on_frame_send(nghttp2_session*, const nghttp2_frame* frame, void* connection) noexcept {
  return guarded([&] {
    Connection& c = self(connection);
    const nghttp2_frame_hd& hd = frame->hd;
    c.tell(Direction::sent, to_frame(*frame));
    switch (hd.type) {
      case NGHTTP2_DATA:
      case NGHTTP2_HEADERS:
        if (has(hd.flags, NGHTTP2_FLAG_END_STREAM)) c.end_stream_sent(hd.stream_id);
        break;
      case NGHTTP2_RST_STREAM:
        c.reset_frame_sent(frame->rst_stream.error_code);
        break;
      case NGHTTP2_PING:
        if (!has(hd.flags, NGHTTP2_FLAG_ACK)) c.ping_frame_sent();
        break;
      case NGHTTP2_GOAWAY:
        c.go_away_sent(frame->goaway.error_code);
        break;
      default:
        break;
    }
    return 0;
  });
}

int Callbacks::on_frame_not_send(nghttp2_session*, const nghttp2_frame* frame, int, void* connection) noexcept {
  return guarded([&] {
    if (frame->hd.type == NGHTTP2_HEADERS) self(connection).headers_not_sent(frame->hd.stream_id);
    return 0;
  });
}

ssize_t Callbacks::read_length(nghttp2_session*, std::uint8_t, std::int32_t, std::int32_t connection_window,
                               std::int32_t stream_window, std::uint32_t max_frame, void*) noexcept {
  const auto frame = static_cast<std::int32_t>(max_frame);  // at most 2^24-1
  return std::min({kDataBytes, connection_window, stream_window, frame});
}

ssize_t Callbacks::read_body(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t length, std::uint32_t* flags,
                             nghttp2_data_source* source, void* connection) noexcept {
  try {
    bool end = false;
    const std::ptrdiff_t bytes = self(connection).pull_body(stream_of(source), length, end);
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (end) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return bytes;
  } catch (...) {
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  }
}

int Callbacks::send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* frame_header, std::size_t length,
                         nghttp2_data_source* source, void* connection) noexcept {
  return guarded([&] { return self(connection).put_data_frame(stream_of(source), frame_header, length); });
}

}  // namespace camspan::h2
