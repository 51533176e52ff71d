#include "proto/http1/syntax.hpp"

#include <algorithm>

namespace camspan::http1 {
namespace {

constexpr bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

bool all_of(std::string_view text, std::string_view punctuation) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [punctuation](char c) {
    return is_alphanumeric(c) || punctuation.find(c) != punctuation.npos;
  });
}

}  // namespace

bool is_token(std::string_view text) {
  return all_of(text, "!#$%&'*+-.^_`|~");
}

bool is_field_value(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos;
}

// RFC 3986 section 3.2.2: unreserved, sub-delims, percent-encoded, and brackets and colons of addresses.
bool is_authority(std::string_view text) {
  return all_of(text, "-._~!$&'()*+,;=%[]:");
}

bool equal_nocase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

bool list_has(std::string_view value, std::string_view token) {
  while (!value.empty()) {
    const std::size_t comma = std::min(value.find(','), value.size());
    std::string_view item = value.substr(0, comma);
    item.remove_prefix(std::min(item.find_first_not_of(" \t"), item.size()));
    item.remove_suffix(item.size() - (item.find_last_not_of(" \t") + 1));
    if (equal_nocase(item, token)) return true;
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  return false;
}

}  // namespace camspan::http1
