// What nghttp2 tells a connection while it reads and writes frames.
#include <nghttp2/nghttp2.h>
#include <algorithm>

#include "proto/h2/connection.hpp"
#include "proto/h2/stream.hpp"

namespace camspan::h2 {

int Connection::begin_frame(std::int32_t id, std::uint8_t type, std::size_t length, std::uint8_t flags) {
  if (type == NGHTTP2_SETTINGS) remember_windows();
  // RFC 9113 section 6.3; nghttp2 looks at none where NO_RFC7540_PRIORITIES was announced.
  if (type == NGHTTP2_PRIORITY && id == 0) terminate(ErrorCode::protocol_error);
  if (type == NGHTTP2_PUSH_PROMISE && role_ == Role::client) ++stats_.of(Limit::pushes);
  if (type != NGHTTP2_DATA && type != NGHTTP2_HEADERS && type != NGHTTP2_CONTINUATION) return 0;
  if (type == NGHTTP2_DATA && (flags & NGHTTP2_FLAG_PADDED) == 0) data_announced(id, length);
  if (type == NGHTTP2_HEADERS) {
    guard_.header_block_begins();
    // nghttp2 passes over them, as it does not know that the stream never was (RFC 9113 section 5.1.1).
    for (const auto& [first, last] : skipped_)
      if (id >= first && id <= last) terminate(ErrorCode::protocol_error);
  }
  if (type == NGHTTP2_CONTINUATION) obey(guard_.continuation());
  // For CONTINUATION the bit of END_STREAM has no meaning.
  const bool end = type != NGHTTP2_CONTINUATION && (flags & NGHTTP2_FLAG_END_STREAM) != 0;
  obey(guard_.content_frame(length != 0 || end));
  return 0;
}

/// A stream that begins closes the idle ones below it. Clients of good sense pass over none.
void Connection::note_newest(std::int32_t id) {
  constexpr std::size_t kKept = 16;
  if (id > newest_ + 2 && skipped_.size() < kKept) skipped_.emplace_back(newest_ + 2, id - 2);
  newest_ = std::max(newest_, id);
}

int Connection::begin_headers(std::int32_t id) {
  deadlines_.header_block_begins(now_);
  Stream* stream = find(id);
  if (!stream && role_ == Role::server) {
    note_newest(id);
    if (max_streams_ != 0 && streams_.size() >= max_streams_) {
      ++stats_.of(Limit::streams);
      nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
      return 0;
    }
    auto made = std::make_unique<Stream>();
    made->id = StreamId(id);
    stream = streams_.emplace(id, std::move(made)).first->second.get();
  }
  if (stream && !stream->discards()) stream->block = std::make_unique<HeaderBlock>(limits_, extended_connect_);
  return 0;
}

int Connection::header_field(std::int32_t id, std::string_view name, std::string_view value, bool sensitive) {
  Stream* const stream = find(id);
  if (!stream || !stream->block) return 0;
  if (stream->block->add(name, value, sensitive) != HeaderBlock::Fit::hopeless) return 0;
  ++stats_.of(Limit::header_list);
  stream->block.reset();
  if (!stream->told) stream->released = true;
  deadlines_.header_block_ends();
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

void Connection::headers_received(std::int32_t id, bool end) {
  deadlines_.header_block_ends();
  Stream* const stream = find(id);
  if (!stream || !stream->block) return;
  if (stream->headers_received) {
    trailers_received(*stream, end);
  } else if (role_ == Role::server) {
    request_received(*stream, end);
  } else {
    response_received(*stream);
    if (end) remote_ends(*stream);
  }
}

void Connection::request_received(Stream& stream, bool end) {
  const auto block = std::move(stream.block);
  stream.headers_received = true;
  if (block->too_large()) {
    ++stats_.of(Limit::header_list);
    stream.released = true;
    static_cast<void>(submit_response(stream.id, 431, observer_.refusal_fields(431), nullptr));
    return;
  }
  auto request = block->take_request();
  if (!request) return refuse_malformed(stream);
  const auto length = content_length(request->headers);
  if (!length || (end && length->value_or(0) != 0)) return refuse_malformed(stream);
  stream.content_length = *length;
  stream.head_request = request->method == "HEAD";
  stream.connect = request->method == "CONNECT";
  request->ended = end;
  ++stats_.requests;
  stream.told = true;
  observer_.on_request(stream.id, std::move(*request), *length);
  if (end || stream.content_length == 0u) remote_ends(stream);
}

void Connection::response_received(Stream& stream) {
  const auto block = std::move(stream.block);
  if (block->too_large()) {
    ++stats_.of(Limit::header_list);
    return reset(stream.id, ErrorCode::enhance_your_calm);
  }
  Response response = block->take_response();
  if (response.status < 200) return;  // 1xx: the final head is still to come (RFC 9113 section 8.1)
  stream.headers_received = true;
  observer_.on_response(stream.id, std::move(response));
}

/// Nothing of ours reads trailers; they must be good all the same, and end the body.
void Connection::trailers_received(Stream& stream, bool end) {
  const auto block = std::move(stream.block);
  if (role_ == Role::server && (!end || block->too_large() || !block->good_trailers())) return refuse_malformed(stream);
  if (end) body_ended(stream.id.value());
}

void Connection::refuse_malformed(Stream& stream) {
  ++stats_.malformed;
  // Devices look at the status. The reset comes after it, as nghttp2 sends nothing on a stream that is to be reset.
  stream.refused = submit_response(stream.id, 400, observer_.refusal_fields(400), nullptr).has_value();
  if (!stream.refused) reset(stream.id, ErrorCode::protocol_error);
  if (!stream.told) stream.released = true;
}

/// A frame that is too long for its request is known as such before its first bytes complete the request.
void Connection::data_announced(std::int32_t id, std::size_t length) {
  Stream* const stream = find(id);
  if (!stream || stream->discards() || !stream->content_length) return;
  if (stream->received + length > *stream->content_length) refuse_malformed(*stream);
}

void Connection::data_received(std::int32_t id, ByteView bytes) {
  // At once, whoever reads the body and when: see Limits::max_unread_body_bytes.
  nghttp2_session_consume_connection(session_.get(), bytes.size());
  Stream* const stream = find(id);
  if (!stream || stream->discards()) return;
  stream->received += bytes.size();
  stats_.body_bytes_received += bytes.size();
  if (stream->content_length && stream->received > *stream->content_length) return refuse_malformed(*stream);
  unread_ += bytes.size();
  observer_.on_data(stream->id, bytes);
  if (stream->received == stream->content_length) remote_ends(*stream);
}

void Connection::body_ended(std::int32_t id) {
  Stream* const stream = find(id);
  if (!stream || stream->discards()) return;
  if (stream->content_length && stream->received < *stream->content_length) return refuse_malformed(*stream);
  remote_ends(*stream);
}

void Connection::remote_ends(Stream& stream) {
  if (stream.remote_closed) return;
  stream.remote_closed = true;
  if (!stream.released) observer_.on_remote_closed(stream.id);
}

/// What SETTINGS that are about to come add to.
void Connection::remember_windows() {
  initial_window_ = nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE);
  largest_window_ = 0;
  for (const auto& [id, stream] : streams_)
    largest_window_ = std::max(largest_window_, nghttp2_session_get_stream_remote_window_size(session_.get(), id));
}

void Connection::settings_received(bool acknowledgement) {
  if (acknowledgement) return deadlines_.settings_acknowledged();
  // RFC 9113 section 6.9.2 ends the connection for a window that grows too large; nghttp2 only resets its stream.
  const std::int64_t grown =
      std::int64_t{nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE)} -
      initial_window_;
  if (largest_window_ + grown > NGHTTP2_MAX_WINDOW_SIZE) terminate(ErrorCode::flow_control_error);
  deadlines_.peer_settings();
  obey(guard_.settings_received(now_));
}

void Connection::ping_acknowledged(const std::uint8_t* payload) {
  deadlines_.ping_acknowledged();
  if (load_be<8>(reinterpret_cast<const std::byte*>(payload)) != pings_) return;
  rtt_ = now_ - ping_sent_;
  if (deadlines_.shutdown_notice()) second_go_away();
}

void Connection::window_update_received() {
  obey(guard_.window_update());
}

void Connection::reset_received() {
  ++stats_.resets_received;
  if (role_ == Role::server) obey(guard_.reset_received(now_));
}

void Connection::go_away_received(std::int32_t last, std::uint32_t code) {
  closing_ = true;
  if (error_ == ErrorCode::no_error) error_ = to_error_code(code);
  observer_.on_go_away(StreamId(last), to_error_code(code));
}

void Connection::stream_ended(std::int32_t id, std::uint32_t code) {
  Stream* const stream = find(id);
  if (!stream) return;
  stream->closed = true;
  stream->sending = false;
  stream->source = nullptr;
  if (!stream->released) observer_.on_stream_closed(stream->id, to_error_code(code));
  forget_if_over(id);
}

void Connection::end_stream_sent(std::int32_t id) {
  const Stream* const stream = find(id);
  if (stream && stream->tunnel) return;
  if (stream && stream->refused) return reset(StreamId(id), ErrorCode::protocol_error);
  if (role_ == Role::client || nghttp2_session_get_stream_remote_close(session_.get(), id) != 0) return;
  if (stream && !stream->remote_closed)
    early_answered_.emplace_back(now_ + limits_.early_answer, StreamId(id));
  else
    reset(StreamId(id), ErrorCode::no_error);
}

void Connection::reset_frame_sent(std::uint32_t code) {
  // NO_ERROR ends an answer: a device gets one for each request.
  if (code == NGHTTP2_NO_ERROR) return;
  ++stats_.resets_sent;
  if (role_ == Role::server) obey(guard_.reset_sent(now_));
}

void Connection::go_away_sent(std::uint32_t code) {
  // Of itself nghttp2 says this for one reason only.
  if (code == NGHTTP2_ENHANCE_YOUR_CALM && !terminated_) {
    ++stats_.of(Limit::settings_entries);
    passed_limit_ = Limit::settings_entries;
  }
  if (error_ == ErrorCode::no_error) error_ = to_error_code(code);
  if (code != NGHTTP2_NO_ERROR) closing_ = terminated_ = true;  // nghttp2 ends a session so by itself
}

void Connection::headers_not_sent(std::int32_t id) {
  // An answer whose head nghttp2 refuses to send, such as one over its size limit. A request is closed by nghttp2.
  if (role_ == Role::server) reset(StreamId(id), ErrorCode::internal_error);
}

std::ptrdiff_t Connection::pull_body(Stream& stream, std::size_t length, bool& end) {
  if (!stream.source) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  pulled_.clear();
  std::size_t bytes = 0;
  while (bytes < length && !end) {
    const BodySource::Chunk chunk = stream.source->pull(length - bytes);
    if (chunk.bytes.empty() && !chunk.end) break;
    if (!chunk.bytes.empty()) pulled_.push_back(chunk.bytes);
    bytes += chunk.bytes.size();
    end = chunk.end;
  }
  // A full frame does not say that the source is empty.
  stream.sending = !end && bytes == length;
  if (bytes == 0 && !end) return NGHTTP2_ERR_DEFERRED;
  return static_cast<std::ptrdiff_t>(bytes);
}

int Connection::put_data_frame(Stream& stream, const std::uint8_t* frame_header, std::size_t length) {
  const auto* const head = reinterpret_cast<const std::byte*>(frame_header);
  out_->insert(out_->end(), head, head + kFrameHeaderBytes);
  for (const ByteView piece : pulled_) out_->insert(out_->end(), piece.begin(), piece.end());
  stream.last_progress = now_;
  stats_.body_bytes_sent += length;
  guard_.data_sent(length);
  // Without this word nghttp2 goes on to the next frame before it returns.
  return out_->size() >= out_limit_ ? NGHTTP2_ERR_PAUSE : 0;
}

}  // namespace camspan::h2
