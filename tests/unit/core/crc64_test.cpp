#include "core/crc64.hpp"

#include <gtest/gtest.h>

#include <string>

namespace camspan {
namespace {

std::uint64_t of(std::string_view text) {
  Crc64 crc;
  crc.add(as_bytes(text));
  return crc.value();
}

/// Bit by bit, as the polynomial says.
std::uint64_t slowly(std::string_view text) {
  std::uint64_t state = ~0ull;
  for (const char c : text) {
    state ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) state = (state & 1) != 0 ? state >> 1 ^ 0xc96c5795d7870f42ull : state >> 1;
  }
  return ~state;
}

TEST(Crc64Test, GivesTheCheckValue) {
  EXPECT_EQ(of("123456789"), 11051210869376104954ull);
  EXPECT_EQ(of(""), 0u);
}

TEST(Crc64Test, AgreesWithTheBitwiseFormAtEveryLength) {
  std::string text;
  for (int i = 0; i < 70; ++i) {
    EXPECT_EQ(of(text), slowly(text)) << i;
    text += static_cast<char>(i * 37 + 11);
  }
}

TEST(Crc64Test, GoesOnFromAValueThatWasKept) {
  const std::string text = "some bytes that came in two parts, the first of them long ago";
  for (std::size_t at = 0; at <= text.size(); ++at) {
    Crc64 first;
    first.add(as_bytes(text.substr(0, at)));
    Crc64 second(first.value());
    second.add(as_bytes(text.substr(at)));
    EXPECT_EQ(second.value(), of(text));
  }
}

}  // namespace
}  // namespace camspan
