#include "api/redirect.hpp"

#include <algorithm>
#include <vector>

namespace camspan {
namespace {

constexpr std::string_view kSchemeEnd = "://";

/// RFC 3986 section 5.2.4.
std::string without_dots(std::string_view path) {
  std::vector<std::string_view> kept;
  bool folder = false;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    folder = segment == "." || segment == "..";
    if (segment == ".." && !kept.empty()) kept.pop_back();
    if (!folder) kept.push_back(segment);
  }
  std::string result;
  for (const std::string_view segment : kept) result.append("/").append(segment);
  return folder || result.empty() ? result + "/" : result;
}

/// What stands before a query or fragment.
std::string_view path_of(std::string_view text) {
  return text.substr(0, text.find_first_of("?#"));
}

std::string absolute(const Url& from, std::string_view location) {
  const std::string_view path = path_of(location);
  if (path.find(kSchemeEnd) != std::string_view::npos) return std::string(location);
  const std::string scheme = from.tls ? "https:" : "http:";
  if (location.starts_with("//")) return scheme + std::string(location);
  const std::string_view own = path_of(from.path);
  std::string target;
  if (path.empty())
    target = own;
  else if (path.starts_with('/'))
    target = without_dots(path);
  else
    target = without_dots(std::string(own.substr(0, own.rfind('/') + 1)) + std::string(path));
  return scheme + "//" + from.authority + target + std::string(location.substr(path.size()));
}

tl::unexpected<Failure> refuse(const Url& from, std::string_view location, const std::string& why) {
  return tl::unexpected<Failure>(
      Failure{Errc::refused,
              from.authority + ": the receiver sends the upload to \"" + std::string(location) + "\", " + why, 0});
}

}  // namespace

Redirect redirect_of(int status) {
  switch (status) {
    case 301:
    case 308:
      return Redirect::permanent;
    case 302:
    case 307:
      return Redirect::temporary;
    case 303:
      return Redirect::elsewhere;
    default:
      return Redirect::none;
  }
}

bool keeps_method(int status) {
  return status == 307 || status == 308;
}

bool same_origin(const Url& one, const Url& other) {
  return one.tls == other.tls && one.authority == other.authority;
}

std::string to_string(const Url& url) {
  return (url.tls ? "https://" : "http://") + url.authority + url.path;
}

tl::expected<Url, Failure> redirect_target(const Url& from, std::string_view location) {
  // "mailto:x": what has a colon before the first slash is no relative path.
  const std::string_view path = path_of(location);
  const bool other_scheme = path.substr(0, path.find('/')).find(':') != std::string_view::npos &&
                            path.find(kSchemeEnd) == std::string_view::npos;
  auto url = other_scheme ? parse_url(location) : parse_url(absolute(from, location));
  if (!url) return refuse(from, location, "which is no http:// or https:// URL. Set location to where uploads go.");
  if (from.tls && !url->tls)
    return refuse(from, location, "which has no TLS. Set location to an https:// URL that takes uploads.");
  if (!from.tls && url->tls) return refuse(from, location, "which has TLS. Set location to that.");
  return url;
}

}  // namespace camspan
