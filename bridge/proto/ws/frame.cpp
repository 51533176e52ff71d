#include "proto/ws/frame.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <wslay/wslay.h>
#include <algorithm>
#include <array>
#include <cstring>
#include <list>
#include <new>

namespace camspan::ws {
namespace {

// RFC 6455 section 5.5: a control frame carries 125 bytes; a close code takes two of them.
constexpr std::size_t kMaxReasonBytes = 123;

struct FreeContext {
  void operator()(wslay_event_context* context) const noexcept { wslay_event_context_free(context); }
};

}  // namespace

Bytes frame_header(Opcode opcode, std::uint64_t size) {
  Bytes header{std::byte{0x80} | static_cast<std::byte>(opcode)};  // FIN
  if (size < 126) {
    header.push_back(static_cast<std::byte>(size));
  } else if (size <= 0xffff) {
    header.resize(4, std::byte{126});
    store_be<2>(header.data() + 2, size);
  } else {
    header.resize(10, std::byte{127});
    store_be<8>(header.data() + 2, size);
  }
  return header;
}

std::string accept_key(std::string_view client_key) {
  const std::string text = std::string(client_key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 section 1.3
  std::array<unsigned char, 20> digest;
  if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha1(), nullptr) != 1) throw std::bad_alloc();
  std::array<unsigned char, 29> base64;
  const int size = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(digest.size()));
  return {reinterpret_cast<const char*>(base64.data()), static_cast<std::size_t>(size)};
}

/// wslay's context has 8 KiB of buffers. It is there from the first byte of a message to its end, and as long as
/// something is to be sent or the end has begun: most sessions of a server that streams have none, most of the time.
struct FrameSession::Impl {
  Impl(Role wanted, Limits wanted_limits) : role(wanted), limits(wanted_limits) {}

  wslay_event_context* in_use();
  void release_if_idle();

  static ssize_t on_read(wslay_event_context* context, std::uint8_t* into, std::size_t size, int, void* user) noexcept;
  static ssize_t on_write(wslay_event_context* context, const std::uint8_t* data, std::size_t size, int,
                          void* user) noexcept;
  static int on_mask(wslay_event_context*, std::uint8_t* into, std::size_t size, void*) noexcept;
  static void on_frame(wslay_event_context*, const wslay_event_on_frame_recv_start_arg* frame, void* user) noexcept;
  static void on_message(wslay_event_context* context, const wslay_event_on_msg_recv_arg* message, void* user) noexcept;
  void name_protocol_error(std::size_t from);

  std::unique_ptr<wslay_event_context, FreeContext> context;
  ByteView input;
  Bytes unsent;
  std::list<Event> events;
  const Role role;
  const Limits limits;
  std::uint64_t fed = 0;     // bytes given to the context
  std::uint64_t framed = 0;  // bytes of the frames that have begun in it; as many as `fed` between two frames
  bool fragmented = false;   // the message goes on in another frame
  bool closed = false;       // a close frame came in good order
};

wslay_event_context* FrameSession::Impl::in_use() {
  if (context) return context.get();
  wslay_event_callbacks callbacks{};
  callbacks.recv_callback = on_read;
  callbacks.send_callback = on_write;
  callbacks.genmask_callback = on_mask;
  callbacks.on_frame_recv_start_callback = on_frame;
  callbacks.on_msg_recv_callback = on_message;
  wslay_event_context* made = nullptr;
  const auto init = role == Role::server ? wslay_event_context_server_init : wslay_event_context_client_init;
  if (init(&made, &callbacks, this) != 0) throw std::bad_alloc();
  context.reset(made);
  wslay_event_config_set_max_recv_msg_length(made, limits.max_message_bytes);
  fed = framed = 0;
  return made;
}

void FrameSession::Impl::release_if_idle() {
  wslay_event_context* const now = context.get();
  if (now == nullptr || fed != framed || fragmented) return;
  const bool ends = wslay_event_get_close_sent(now) != 0 || wslay_event_get_read_enabled(now) == 0;
  if (!ends && wslay_event_want_write(now) == 0) context.reset();
}

ssize_t FrameSession::Impl::on_read(wslay_event_context* context, std::uint8_t* into, std::size_t size, int,
                                    void* user) noexcept {
  Impl& self = *static_cast<Impl*>(user);
  const std::size_t count = std::min(size, self.input.size());
  if (count == 0) {
    wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
    return -1;
  }
  std::memcpy(into, self.input.data(), count);
  self.input = self.input.subspan(count);
  return static_cast<ssize_t>(count);
}

ssize_t FrameSession::Impl::on_write(wslay_event_context* context, const std::uint8_t* data, std::size_t size, int,
                                     void* user) noexcept try {
  const auto bytes = std::as_bytes(std::span(data, size));
  Bytes& unsent = static_cast<Impl*>(user)->unsent;
  unsent.insert(unsent.end(), bytes.begin(), bytes.end());
  return static_cast<ssize_t>(size);
} catch (const std::bad_alloc&) {
  wslay_event_set_error(context, WSLAY_ERR_CALLBACK_FAILURE);
  return -1;
}

int FrameSession::Impl::on_mask(wslay_event_context*, std::uint8_t* into, std::size_t size, void*) noexcept {
  return RAND_bytes(into, static_cast<int>(size)) == 1 ? 0 : -1;
}

void FrameSession::Impl::on_frame(wslay_event_context*, const wslay_event_on_frame_recv_start_arg* frame,
                                  void* user) noexcept {
  Impl& self = *static_cast<Impl*>(user);
  // The header by RFC 6455 section 5.2; wslay refuses a length that is not in its shortest form.
  const std::uint64_t size = frame->payload_length;
  self.framed += size + 2 + (size < 126 ? 0 : size <= 0xffff ? 2 : 8) + (self.role == Role::server ? 4 : 0);
  if (wslay_is_ctrl_frame(frame->opcode) == 0) self.fragmented = frame->fin == 0;
}

void FrameSession::Impl::on_message(wslay_event_context*, const wslay_event_on_msg_recv_arg* message,
                                    void* user) noexcept {
  Impl& self = *static_cast<Impl*>(user);
  const auto payload = std::as_bytes(std::span(message->msg, message->msg_length));
  try {
    switch (message->opcode) {
      case WSLAY_TEXT_FRAME:
      case WSLAY_BINARY_FRAME:
        self.events.push_back(Message{message->opcode == WSLAY_TEXT_FRAME, Bytes(payload.begin(), payload.end())});
        break;
      case WSLAY_PONG:
        self.events.push_back(Pong{});
        break;
      case WSLAY_CONNECTION_CLOSE: {
        if (payload.size() == 1) break;  // half a code; wslay takes it for none
        self.closed = true;
        const std::uint16_t code =
            message->status_code != 0 ? message->status_code : static_cast<std::uint16_t>(WSLAY_CODE_NO_STATUS_RCVD);
        self.events.push_back(
            Closed{code, std::string(as_text(payload.subspan(std::min<std::size_t>(2, payload.size()))))});
        break;
      }
      default:
        break;
    }
  } catch (const std::bad_alloc&) {
    wslay_event_shutdown_read(self.context.get());  // as if it were the peer's fault
  }
}

FrameSession::FrameSession(Role role, Limits limits) : impl_(std::make_unique<Impl>(role, limits)) {}
FrameSession::~FrameSession() = default;
FrameSession::FrameSession(FrameSession&&) noexcept = default;
FrameSession& FrameSession::operator=(FrameSession&&) noexcept = default;

Result<> FrameSession::feed(ByteView bytes) {
  Impl& self = *impl_;
  wslay_event_context* const context = self.in_use();
  if (wslay_event_get_read_enabled(context) == 0) return {};  // after a close frame nothing counts
  self.input = bytes;
  self.fed += bytes.size();
  const int result = wslay_event_recv(context);
  self.input = {};
  if (result == 0 && (wslay_event_get_read_enabled(context) != 0 || self.closed)) {
    self.release_if_idle();
    return {};
  }
  // wslay has queued a close frame, and tells its code once the frame is on its way.
  const std::size_t before = self.unsent.size();
  wslay_event_send(context);
  const std::uint16_t code = wslay_event_get_status_code_sent(context);
  if (code == WSLAY_CODE_NO_STATUS_RCVD) self.name_protocol_error(before);
  return fail(code == WSLAY_CODE_MESSAGE_TOO_BIG ? Errc::too_large : Errc::protocol_error);
}

/// Puts a code into the close frame that wslay leaves empty when a frame's header is wrong.
/// @param from  where in `unsent` the frames begin that were written for it; the close frame is the last one
void FrameSession::Impl::name_protocol_error(std::size_t from) {
  const std::size_t empty_frame = role == Role::client ? 6 : 2;
  if (unsent.size() < from + empty_frame) return;
  std::byte* frame = unsent.data() + unsent.size() - empty_frame;
  if (frame[0] != (std::byte{0x80} | static_cast<std::byte>(Opcode::close))) return;
  frame[1] |= std::byte{2};
  std::array<std::byte, 2> code;
  store_be<2>(code.data(), WSLAY_CODE_PROTOCOL_ERROR);
  if (role == Role::client)
    for (std::size_t i = 0; i < code.size(); ++i) code[i] ^= frame[2 + i];
  unsent.insert(unsent.end(), code.begin(), code.end());
}

std::optional<FrameSession::Event> FrameSession::poll() {
  if (impl_->events.empty()) return std::nullopt;
  Event event = std::move(impl_->events.front());
  impl_->events.pop_front();
  return event;
}

Result<> FrameSession::send(Opcode opcode, ByteView payload) {
  const wslay_event_msg message{static_cast<std::uint8_t>(opcode),
                                reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()};
  switch (wslay_event_queue_msg(impl_->in_use(), &message)) {
    case 0:
      return {};
    case WSLAY_ERR_NO_MORE_MSG:
      return fail(Errc::closed);
    default:
      return fail(Errc::too_large);
  }
}

Result<> FrameSession::close(std::uint16_t code, std::string_view reason) {
  if (reason.size() > kMaxReasonBytes) {
    std::size_t end = kMaxReasonBytes;
    while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xc0) == 0x80) --end;  // whole UTF-8 characters
    reason = reason.substr(0, end);
  }
  const int result = wslay_event_queue_close(impl_->in_use(), code,
                                             reinterpret_cast<const std::uint8_t*>(reason.data()), reason.size());
  return result == 0 ? Result<>{} : fail(Errc::closed);
}

bool FrameSession::closing() const {
  return impl_->context && wslay_event_get_close_sent(impl_->context.get()) != 0;
}

void FrameSession::pending_output(Bytes& out) {
  if (impl_->context) wslay_event_send(impl_->context.get());
  impl_->release_if_idle();
  out.insert(out.end(), impl_->unsent.begin(), impl_->unsent.end());
  impl_->unsent = Bytes();
}

}  // namespace camspan::ws
