#include "proto/ws_message/value.hpp"

#include <algorithm>
#include <array>

namespace camspan::ws_message {
namespace {

/// Big-endian integer of 1, 2, 4 or 8 bytes.
std::uint64_t load(const std::byte* p, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value = value << 8 | std::to_integer<std::uint64_t>(p[i]);
  return value;
}

/// What the bytes 0xc0 to 0xdf begin (MessagePack specification, "Formats").
struct Form {
  Type type;
  std::uint8_t width;      ///< bytes after the first: a number, or a length
  std::uint8_t extra = 0;  ///< of payload beyond the length: the type of an ext
};

constexpr std::array<Form, 32> kForms = {{
    {Type::nil, 0},
    {Type::nil, 0} /* 0xc1: never used */,
    {Type::boolean, 0},
    {Type::boolean, 0},
    {Type::bin, 1},
    {Type::bin, 2},
    {Type::bin, 4},
    {Type::ext, 1, 1},
    {Type::ext, 2, 1},
    {Type::ext, 4, 1},
    {Type::floating, 4},
    {Type::floating, 8},
    {Type::unsigned_integer, 1},
    {Type::unsigned_integer, 2},
    {Type::unsigned_integer, 4},
    {Type::unsigned_integer, 8},
    {Type::integer, 1},
    {Type::integer, 2},
    {Type::integer, 4},
    {Type::integer, 8},
    {Type::ext, 0, 2},
    {Type::ext, 0, 3},
    {Type::ext, 0, 5},
    {Type::ext, 0, 9},
    {Type::ext, 0, 17},
    {Type::str, 1},
    {Type::str, 2},
    {Type::str, 4},
    {Type::array, 2},
    {Type::array, 4},
    {Type::map, 2},
    {Type::map, 4},
}};

Header short_form(std::uint8_t first) {
  if (first < 0x80) return {Type::unsigned_integer, 1, 0, 0, first};
  if (first < 0x90) return {Type::map, 1, 0, 2u * (first & 15u)};
  if (first < 0xa0) return {Type::array, 1, 0, first & 15u};
  if (first < 0xc0) return {Type::str, 1, first & 31u};
  return {Type::integer, 1};  // 0xe0 to 0xff: -32 to -1
}

}  // namespace

Result<Header> read_header(ByteView bytes) {
  if (bytes.empty()) return fail(Errc::malformed);
  const auto first = std::to_integer<std::uint8_t>(bytes[0]);
  if (first < 0xc0 || first >= 0xe0) return short_form(first);
  if (first == 0xc1) return fail(Errc::malformed);
  const Form form = kForms[first - 0xc0u];
  Header header{form.type, 1u + form.width, form.extra};
  if (bytes.size() < header.size) return fail(Errc::malformed);
  const std::uint64_t number = load(bytes.data() + 1, form.width);
  switch (form.type) {
    case Type::unsigned_integer:
      header.number = number;
      break;
    case Type::str:
    case Type::bin:
    case Type::ext:
      header.payload += number;
      break;
    case Type::array:
      header.children = number;
      break;
    case Type::map:
      header.children = 2 * number;
      break;
    default:
      break;
  }
  return header;
}

Result<std::size_t> value_size(ByteView bytes, const Limits& limits) {
  std::array<std::size_t, kMaxNesting> left;  // values still to come of each open container
  std::size_t depth = 0;
  std::size_t elements = 0;
  std::size_t at = 0;
  const std::size_t nesting = std::min(limits.max_nesting, kMaxNesting);
  for (;;) {
    const auto header = read_header(bytes.subspan(at));
    if (!header) return fail(header.error());
    const std::size_t rest = bytes.size() - at - header->size;
    // Each child takes a byte at least, so no count can be larger than what is there.
    if (header->payload > rest || header->children > rest) return fail(Errc::malformed);
    at += header->size + header->payload;
    if (++elements > limits.max_elements || at > limits.max_bytes) return fail(Errc::too_large);
    if (header->type == Type::array || header->type == Type::map) {
      if (depth == nesting) return fail(Errc::too_large);
      left[depth++] = header->children;
    } else if (depth > 0) {
      --left[depth - 1];
    }
    while (depth > 0 && left[depth - 1] == 0)
      if (--depth > 0) --left[depth - 1];
    if (depth == 0) return at;
  }
}

Result<> check_value(ByteView bytes, const Limits& limits) {
  const auto size = value_size(bytes, limits);
  if (!size) return fail(size.error());
  if (*size != bytes.size()) return fail(Errc::malformed);
  return {};
}

std::optional<std::string_view> as_str(ByteView value) {
  const auto header = read_header(value);
  if (!header || header->type != Type::str) return std::nullopt;
  return as_text(value.subspan(header->size, header->payload));
}

std::optional<std::uint64_t> as_unsigned(ByteView value) {
  const auto header = read_header(value);
  if (!header || header->type != Type::unsigned_integer) return std::nullopt;
  return header->number;
}

std::optional<ByteView> as_bin(ByteView value) {
  const auto header = read_header(value);
  if (!header || header->type != Type::bin) return std::nullopt;
  return value.subspan(header->size, header->payload);
}

}  // namespace camspan::ws_message
