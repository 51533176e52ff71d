/// Views of bytes. A view given as a parameter is valid for the call only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace camspan {

using ByteView = std::span<const std::byte>;
using Bytes = std::vector<std::byte>;

inline ByteView as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Big-endian integer of `N` bytes; the caller has checked that they are there.
template <std::size_t N>
constexpr std::uint64_t load_be(const std::byte* p) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < N; ++i) value = value << 8 | std::to_integer<std::uint64_t>(p[i]);
  return value;
}

template <std::size_t N>
constexpr void store_be(std::byte* p, std::uint64_t value) {
  for (std::size_t i = N; i-- > 0; value >>= 8) p[i] = static_cast<std::byte>(value & 0xff);
}

}  // namespace camspan
