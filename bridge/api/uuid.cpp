#include "api/uuid.hpp"

#include <camspan/hal.h>
#include <openssl/evp.h>

#include <array>
#include <cstdio>

namespace camspan {
namespace {

using Words = std::array<std::uint32_t, 4>;

std::string format(Words words, std::uint32_t version) {
  words[1] = (words[1] & 0xffff0fffu) | version << 12;
  words[2] = (words[2] & 0x3fffffffu) | 0x80000000u;
  std::array<char, 37> text{};
  std::snprintf(text.data(), text.size(), "%08x-%04x-%04x-%04x-%04x%08x", words[0], words[1] >> 16, words[1] & 0xffffu,
                words[2] >> 16, words[2] & 0xffffu, words[3]);
  return text.data();
}

}  // namespace

std::uint32_t random_32() {
  std::uint32_t value = 0;
  if (hal()->random(&value, sizeof value) != 0) value = static_cast<std::uint32_t>(hal()->monotonic_ns());
  return value;
}

std::string make_uuid() {
  return format({random_32(), random_32(), random_32(), random_32()}, 4);
}

std::string uuid_of_rest(const std::string& stream, std::uint64_t first) {
  const std::string name = "camspan rest of " + stream + " from " + std::to_string(first);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  EVP_Digest(name.data(), name.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  Words words{};
  for (std::size_t i = 0; i < 16; ++i) words[i / 4] = words[i / 4] << 8 | digest[i];
  return format(words, 8);
}

}  // namespace camspan
