#pragma once

#include <camspan/bytes.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace camspan::test {

/// Real media that is not part of the sources: from the folder $CAMSPAN_TEST_DATA, which ctest sets to `shared/data`
/// beside the project. A test that needs it skips without it, and has a twin on made media that never does.
inline std::optional<Bytes> test_media(const char* name) {
  const char* folder = std::getenv("CAMSPAN_TEST_DATA");
  if (!folder) return std::nullopt;
  std::ifstream in(std::filesystem::path(folder) / name, std::ios::binary);
  if (!in) return std::nullopt;
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  const ByteView bytes = as_bytes(text);
  return Bytes(bytes.begin(), bytes.end());
}

}  // namespace camspan::test
