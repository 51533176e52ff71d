#include "proto/h2/connection.hpp"

#include <nghttp2/nghttp2.h>
#include <algorithm>
#include <string>

#include "proto/h2/callbacks.hpp"
#include "proto/h2/stream.hpp"

namespace camspan::h2 {
namespace {

struct FreeOption {
  void operator()(nghttp2_option* option) const noexcept { nghttp2_option_del(option); }
};
using OptionHandle = std::unique_ptr<nghttp2_option, FreeOption>;

/// What one SETTINGS frame may carry before nghttp2 calls it an attack (CVE-2020-11080); its default too.
constexpr std::size_t kMaxSettings = 32;
/// The largest header block that we send; nghttp2's default.
constexpr std::size_t kMaxSentHeaderBlock = 65536;
/// The HPACK table of our encoder, however much the peer offers; nghttp2's default.
constexpr std::size_t kEncoderTableBytes = 4096;

OptionHandle make_options(bool server, const Limits& limits) {
  nghttp2_option* made = nullptr;
  if (nghttp2_option_new(&made) != 0) return nullptr;
  OptionHandle options(made);
  nghttp2_option_set_no_auto_window_update(made, 1);
  nghttp2_option_set_no_closed_streams(made, 1);
  nghttp2_option_set_max_outbound_ack(made, limits.max_queued_acks);
  nghttp2_option_set_max_settings(made, kMaxSettings);
#ifdef CAMSPAN_NGHTTP2_LIMITS_CONTINUATIONS
  // It counts each piece in which a frame's header arrives (seen in 1.52.0-1+deb12u3): a slow line would break its
  // limit. FloodGuard counts frames.
  nghttp2_option_set_max_continuations(made, kFrameHeaderBytes * (limits.max_continuations + 1));
#endif
  nghttp2_option_set_max_send_header_block_length(made, kMaxSentHeaderBlock);
  nghttp2_option_set_max_deflate_dynamic_table_size(made, kEncoderTableBytes);
  // Devices send no :authority, which nghttp2 calls malformed; HeaderBlock does the rest of its checks.
  if (server) nghttp2_option_set_no_http_messaging(made, 1);
  if (!server) nghttp2_option_set_max_reserved_remote_streams(made, static_cast<std::uint32_t>(limits.max_pushes));
  return options;
}

/// The fields of a head for nghttp2, which copies them. The strings must outlive it.
class FieldList {
 public:
  void add(std::string_view name, std::string_view value, bool sensitive = false) {
    const auto octets = [](std::string_view text) {
      return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
    };
    const std::uint8_t flags = sensitive ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
    fields_.push_back({octets(name), octets(value), name.size(), value.size(), flags});
  }
  void add(const http::Headers& headers) {
    for (const http::Header& field : headers) add(field.name, field.value, field.sensitive);
  }
  const nghttp2_nv* data() const { return fields_.data(); }
  std::size_t size() const { return fields_.size(); }

 private:
  std::vector<nghttp2_nv> fields_;
};

nghttp2_data_provider provider(Stream& stream) {
  nghttp2_data_provider result{};
  result.source.ptr = &stream;
  result.read_callback = Callbacks::read_body;
  return result;
}

}  // namespace

void Connection::FreeSession::operator()(nghttp2_session* session) const noexcept {
  nghttp2_session_del(session);
}

Connection::Connection(Role role, const Limits& limits, Observer& observer, TimePoint now)
    : role_(role), limits_(limits), observer_(observer), deadlines_(limits, now), guard_(limits), now_(now) {}

Connection::~Connection() = default;

Result<std::unique_ptr<Connection>> Connection::create_client(const Settings& settings, const Limits& limits,
                                                              Observer& observer, TimePoint now) {
  return create(Role::client, settings, limits, observer, now);
}

Result<std::unique_ptr<Connection>> Connection::create_server(const Settings& settings, const Limits& limits,
                                                              Observer& observer, TimePoint now) {
  return create(Role::server, settings, limits, observer, now);
}

Result<std::unique_ptr<Connection>> Connection::create(Role role, const Settings& settings, const Limits& limits,
                                                       Observer& observer, TimePoint now) {
  if (role == Role::server ? settings.invalid_of_server() : settings.invalid()) return fail(Errc::bad_setting);
  std::unique_ptr<Connection> connection(new Connection(role, limits, observer, now));
  if (const auto started = connection->start(settings); !started) return fail(started.error());
  return connection;
}

Result<> Connection::start(const Settings& settings) {
  const auto out_of_memory = fail(std::make_error_code(std::errc::not_enough_memory));
  const bool server = role_ == Role::server;
  const auto options = make_options(server, limits_);
  const auto* const callbacks = Callbacks::table();
  if (!options || !callbacks) return out_of_memory;

  nghttp2_session* made = nullptr;
  const int result = server ? nghttp2_session_server_new2(&made, callbacks, this, options.get())
                            : nghttp2_session_client_new2(&made, callbacks, this, options.get());
  if (result != 0) return out_of_memory;
  session_.reset(made);

  std::vector<nghttp2_settings_entry> entries;
  for (const auto& [id, value] : settings.entries()) entries.push_back({static_cast<std::int32_t>(id), value});
  if (nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, entries.data(), entries.size()) != 0 ||
      nghttp2_session_set_local_window_size(made, NGHTTP2_FLAG_NONE, 0, limits_.connection_window_bytes) != 0)
    return fail(Errc::bad_setting);
  max_streams_ = settings.max_concurrent_streams.value_or(0);
  extended_connect_ = settings.enable_connect_protocol.value_or(0) != 0;
  return {};
}

Result<> Connection::feed(ByteView bytes, TimePoint now) {
  if (input_broken_) return fail(Errc::protocol_error);
  now_ = now;
  deadlines_.input(now);
  const ssize_t taken =
      nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (unread_ >= limits_.max_unread_body_bytes) ++stats_.of(Limit::unread_body);
  if (nghttp2_session_get_outbound_queue_size(session_.get()) > limits_.max_queued_frames)
    ++stats_.of(Limit::queued_output);
  // Before any GOAWAY, only nghttp2's own end of the session stops it from reading.
  if (!closing_ && nghttp2_session_want_read(session_.get()) == 0) rule_broken_ = true;
  if (taken >= 0) return {};
  input_broken_ = true;
  if (taken == NGHTTP2_ERR_NOMEM || taken == NGHTTP2_ERR_CALLBACK_FAILURE) {
    terminate(ErrorCode::internal_error);
  } else if (taken == NGHTTP2_ERR_BAD_CLIENT_MAGIC) {
    terminate(ErrorCode::protocol_error);
  } else {
    enforce(Limit::queued_acks, ErrorCode::enhance_your_calm);  // NGHTTP2_ERR_FLOODED
  }
  return fail(Errc::protocol_error);
}

void Connection::pending_output(Bytes& out, std::size_t limit, TimePoint now) {
  now_ = now;
  out_ = &out;
  out_limit_ = limit;
  while (!output_broken_ && out.size() < limit) {
    const std::uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &data);
    if (size < 0) output_broken_ = true;
    if (size <= 0) break;
    const auto* const bytes = reinterpret_cast<const std::byte*>(data);
    out.insert(out.end(), bytes, bytes + size);
  }
  out_ = nullptr;
}

bool Connection::accepts_input() const {
  return unread_ < limits_.max_unread_body_bytes &&
         nghttp2_session_get_outbound_queue_size(session_.get()) <= limits_.max_queued_frames;
}

bool Connection::wants_output() const {
  return !output_broken_ && nghttp2_session_want_write(session_.get()) != 0;
}

bool Connection::done() const {
  if (output_broken_) return true;
  const bool reads = !input_broken_ && nghttp2_session_want_read(session_.get()) != 0;
  return !reads && nghttp2_session_want_write(session_.get()) == 0;
}

std::optional<TimePoint> Connection::next_timeout() const {
  if (terminated()) return std::nullopt;
  auto next = deadlines_.next();
  const auto sooner = [&next](TimePoint time) { next = std::min(next.value_or(time), time); };
  if (stall_check_) sooner(*stall_check_);
  if (!early_answered_.empty()) sooner(early_answered_.front().first);
  return next;
}

void Connection::on_timeout(TimePoint now) {
  now_ = now;
  if (terminated()) return;
  if (!accepts_input()) deadlines_.input_withheld(now);
  if (stall_check_ && *stall_check_ <= now) check_stalls(now);
  end_early_answered(now);
  switch (deadlines_.due(now)) {
    case Deadlines::Due::nothing:
      break;
    case Deadlines::Due::ping:
      ping();
      break;
    case Deadlines::Due::settings_timeout:
      enforce(Limit::settings_ack, ErrorCode::settings_timeout);
      break;
    case Deadlines::Due::ping_timeout:
      enforce(Limit::ping, ErrorCode::no_error);
      break;
    case Deadlines::Due::preface:
      enforce(Limit::preface, ErrorCode::enhance_your_calm);
      break;
    case Deadlines::Due::header_block:
      enforce(Limit::header_block, ErrorCode::enhance_your_calm);
      break;
    case Deadlines::Due::second_go_away:
      second_go_away();
      break;
  }
}

void Connection::ping() {
  std::array<std::byte, 8> payload{};
  store_be<8>(payload.data(), ++pings_);
  nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, reinterpret_cast<const std::uint8_t*>(payload.data()));
  deadlines_.ping_sent(now_);
}

void Connection::check_stalls(TimePoint now) {
  stall_check_.reset();
  for (const auto& [id, stream] : streams_) {
    if (!stream->sending) continue;
    stall_check_ = now + limits_.send_stall / 3;
    if (send_window(stream->id) != 0 || now - stream->last_progress < limits_.send_stall) continue;
    ++stats_.of(Limit::window_stall);
    reset(stream->id, ErrorCode::cancel);
  }
}

void Connection::end_early_answered(TimePoint now) {
  while (!early_answered_.empty() && early_answered_.front().first <= now) {
    const StreamId id = early_answered_.front().second;
    early_answered_.pop_front();
    // Its request may have ended in the meantime, and the stream with it.
    reset(id, ErrorCode::no_error);
  }
}

Result<StreamId> Connection::submit_request(const Request& request, BodySource* source) {
  if (nghttp2_session_check_request_allowed(session_.get()) == 0) return fail(Errc::closed);
  if (!request.protocol.empty() &&
      nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 0)
    return fail(Errc::unsupported);
  FieldList fields;
  fields.add(":method", request.method);
  if (!request.protocol.empty()) fields.add(":protocol", request.protocol);
  if (!request.scheme.empty()) fields.add(":scheme", request.scheme);
  if (!request.authority.empty()) fields.add(":authority", request.authority);
  if (!request.path.empty()) fields.add(":path", request.path);
  fields.add(request.headers);

  auto stream = std::make_unique<Stream>();
  stream->source = source;
  stream->sending = source != nullptr;
  stream->told = true;
  const auto body = provider(*stream);
  const std::int32_t id =
      nghttp2_submit_request(session_.get(), nullptr, fields.data(), fields.size(), source ? &body : nullptr, nullptr);
  if (id < 0) return fail(Errc::closed);
  stream->id = StreamId(id);
  streams_.emplace(id, std::move(stream));
  ++stats_.requests;
  return StreamId(id);
}

Result<> Connection::submit_response(StreamId id, int status, const http::Headers& headers, BodySource* source) {
  Stream* const stream = find(id.value());
  if (!stream || stream->closed || stream->reset_sent || stream->headers_sent) return fail(Errc::stream_reset);
  const std::string status_text = std::to_string(status);
  FieldList fields;
  fields.add(":status", status_text);
  fields.add(headers);
  stream->headers_sent = true;
  stream->tunnel = stream->connect && status / 100 == 2;
  stream->source = stream->head_request ? nullptr : source;
  const auto body = provider(*stream);
  if (nghttp2_submit_response(session_.get(), id.value(), fields.data(), fields.size(),
                              stream->source ? &body : nullptr) != 0)
    return fail(Errc::stream_reset);
  if (stream->source) resume(id, now_);
  return {};
}

void Connection::refuse(StreamId id) {
  if (Stream* const stream = find(id.value())) refuse_malformed(*stream);
}

void Connection::resume(StreamId id, TimePoint now) {
  Stream* const stream = find(id.value());
  if (!stream || stream->closed || !stream->source) return;
  if (!stream->sending) stream->last_progress = now;
  stream->sending = true;
  if (limits_.send_stall.count() != 0 && !stall_check_) stall_check_ = now + limits_.send_stall / 3;
  nghttp2_session_resume_data(session_.get(), id.value());
}

void Connection::consume(StreamId id, std::size_t bytes) {
  unread_ -= std::min(unread_, bytes);
  Stream* const stream = find(id.value());
  if (!stream || stream->closed || stream->discards()) return;
  nghttp2_session_consume_stream(session_.get(), id.value(), bytes);
}

void Connection::reset(StreamId id, ErrorCode code) {
  Stream* const stream = find(id.value());
  if (!stream || stream->closed || stream->reset_sent) return;
  stream->reset_sent = true;
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id.value(), static_cast<std::uint32_t>(code));
}

void Connection::release(StreamId id) {
  Stream* const stream = find(id.value());
  if (!stream) return;
  stream->released = true;
  stream->sending = false;
  stream->source = nullptr;
  forget_if_over(id.value());
}

std::size_t Connection::send_window(StreamId id) const {
  const std::int32_t stream = nghttp2_session_get_stream_remote_window_size(session_.get(), id.value());
  const std::int32_t connection = nghttp2_session_get_remote_window_size(session_.get());
  return static_cast<std::size_t>(std::max(0, std::min(stream, connection)));
}

StreamState Connection::state(StreamId id) const {
  if (nghttp2_stream* const stream = nghttp2_session_find_stream(session_.get(), id.value())) {
    switch (nghttp2_stream_get_state(stream)) {
      case NGHTTP2_STREAM_STATE_OPEN:
        return StreamState::open;
      case NGHTTP2_STREAM_STATE_RESERVED_LOCAL:
        return StreamState::reserved_local;
      case NGHTTP2_STREAM_STATE_RESERVED_REMOTE:
        return StreamState::reserved_remote;
      case NGHTTP2_STREAM_STATE_HALF_CLOSED_LOCAL:
        return StreamState::half_closed_local;
      case NGHTTP2_STREAM_STATE_HALF_CLOSED_REMOTE:
        return StreamState::half_closed_remote;
      case NGHTTP2_STREAM_STATE_CLOSED:
        return StreamState::closed;
      default:
        return StreamState::idle;
    }
  }
  const Stream* const waiting = find(id.value());
  if (waiting && !waiting->closed) return StreamState::idle;  // its HEADERS wait to be sent
  const bool ours = id.is_client() == (role_ == Role::client);
  const bool seen = ours ? id.value() < static_cast<std::int64_t>(nghttp2_session_get_next_stream_id(session_.get()))
                         : id.value() <= nghttp2_session_get_last_proc_stream_id(session_.get());
  return seen ? StreamState::closed : StreamState::idle;
}

void Connection::shutdown(TimePoint now) {
  if (closing_) return;
  closing_ = true;
  now_ = now;
  if (role_ == Role::client) {
    // The server starts no streams here, so there is nothing that could be under way.
    nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, nullptr, 0);
    return;
  }
  nghttp2_submit_shutdown_notice(session_.get());
  deadlines_.shutdown_begins(now);
  ping();
}

void Connection::second_go_away() {
  deadlines_.shutdown_notice_ends();
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_.get()),
                        NGHTTP2_NO_ERROR, nullptr, 0);
}

void Connection::terminate(ErrorCode code) {
  if (terminated_) return;
  closing_ = terminated_ = true;
  if (error_ == ErrorCode::no_error) error_ = code;
  nghttp2_session_terminate_session(session_.get(), static_cast<std::uint32_t>(code));
}

void Connection::obey(FloodGuard::Verdict verdict) {
  if (verdict) enforce(verdict->limit, verdict->code);
}

void Connection::enforce(Limit limit, ErrorCode code) {
  if (terminated_) return;
  ++stats_.of(limit);
  passed_limit_ = limit;
  terminate(code);
}

bool Connection::timed_out() const {
  return passed_limit_ == Limit::preface || passed_limit_ == Limit::header_block ||
         passed_limit_ == Limit::settings_ack || passed_limit_ == Limit::ping;
}

Stream* Connection::find(std::int32_t id) const {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

void Connection::forget_if_over(std::int32_t id) {
  const Stream* const stream = find(id);
  if (stream && stream->closed && stream->released) streams_.erase(id);
}

}  // namespace camspan::h2
