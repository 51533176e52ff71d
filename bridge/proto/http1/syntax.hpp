/// The small pieces of HTTP's grammar (RFC 9110 section 5.6).
#pragma once

#include <string_view>

namespace camspan::http1 {

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// A method or the name of a field.
bool is_token(std::string_view text);

/// A field value without CR, LF and NUL, which would end it early at somebody.
bool is_field_value(std::string_view text);

/// Host with or without port: no user, no path, nothing that needs quoting. Not looked up.
bool is_authority(std::string_view text);

/// ASCII only.
bool equal_nocase(std::string_view a, std::string_view b);

/// True when the comma separated list `value` has `token`, in upper or lower case.
bool list_has(std::string_view value, std::string_view token);

}  // namespace camspan::http1
