#include "gos/msgpack_object.hpp"

#include <cstdlib>

#include "proto/ws_message/value.hpp"

namespace camspan::gos {
namespace {

using ws_message::Header;
using ws_message::Type;

std::uint64_t load(ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::byte byte : bytes) value = value << 8 | std::to_integer<std::uint64_t>(byte);
  return value;
}

/// @param width  bytes of the number; 0 = it lies in the first byte
void read_number(Node& node, std::uint8_t first, ByteView number, bool is_signed) {
  const std::uint64_t bits = number.empty() ? first : load(number);
  switch (number.size()) {
    case 0:
    case 1:
      node.base.type = is_signed ? MSGPACK_TYPE_INT8 : MSGPACK_TYPE_UINT8;
      node.data8.data.u = static_cast<std::uint8_t>(bits);
      break;
    case 2:
      node.base.type = is_signed ? MSGPACK_TYPE_INT16 : MSGPACK_TYPE_UINT16;
      node.data16.data.u = static_cast<std::uint16_t>(bits);
      break;
    case 4:
      node.base.type = is_signed ? MSGPACK_TYPE_INT32 : MSGPACK_TYPE_UINT32;
      node.data32.data.u = static_cast<std::uint32_t>(bits);
      break;
    default:
      node.base.type = is_signed ? MSGPACK_TYPE_INT64 : MSGPACK_TYPE_UINT64;
      node.data64.data.u = bits;
  }
}

void read_float(Node& node, ByteView number) {
  const bool is_double = number.size() == 8;
  node.base.type = is_double ? MSGPACK_TYPE_DOUBLE : MSGPACK_TYPE_FLOAT;
  if (is_double)
    node.data64.data.u = load(number);
  else
    node.data32.data.u = static_cast<std::uint32_t>(load(number));
}

void read_bytes(Node& node, ByteView payload, bool is_text) {
  node.bytes.assign(payload.begin(), payload.end());
  if (is_text) {
    node.bytes.push_back(std::byte{0});
    node.base.type = MSGPACK_TYPE_STR;
    node.str.data = reinterpret_cast<const char*>(node.bytes.data());
    node.str.length = static_cast<std::uint32_t>(payload.size());
  } else {
    node.base.type = MSGPACK_TYPE_BIN;
    node.bin.data = reinterpret_cast<const std::uint8_t*>(node.bytes.data());
    node.bin.length = static_cast<std::uint32_t>(payload.size());
  }
}

/// @param bytes  checked; the value is taken off its front
NodePtr take(ByteView& bytes) {
  auto node = std::make_unique<Node>();
  node->base.flags = MSGPACK_OBJECT_FLAG_WAS_ALLOCATED;
  const Header header = ws_message::read_header(bytes).value();
  const auto first = std::to_integer<std::uint8_t>(bytes[0]);
  const ByteView number = bytes.subspan(1, header.size - 1);
  const ByteView payload = bytes.subspan(header.size, header.payload);
  bytes = bytes.subspan(header.size + header.payload);
  switch (header.type) {
    case Type::nil:
      node->base.type = MSGPACK_TYPE_NIL;
      break;
    case Type::boolean:
      node->base.type = MSGPACK_TYPE_BOOL;
      node->data8.data.boolean = first == 0xc3;
      break;
    case Type::unsigned_integer:
    case Type::integer:
      read_number(*node, first, number, header.type == Type::integer);
      break;
    case Type::floating:
      read_float(*node, number);
      break;
    case Type::str:
    case Type::bin:
    case Type::ext:  // its bytes, with the type in front
      read_bytes(*node, payload, header.type == Type::str);
      break;
    case Type::array:
    case Type::map:
      node->base.type = header.type == Type::map ? MSGPACK_TYPE_DICT : MSGPACK_TYPE_ARRAY;
      for (std::size_t i = 0; i < header.children; ++i) node->children.push_back(take(bytes));
      break;
  }
  return node;
}

}  // namespace

Node::~Node() {
  if ((base.flags & MSGPACK_OBJECT_FLAG_AUTO_FREE_USER) != 0) std::free(user);
}

NodePtr read_value(ByteView bytes) {
  if (!ws_message::check_value(bytes, {SIZE_MAX, ws_message::kMaxNesting, SIZE_MAX})) return nullptr;
  return take(bytes);
}

bool read_integer(const Node* node, Integer& integer) {
  const auto of_signed = [&](std::int64_t value) { integer = {value < 0, static_cast<std::uint64_t>(value)}; };
  if (node == nullptr) return false;
  switch (node->base.type) {
    case MSGPACK_TYPE_INT8:
      of_signed(node->data8.data.s);
      return true;
    case MSGPACK_TYPE_INT16:
      of_signed(node->data16.data.s);
      return true;
    case MSGPACK_TYPE_INT32:
      of_signed(node->data32.data.s);
      return true;
    case MSGPACK_TYPE_INT64:
      of_signed(node->data64.data.s);
      return true;
    case MSGPACK_TYPE_UINT8:
      integer = {false, node->data8.data.u};
      return true;
    case MSGPACK_TYPE_UINT16:
      integer = {false, node->data16.data.u};
      return true;
    case MSGPACK_TYPE_UINT32:
      integer = {false, node->data32.data.u};
      return true;
    case MSGPACK_TYPE_UINT64:
      integer = {false, node->data64.data.u};
      return true;
    default:
      return false;
  }
}

}  // namespace camspan::gos
