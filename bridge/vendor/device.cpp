#include "device.hpp"

#include <camspan/hal.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "api/url.hpp"

namespace camspan::linkkit {
namespace {

// Of the C SDK, which cuts what is longer.
constexpr std::size_t kMaxProductKey = 20;
constexpr std::size_t kMaxDeviceName = 32;
constexpr std::size_t kMaxDeviceSecret = 64;
// Of a name in the DNS.
constexpr std::size_t kMaxHost = 253;
constexpr std::uint16_t kDefaultPort = 443;
// Ours, for what a program adds to a request.
constexpr int kMaxHeaders = 32;
constexpr int kMaxHeaderBytes = 8192;
constexpr int kMaxFieldBytes = 4096;

tl::unexpected<Failure> bad(std::string sentence) {
  return tl::unexpected<Failure>(Failure{Errc::bad_setting, std::move(sentence), 0});
}

std::string_view text_of(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

tl::expected<std::string, Failure> read_name(const char* name, const char* given, std::size_t max) {
  const std::string_view text = text_of(given);
  if (text.empty()) return bad(std::string(name) + " is not set.");
  if (text.size() > max) return bad(std::string(name) + " has more than " + std::to_string(max) + " characters.");
  if (!is_printable(text)) return bad(std::string(name) + " has characters that are not printable.");
  return std::string(text);
}

/// Where the url is empty: the user's own hub, else the service of the product key.
tl::expected<void, Failure> take_default_host(Device& device, const std::string& hub) {
  if (hub.empty()) {
    device.host = device.names.product_key + ".iot-as-http2.cn-shanghai.aliyuncs.com";
    device.port = kDefaultPort;
    return {};
  }
  auto url = parse_url(hub);
  if (!url) return bad("CAMSPAN_HUB: " + url.error().sentence);
  device.host = std::move(url->host);
  device.port = url->port;
  device.tls = url->tls;
  return {};
}

tl::expected<void, Failure> take_host(Device& device, std::string_view url, int port) {
  if (url.size() > kMaxHost || url.find_first_of("/@?# ") != std::string_view::npos || !is_printable(url))
    return bad("url \"" + std::string(url.substr(0, kMaxHost)) +
               "\" is no bare host name or address: leave out https:// and the path.");
  if (port < 0 || port > 65535) return bad("port " + std::to_string(port) + " is not between 1 and 65535.");
  device.host = url;
  device.port = port == 0 ? kDefaultPort : static_cast<std::uint16_t>(port);
  return {};
}

/// By the url and port of the program, or by the environment.
tl::expected<void, Failure> find_host(Device& device, const char* given, int port) {
  hal_identity board{};
  static_cast<void>(hal()->identity(&board));
  device.ca_file = board.ca_file;
  const std::string_view url = text_of(given);
  const auto taken = url.empty() ? take_default_host(device, board.hub_url) : take_host(device, url, port);
  if (!taken) return taken;
  const bool is_v6 = device.host.find(':') != std::string::npos && !device.host.starts_with('[');
  device.authority = is_v6 ? "[" + device.host + "]" : device.host;
  if (device.port != kDefaultPort || !device.tls) device.authority += ":" + std::to_string(device.port);
  return {};
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || std::strchr("!#$%&'*+-.^_`|~", c) != nullptr;
}

/// Fields that are the library's, and those that HTTP/2 does not have (RFC 9113 section 8.2.2).
bool is_reserved(std::string_view name) {
  constexpr std::array<std::string_view, 8> kNames{"connection", "transfer-encoding", "upgrade",
                                                   "keep-alive", "proxy-connection",  "content-length",
                                                   "host",       "x-data-stream-id"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() || name.starts_with("x-auth-") ||
         name.starts_with("x-sdk-");
}

tl::expected<http::Header, Failure> read_header(const http2_header& given) {
  const bool in_bounds = given.name != nullptr && given.value != nullptr && given.namelen > 0 && given.valuelen >= 0 &&
                         given.namelen <= kMaxFieldBytes && given.valuelen <= kMaxFieldBytes;
  if (!in_bounds) return bad("header: a name or value is NULL, or its length is not between 0 and 4096.");
  const std::string name(given.name, static_cast<std::size_t>(given.namelen));
  const std::string value(given.value, static_cast<std::size_t>(given.valuelen));
  const auto is_bad = [](char c) { return c == '\0' || !is_name_character(c); };
  if (std::any_of(name.begin(), name.end(), is_bad))
    return bad("header: a name has lower-case letters, digits and -_. only.");
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
    return bad("header " + name + ": the value has a line break or a NUL in it.");
  if (is_reserved(name) || (name == "te" && value != "trailers"))
    return bad("header " + name + " is not for programs to set.");
  return http::Header{name, value, false};
}

}  // namespace

tl::expected<Device, Failure> read_device(const device_conn_info_t& info) {
  auto product_key = read_name("product_key", info.product_key, kMaxProductKey);
  if (!product_key) return tl::unexpected<Failure>(std::move(product_key.error()));
  auto device_name = read_name("device_name", info.device_name, kMaxDeviceName);
  if (!device_name) return tl::unexpected<Failure>(std::move(device_name.error()));
  auto secret = read_name("device_secret", info.device_secret, kMaxDeviceSecret);
  if (!secret) return tl::unexpected<Failure>(std::move(secret.error()));

  Device device;
  device.names = {*product_key + "." + *device_name, *product_key, *device_name, ""};
  device.secret = std::move(*secret);
  const auto found = find_host(device, info.url, info.port);
  if (!found) return tl::unexpected<Failure>(found.error());
  return device;
}

tl::expected<Device, Failure> read_address(const char* url, int port) {
  Device device;
  if (text_of(url).empty()) return bad("url is not set.");
  const auto found = find_host(device, url, port);
  if (!found) return tl::unexpected<Failure>(found.error());
  return device;
}

tl::expected<http::Headers, Failure> read_headers(const header_ext_info_t* given) {
  http::Headers headers;
  if (given == nullptr) return headers;
  if (given->num < 0 || given->num > kMaxHeaders || (given->num > 0 && given->nva == nullptr))
    return bad("header: num is not between 0 and 32, or nva is NULL.");
  int bytes = 0;
  for (int i = 0; i < given->num; ++i) {
    auto header = read_header(given->nva[i]);
    if (!header) return tl::unexpected<Failure>(std::move(header.error()));
    bytes += given->nva[i].namelen + given->nva[i].valuelen;
    if (bytes > kMaxHeaderBytes) return bad("header: more than 8192 bytes in all.");
    headers.append(std::move(header->name), std::move(header->value));
  }
  return headers;
}

}  // namespace camspan::linkkit
