#pragma once

#include <camspan/bytes.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace camspan::test {

/// Real media that is not part of the sources: in $CAMSPAN_TEST_DATA, or in `shared/data` beside the project's folder.
/// A test that needs it skips without it, and has a twin on made media that never does.
inline std::optional<Bytes> test_media(const char* name) {
  const char* set = std::getenv("CAMSPAN_TEST_DATA");
  const auto project = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
  const auto folder = set ? std::filesystem::path(set) : project.parent_path() / "shared" / "data";
  std::ifstream in(folder / name, std::ios::binary);
  if (!in) return std::nullopt;
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  const ByteView bytes = as_bytes(text);
  return Bytes(bytes.begin(), bytes.end());
}

}  // namespace camspan::test
