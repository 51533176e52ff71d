#include "proto/rtc/crc32c.hpp"

#include <array>
#include <cstring>
#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <arm_acle.h>
#include <sys/auxv.h>
#endif

namespace camspan::rtc {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? 0x82f63b78U : 0U);
    table[i] = value;
  }
  return table;
}
constexpr auto kTable = make_table();

std::uint32_t by_table(std::uint32_t crc, ByteView bytes) noexcept {
  for (const auto byte : bytes) crc = crc >> 8 ^ kTable[(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xff];
  return crc;
}

#if defined(__x86_64__)
bool has_instruction() noexcept {
  return __builtin_cpu_supports("sse4.2") != 0;
}
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::uint32_t crc, ByteView bytes) noexcept {
  std::uint64_t wide = crc;
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof(word));
    wide = _mm_crc32_u64(wide, word);
  }
  return by_table(static_cast<std::uint32_t>(wide), bytes);
}
#elif defined(__aarch64__) && defined(__linux__)
bool has_instruction() noexcept {
  return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;
}
__attribute__((target("+crc"))) std::uint32_t by_instruction(std::uint32_t crc, ByteView bytes) noexcept {
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof(word));
    crc = __crc32cd(crc, word);
  }
  return by_table(crc, bytes);
}
#else
constexpr bool has_instruction() noexcept {
  return false;
}
std::uint32_t by_instruction(std::uint32_t crc, ByteView bytes) noexcept {
  return by_table(crc, bytes);
}
#endif

}  // namespace

std::uint32_t crc32c(ByteView bytes) noexcept {
  static const auto compute = has_instruction() ? &by_instruction : &by_table;
  return ~compute(0xffffffffU, bytes);
}

}  // namespace camspan::rtc
