/// CRC-64/XZ (ECMA-182 polynomial, reflected): what Link Kit's file service compares files by.
#pragma once

#include <camspan/bytes.hpp>

namespace camspan {

/// Check value of "123456789": 0x995DC9BBDF1939FA. Any thread, one at a time.
class Crc64 {
 public:
  /// @param before  value() of the bytes that came already; 0 = none
  explicit Crc64(std::uint64_t before = 0) : state_(~before) {}

  void add(ByteView bytes);
  std::uint64_t value() const { return ~state_; }

 private:
  std::uint64_t state_;
};

}  // namespace camspan
