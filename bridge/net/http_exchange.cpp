#include "net/http_exchange.hpp"

#include <algorithm>

namespace camspan::net {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0 || (high == 0 && low == 0)) return fail(Errc::malformed);
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return out;
}

Result<> set_target(RequestHead& head, std::string_view target) {
  const auto bad = [](char c) { return c <= 0x20 || c >= 0x7f || c == '#'; };
  if (std::any_of(target.begin(), target.end(), bad)) return fail(Errc::malformed);
  head.target = target;
  if (target == "*") {
    head.path = "*";
    return {};
  }
  if (!target.starts_with('/')) return fail(Errc::malformed);
  const std::size_t mark = std::min(target.find('?'), target.size());
  auto path = percent_decode(target.substr(0, mark), false);
  if (!path) return fail(path.error());
  const std::string_view query = target.substr(std::min(mark + 1, target.size()));
  // Checked here once, so that query_value() has no errors to tell of.
  if (const auto decoded = percent_decode(query, true); !decoded) return fail(decoded.error());
  head.path = std::move(*path);
  head.query = query;
  return {};
}

std::optional<std::string> RequestHead::query_value(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (percent_decode(pair.substr(0, equals), true) != std::string(name)) continue;
    const auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (value) return *value;
  }
  return std::nullopt;
}

std::string problem_json(int status, std::string_view cause, std::string_view title, std::string_view detail) {
  std::string out = "{\"type\":";
  append_json_string(out, "/problems/" + std::string(cause));
  out += ",\"title\":";
  append_json_string(out, title);
  out += ",\"status\":" + std::to_string(status) + ",\"detail\":";
  append_json_string(out, detail);
  return out + "}\n";
}

}  // namespace camspan::net
