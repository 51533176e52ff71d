/// MessagePack values as bytes: how long one is, and whether it may be read at all, before anything is allocated for
/// it.
#pragma once

#include <camspan/bytes.hpp>
#include <camspan/error.hpp>
#include <optional>

namespace camspan::ws_message {

/// What a value from a peer may cost. Over it: Errc::too_large.
struct Limits {
  std::size_t max_bytes = 1 << 20;
  unsigned max_nesting = 16;        ///< containers in each other; at most kMaxNesting
  std::size_t max_elements = 4096;  ///< values of all kinds, the outermost and keys among them
};
inline constexpr unsigned kMaxNesting = 32;  ///< msgpack-c reads no deeper (MSGPACK_EMBED_STACK_SIZE)

enum class Type : std::uint8_t { nil, boolean, unsigned_integer, integer, floating, str, bin, array, map, ext };

/// The first bytes of a value.
struct Header {
  Type type;
  std::size_t size;          ///< of the header; numbers lie in it whole
  std::size_t payload = 0;   ///< bytes of a str, bin or ext that follow
  std::size_t children = 0;  ///< values that follow: elements, or keys and values
  std::uint64_t number = 0;  ///< value of an unsigned_integer
};

/// @return Errc::malformed when bytes are missing or begin no value
Result<Header> read_header(ByteView bytes);

/// Bytes of the first value in `bytes`, all of them there and within `limits`. Allocates nothing.
/// @return Errc::malformed, or Errc::too_large
Result<std::size_t> value_size(ByteView bytes, const Limits& limits);

/// True when `bytes` are exactly one value within `limits`.
Result<> check_value(ByteView bytes, const Limits& limits);

/// The text of a str; nullopt for other values. `value` is whole.
std::optional<std::string_view> as_str(ByteView value);
/// An unsigned integer; nullopt for other values. `value` is whole.
std::optional<std::uint64_t> as_unsigned(ByteView value);
/// The bytes of a bin; nullopt for other values. `value` is whole.
std::optional<ByteView> as_bin(ByteView value);

}  // namespace camspan::ws_message
