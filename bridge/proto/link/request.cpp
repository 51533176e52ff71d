#include "proto/link/request.hpp"

#include <algorithm>
#include <array>

namespace camspan::link {
namespace {

constexpr std::string_view kRoot = "/stream";
constexpr std::array<std::string_view, 3> kSteps{"open", "send", "close"};
constexpr std::string_view kDeviceName = "devicename";

std::string collapse_slashes(std::string_view text) {
  std::string result;
  for (const char c : text)
    if (c != '/' || !result.ends_with('/')) result += c;
  return result;
}

bool has_dot_segment(std::string_view path) {
  while (!path.empty()) {
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(std::min(segment.size() + 1, path.size()));
  }
  return false;
}

bool is_visible(char c) {
  return c > 0x20 && c < 0x7f;
}

/// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

/// The value of a field that is there once.
std::optional<std::string> only(const http::Headers& headers, std::string_view name) {
  std::optional<std::string> value;
  for (const http::Header& field : headers) {
    if (field.name != name) continue;
    if (value) return std::nullopt;
    value = field.value;
  }
  return value;
}

void append_sdk(http::Headers& headers, std::string_view version) {
  std::string digits(version);
  std::erase_if(digits, [](char c) { return c < '0' || c > '9'; });
  headers.append("x-sdk-version", std::move(digits));
  headers.append("x-sdk-version-name", std::string(version));
  headers.append("x-sdk-platform", "c");
}

}  // namespace

bool is_stream_target(std::string_view target) {
  const std::string path = collapse_slashes(target.substr(0, target.find('?')));
  return path == kRoot || (path.starts_with(kRoot) && path[kRoot.size()] == '/');
}

Result<Target> parse_target(std::string_view target) {
  const std::string path = collapse_slashes(target.substr(0, target.find('?')));
  const bool good = std::all_of(path.begin(), path.end(), [](char c) { return is_visible(c) && c != '%' && c != '#'; });
  if (!good || has_dot_segment(path)) return fail(Errc::malformed);
  for (std::size_t i = 0; i < kSteps.size(); ++i) {
    const std::string prefix = std::string(kRoot) + "/" + std::string(kSteps[i]) + "/";
    if (path.starts_with(prefix) && path.size() > prefix.size())
      return Target{static_cast<Step>(i), path.substr(prefix.size())};
  }
  return fail(Errc::not_found);
}

std::string path(Step step, std::string_view identify) {
  return std::string(kRoot) + "/" + std::string(kSteps[static_cast<std::size_t>(step)]) + "/" + std::string(identify);
}

bool is_identify(std::string_view text) {
  return !text.empty() && text.size() <= kMaxIdentifyBytes && text.front() != '/' && text.back() != '/' &&
         text.find("//") == std::string_view::npos && !has_dot_segment(text) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_visible(c) && c != '?' && c != '#' && c != '%'; });
}

bool has_no_credentials(const http::Headers& headers) {
  return std::none_of(headers.begin(), headers.end(),
                      [](const http::Header& field) { return field.name.starts_with("x-auth-"); });
}

Result<Credentials> parse_credentials(const http::Headers& headers) {
  const auto kind = only(headers, "x-auth-name");
  const auto client_id = only(headers, "x-auth-param-client-id");
  const auto method_name = only(headers, "x-auth-param-signmethod");
  const auto product_key = only(headers, "x-auth-param-product-key");
  const auto device_name = only(headers, "x-auth-param-device-name");
  const auto sign = only(headers, "x-auth-param-sign");
  const bool dated = headers.find("x-auth-param-timestamp").has_value();
  const auto timestamp = only(headers, "x-auth-param-timestamp");
  if (kind != kDeviceName || !client_id || !method_name || !product_key || !device_name || !sign ||
      (dated && (!timestamp || timestamp->empty())))
    return fail(Errc::not_authenticated);
  const auto method = parse_sign_method(*method_name);
  if (!method) return fail(Errc::not_authenticated);
  return Credentials{*method, {*client_id, *product_key, *device_name, timestamp.value_or("")}, *sign};
}

http::Headers open_fields(const Names& names, std::string_view secret, SignMethod method, std::string_view version) {
  http::Headers headers;
  headers.append("x-auth-name", std::string(kDeviceName));
  headers.append("x-auth-param-client-id", names.client_id);
  headers.append("x-auth-param-signmethod", std::string(name(method)));
  headers.append("x-auth-param-product-key", names.product_key);
  headers.append("x-auth-param-device-name", names.device_name);
  // Who knows it may use it again: as good as the secret.
  headers.append("x-auth-param-sign", sign(method, names, secret), true);
  if (!names.timestamp.empty()) headers.append("x-auth-param-timestamp", names.timestamp);
  append_sdk(headers, version);
  headers.append("content-length", "0");
  return headers;
}

http::Headers channel_fields(std::string_view channel_id, std::string_view version) {
  http::Headers headers{{"x-data-stream-id", std::string(channel_id)}};
  append_sdk(headers, version);
  return headers;
}

http::Headers send_fields(std::uint64_t length, std::string_view channel_id, std::string_view version) {
  http::Headers headers{{"content-length", std::to_string(length)}, {"x-data-stream-id", std::string(channel_id)}};
  append_sdk(headers, version);
  return headers;
}

http::Headers query_fields(std::string_view channel_id, std::string_view version) {
  http::Headers headers{{"x-data-stream-id", std::string(channel_id)}, {"x-test-downstream", "1"}};
  append_sdk(headers, version);
  return headers;
}

std::optional<std::string> channel_id_of(const http::Headers& headers) {
  auto id = only(headers, "x-data-stream-id");
  if (!id || id->size() > kMaxChannelIdBytes || !is_token(*id)) return std::nullopt;
  return id;
}

http::Headers answer_fields(std::string_view request_id, http::Headers others, std::string_view channel_id,
                            int status) {
  http::Headers headers{{"x-request-id", std::string(request_id)}};
  for (const http::Header& field : others) headers.append(field.name, field.value, field.sensitive);
  headers.append("x-data-stream-id", channel_id.empty() ? "0" : std::string(channel_id));
  headers.append("x-response-status", std::to_string(status));
  return headers;
}

}  // namespace camspan::link
