#include "proto/ws_message/message.hpp"

#include <limits>
#include <utility>

#include "proto/ws/frame.hpp"
#include "proto/ws_message/packer.hpp"

namespace camspan::ws_message {
namespace {

/// The values of the keys that mean something here; of a key that comes twice the last one.
struct Fields {
  std::optional<ByteView> id, method, stream, data, code, msg;

  std::optional<ByteView>* find(std::string_view key) {
    if (key == "id") return &id;
    if (key == "method") return &method;
    if (key == "stream") return &stream;
    if (key == "data") return &data;
    if (key == "code") return &code;
    if (key == "msg") return &msg;
    return nullptr;
  }
};

/// Takes one value off the front of what was checked already.
ByteView take(ByteView& bytes) {
  const std::size_t size = value_size(bytes, {SIZE_MAX, kMaxNesting, SIZE_MAX}).value_or(bytes.size());
  return std::exchange(bytes, bytes.subspan(size)).first(size);
}

std::optional<std::string_view> text(const std::optional<ByteView>& value) {
  return value ? as_str(*value) : std::nullopt;
}

std::optional<std::uint32_t> number(const std::optional<ByteView>& value) {
  const auto wide = value ? as_unsigned(*value) : std::nullopt;
  if (!wide || *wide > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(*wide);
}

Message read(const Fields& fields) {
  const auto id = number(fields.id);
  if (fields.id && !id) return Unusable{};
  if (fields.method || !fields.code) return Request{id, text(fields.method), text(fields.stream), fields.data};
  const auto code = number(fields.code);
  if (!id || !code || *code < 1 || *code > 6) return Unusable{};
  return Response{*id, static_cast<Code>(*code), text(fields.msg), fields.data};
}

void put_request(Packer& packer, const Request& request, bool with_data) {
  packer.map_header(1u + (request.id ? 1u : 0u) + (request.stream ? 1u : 0u) + (with_data ? 1u : 0u));
  if (request.id) {
    packer.str("id");
    packer.unsigned_integer(*request.id);
  }
  packer.str("method");
  packer.str(request.method.value_or(""));
  if (request.stream) {
    packer.str("stream");
    packer.str(*request.stream);
  }
  if (with_data) packer.str("data");
}

SharedFrame make_frame(ws::Opcode opcode, Bytes message, ByteView body, std::shared_ptr<const void> owner) {
  auto made = std::make_shared<Frame>();
  const Bytes header = ws::frame_header(opcode, message.size() + body.size());
  made->head = std::move(message);
  made->head.insert(made->head.begin(), header.begin(), header.end());
  made->body = body;
  made->owner = std::move(owner);
  return made;
}

}  // namespace

Result<Message> decode(ByteView bytes, const Limits& limits) {
  if (bytes.size() > limits.max_bytes) return fail(Errc::too_large);
  if (const auto whole = check_value(bytes, limits); !whole) return fail(whole.error());
  const auto header = read_header(bytes);
  if (!header || header->type != Type::map) return fail(Errc::malformed);
  Fields fields;
  bytes = bytes.subspan(header->size);
  for (std::size_t pair = 0; pair < header->children / 2; ++pair) {
    const auto key = as_str(take(bytes));
    const ByteView value = take(bytes);
    if (auto* const field = key ? fields.find(*key) : nullptr) *field = value;
  }
  return read(fields);
}

Bytes encode(const Request& request) {
  Bytes out;
  Packer packer(out);
  put_request(packer, request, request.data.has_value());
  if (request.data) packer.raw(*request.data);
  return out;
}

Bytes encode(const Response& response) {
  Bytes out;
  Packer packer(out);
  packer.map_header(2u + (response.msg ? 1u : 0u) + (response.data ? 1u : 0u));
  packer.str("id");
  packer.unsigned_integer(response.id);
  packer.str("code");
  packer.unsigned_integer(static_cast<std::uint8_t>(response.code));
  if (response.msg) {
    packer.str("msg");
    packer.str(*response.msg);
  }
  if (response.data) {
    packer.str("data");
    packer.raw(*response.data);
  }
  return out;
}

Bytes request_head(const Request& request) {
  Bytes out;
  Packer packer(out);
  put_request(packer, request, true);
  return out;
}

SharedFrame frame(Bytes message, ByteView body, std::shared_ptr<const void> owner) {
  return make_frame(ws::Opcode::binary, std::move(message), body, std::move(owner));
}

SharedFrame text_frame(Bytes message) {
  return make_frame(ws::Opcode::text, std::move(message), {}, nullptr);
}

}  // namespace camspan::ws_message
