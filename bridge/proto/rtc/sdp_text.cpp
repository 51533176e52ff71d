#include "proto/rtc/sdp_text.hpp"

#include <algorithm>

namespace camspan::rtc {
namespace {

// Host names and extensions included; browsers stay below 200.
constexpr std::size_t kMaxCandidateBytes = 1024;
constexpr std::size_t kMaxIceText = 256;  // RFC 8839 section 5.4
constexpr std::size_t kMinUfrag = 4;
constexpr std::size_t kMinPwd = 22;

bool is_ice_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
         // Not of the grammar, and seen in the wild (base64url, UUIDs).
         c == '-' || c == '_' || c == '=';
}

}  // namespace

std::optional<std::string_view> SdpLine::attribute(std::string_view name) const {
  if (type != 'a' || !value.starts_with(name)) return std::nullopt;
  std::string_view rest = value.substr(name.size());
  if (rest.empty()) return rest;
  if (rest.front() != ':') return std::nullopt;
  rest.remove_prefix(1);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  while (rest.ends_with(' ')) rest.remove_suffix(1);
  return rest;
}

tl::unexpected<SdpError> sdp_error(SdpError::Kind kind, std::size_t line, std::string sentence) {
  if (line > 0) sentence = "Line " + std::to_string(line) + ": " + sentence;
  return tl::unexpected(SdpError{kind, line, std::move(sentence)});
}

tl::expected<std::vector<SdpLine>, SdpError> split_sdp(std::string_view text) {
  using Kind = SdpError::Kind;
  if (text.size() > kMaxSdpBytes)
    return sdp_error(Kind::too_large, 0,
                     "It has " + std::to_string(text.size()) + " bytes; at most " + std::to_string(kMaxSdpBytes) +
                         " are read. Offer fewer sections and candidates.");
  std::vector<SdpLine> lines;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (number > kMaxSdpLines) return sdp_error(Kind::too_large, number, "There are too many lines. Offer less.");
    if (line.size() < 2 || line[1] != '=' || line[0] < 'a' || line[0] > 'z')
      return sdp_error(Kind::malformed, number, "It is not of the form x=value.");
    if (std::any_of(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; }))
      return sdp_error(Kind::malformed, number, "It has a control character.");
    lines.push_back({number, line[0], line.substr(2)});
  }
  return lines;
}

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = text.find(' ');
    if (end != 0) words.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return words;
}

bool is_ice_text(std::string_view text, std::size_t least) {
  return text.size() >= least && text.size() <= kMaxIceText && std::all_of(text.begin(), text.end(), is_ice_char);
}

bool take_ice(const SdpLine& line, IceCredentials& ice) {
  if (const auto ufrag = line.attribute("ice-ufrag")) {
    ice.ufrag = *ufrag;
    return is_ice_text(*ufrag, kMinUfrag);
  }
  if (const auto pwd = line.attribute("ice-pwd")) {
    ice.pwd = *pwd;
    return is_ice_text(*pwd, kMinPwd);
  }
  return true;
}

std::optional<std::string> candidate_of(const SdpLine& line) {
  if (line.type != 'a' || !line.value.starts_with("candidate:") || line.value.size() > kMaxCandidateBytes)
    return std::nullopt;
  return std::string(line.value);
}

}  // namespace camspan::rtc
