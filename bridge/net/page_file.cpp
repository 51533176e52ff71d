#include "net/page_file.hpp"

#include <algorithm>

#include "net/responses.hpp"

namespace camspan::net {
namespace {

// Nothing from elsewhere, nothing inline; blob: is where mpegts.js and the pictures of the list live.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string type_of(std::string_view path) {
  if (path.ends_with(".html")) return "text/html; charset=utf-8";
  if (path.ends_with(".css")) return "text/css; charset=utf-8";
  if (path.ends_with(".js")) return "text/javascript; charset=utf-8";
  return "text/plain; charset=utf-8";
}

bool matches(const RequestHead& request, std::string_view etag) {
  const auto known = request.headers.find("if-none-match");
  return known && (*known == "*" || known->find(etag) != std::string_view::npos);
}

/// Accept-Encoding names gzip with a weight that is not 0 (RFC 9110 section 12.5.3).
bool accepts_gzip(const RequestHead& request) {
  const auto codings = request.headers.find("accept-encoding");
  const std::size_t at = codings ? codings->find("gzip") : std::string_view::npos;
  if (at == std::string_view::npos) return false;
  const std::string_view rest = codings->substr(at);
  const std::string_view own = rest.substr(0, rest.find(','));
  const std::size_t weight = own.find("q=");
  return weight == own.npos || own.find_first_of("123456789", weight) != own.npos;
}

}  // namespace

const PageFile* find_page_file(std::span<const PageFile> files, std::string_view path) {
  if (path == "/") path = "/index.html";
  const auto file = std::ranges::find(files, path, &PageFile::path);
  return file == files.end() ? nullptr : &*file;
}

asio::awaitable<void> send_page_file(HttpExchange& exchange, const PageFile& file) {
  const RequestHead& request = exchange.request();
  const bool packed = !file.gzip.empty() && accepts_gzip(request);
  const std::string_view content = packed ? file.gzip : file.content;
  const std::string etag = '"' + std::string(file.hash) + (packed ? "-gzip\"" : "\"");
  http::Headers headers{{"etag", etag},
                        {"cache-control", "no-cache"},
                        {"vary", "accept-encoding"},
                        {"content-security-policy", kPolicy},
                        {"x-content-type-options", "nosniff"},
                        {"referrer-policy", "no-referrer"}};
  if (matches(request, etag)) {
    co_await send_body(exchange, 304, std::move(headers), std::string());
    co_return;
  }
  headers.append("content-type", type_of(file.path));
  if (packed) headers.append("content-encoding", "gzip");
  const auto head = co_await exchange.send_head(200, std::move(headers), content.size());
  if (!head) co_return;
  const auto written = co_await exchange.write(as_bytes(content));
  if (written) static_cast<void>(co_await exchange.finish());
}

}  // namespace camspan::net
