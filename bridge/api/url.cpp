#include "api/url.hpp"

#include <charconv>

namespace camspan {
namespace {

tl::unexpected<Failure> bad(std::string sentence) {
  return tl::unexpected<Failure>(Failure{Errc::bad_setting, std::move(sentence), 0});
}

bool printable(std::string_view text) {
  for (const char c : text)
    if (c <= ' ' || c == 0x7f) return false;
  return true;
}

/// Splits "host:port", "[v6]:port" or "host" off the authority.
bool split_host(std::string_view authority, std::string& host, std::string_view& port) {
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return false;
    host = authority.substr(1, end - 1);
    authority.remove_prefix(end + 1);
    if (authority.empty()) return true;
    if (authority.front() != ':') return false;
    port = authority.substr(1);
    return !port.empty();
  }
  const std::size_t colon = authority.find(':');
  host = authority.substr(0, colon);
  if (colon == std::string_view::npos) return true;
  port = authority.substr(colon + 1);
  return !port.empty();
}

}  // namespace

tl::expected<Url, Failure> parse_url(std::string_view text) {
  const std::string whole(text);
  Url url;
  const std::size_t colon = text.find("://");
  const std::string_view scheme = text.substr(0, colon == std::string_view::npos ? 0 : colon);
  if (scheme == "http" || scheme == "h2c") {
    url.tls = false;
  } else if (scheme != "https" && scheme != "h2") {
    return bad("location \"" + whole + "\" is no https:// or http:// URL: write https://HOST:PORT/ingest/CAMERA.");
  }
  text.remove_prefix(colon + 3);
  const std::size_t slash = text.find_first_of("/?#");
  const std::string_view authority = text.substr(0, slash);
  std::string_view rest = slash == std::string_view::npos ? std::string_view() : text.substr(slash);
  if (const std::size_t fragment = rest.find('#'); fragment != std::string_view::npos) rest = rest.substr(0, fragment);
  url.path = rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
  if (authority.find('@') != std::string_view::npos)
    return bad("location must not hold a user name or password: use user-id and user-pw, or a token.");

  std::string_view port;
  if (!split_host(authority, url.host, port) || url.host.empty() || url.host.find_first_of("[]") != std::string::npos ||
      !printable(url.host) || !printable(url.path))
    return bad("location \"" + whole + "\" has no valid host: write https://HOST:PORT/PATH.");
  const std::uint16_t own = url.tls ? 443 : 80;
  url.port = own;
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc{} || end != port.data() + port.size() || url.port == 0)
      return bad("location \"" + whole + "\" has no valid port: it is a number from 1 to 65535.");
  }
  url.authority = url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
  if (url.port != own) url.authority += ":" + std::to_string(url.port);
  return url;
}

tl::expected<Url, Failure> parse_proxy(std::string_view text) {
  auto url = parse_url(text);
  if (!url || !text.starts_with("http://"))
    return bad("proxy \"" + std::string(text) +
               "\" is no address of a proxy: write http://HOST:PORT, and its user as proxy-id and proxy-pw.");
  return url;
}

}  // namespace camspan
