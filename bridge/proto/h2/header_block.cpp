#include "proto/h2/header_block.hpp"

#include <nghttp2/nghttp2.h>
#include <algorithm>
#include <charconv>

namespace camspan::h2 {
namespace {

constexpr std::array<std::string_view, 6> kPseudoNames{":method", ":scheme", ":authority",
                                                       ":path",   ":status", ":protocol"};
/// RFC 9113 section 8.2.2.
constexpr std::array<std::string_view, 5> kConnectionFields{"connection", "keep-alive", "proxy-connection",
                                                            "transfer-encoding", "upgrade"};

const std::uint8_t* octets(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

bool good_name(std::string_view name) {
  return nghttp2_check_header_name(octets(name), name.size()) != 0;
}
bool good_value(std::string_view value) {
  return nghttp2_check_header_value_rfc9113(octets(value), value.size()) != 0;
}

/// RFC 3986 section 3.1.
bool good_scheme(std::string_view scheme) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto other = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'; };
  return !scheme.empty() && letter(scheme.front()) && std::all_of(scheme.begin(), scheme.end(), other);
}

}  // namespace

HeaderBlock::Fit HeaderBlock::add(std::string_view name, std::string_view value, bool sensitive) {
  bytes_ += name.size() + value.size() + 32;
  ++fields_;
  if (bytes_ > 4 * max_bytes_ || fields_ > 4 * max_fields_) return Fit::hopeless;
  if (bytes_ > max_bytes_ || fields_ > max_fields_) too_large_ = true;
  if (too_large_) return Fit::too_large;
  if (!good_name(name) || !good_value(value)) {
    malformed_ = true;
  } else if (name.front() == ':') {
    add_pseudo(name, value);
  } else {
    add_field(name, value, sensitive);
  }
  return Fit::taken;
}

void HeaderBlock::add_pseudo(std::string_view name, std::string_view value) {
  any_pseudo_ = true;
  const auto known = std::find(kPseudoNames.begin(), kPseudoNames.end(), name);
  if (known == kPseudoNames.end() || headers_.size() != 0) {
    malformed_ = true;
    return;
  }
  auto& slot = pseudo_[static_cast<std::size_t>(known - kPseudoNames.begin())];
  if (slot) malformed_ = true;
  slot = std::string(value);
}

void HeaderBlock::add_field(std::string_view name, std::string_view value, bool sensitive) {
  const bool of_connection =
      std::find(kConnectionFields.begin(), kConnectionFields.end(), name) != kConnectionFields.end();
  if (of_connection || (name == "te" && value != "trailers")) malformed_ = true;
  headers_.append(std::string(name), std::string(value), sensitive);
}

/// The pseudo-header fields of a request as RFC 9113 sections 8.3.1 and 8.5, and RFC 8441 section 4, want them.
bool HeaderBlock::good_target() const {
  if (!pseudo_[method] || pseudo_[status]) return false;
  const std::string& verb = *pseudo_[method];
  if (nghttp2_check_method(octets(verb), verb.size()) == 0) return false;
  if (pseudo_[authority]) {
    const std::string& host = *pseudo_[authority];
    if (host.find('@') != std::string::npos || nghttp2_check_authority(octets(host), host.size()) == 0) return false;
  }
  if (pseudo_[protocol]) {
    const std::string& name = *pseudo_[protocol];  // a token, as a method is
    if (!extended_connect_ || verb != "CONNECT" || !pseudo_[authority] ||
        nghttp2_check_method(octets(name), name.size()) == 0)
      return false;
  } else if (verb == "CONNECT") {
    return pseudo_[authority] && !pseudo_[scheme] && !pseudo_[path];
  }
  if (!pseudo_[scheme] || !good_scheme(*pseudo_[scheme]) || !pseudo_[path]) return false;
  const std::string& target = *pseudo_[path];
  if (target == "*") return verb == "OPTIONS";
  return !target.empty() && target.front() == '/' && nghttp2_check_path(octets(target), target.size()) != 0;
}

Result<Request> HeaderBlock::take_request() {
  if (malformed_ || !good_target()) return fail(Errc::malformed);
  Request request;
  request.method = std::move(*pseudo_[method]);
  request.scheme = std::move(pseudo_[scheme]).value_or("");
  request.path = std::move(pseudo_[path]).value_or("");
  request.protocol = std::move(pseudo_[protocol]).value_or("");
  request.headers = std::move(headers_);
  if (pseudo_[authority]) {
    request.authority = std::move(*pseudo_[authority]);
  } else if (const auto host = request.headers.find("host")) {
    request.authority = *host;
  }
  return request;
}

Response HeaderBlock::take_response() {
  Response response;
  if (pseudo_[status]) {
    const std::string& text = *pseudo_[status];
    std::from_chars(text.data(), text.data() + text.size(), response.status);
  }
  response.headers = std::move(headers_);
  return response;
}

Result<std::optional<std::uint64_t>> content_length(const http::Headers& headers) {
  std::optional<std::uint64_t> result;
  for (const http::Header& field : headers) {
    if (field.name != "content-length") continue;
    std::uint64_t value = 0;
    const char* const last = field.value.data() + field.value.size();
    const auto [end, error] = std::from_chars(field.value.data(), last, value);
    if (error != std::errc{} || end != last || (result && *result != value)) return fail(Errc::malformed);
    result = value;
  }
  return result;
}

}  // namespace camspan::h2
