#include "gos/pages.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "net/responses.hpp"

namespace camspan::gos {
namespace {

constexpr std::size_t kMaxFiles = 64;
constexpr std::uintmax_t kMaxFileBytes = 4 << 20;

struct ContentType {
  std::string_view ending;
  const char* type;
};
constexpr std::array<ContentType, 7> kTypes = {{{".html", "text/html; charset=utf-8"},
                                                {".js", "text/javascript; charset=utf-8"},
                                                {".css", "text/css; charset=utf-8"},
                                                {".json", "application/json"},
                                                {".svg", "image/svg+xml"},
                                                {".png", "image/png"},
                                                {".jpg", "image/jpeg"}}};

const char* type_of(std::string_view path) {
  for (const ContentType& known : kTypes)
    if (path.ends_with(known.ending)) return known.type;
  return "application/octet-stream";
}

}  // namespace

std::error_code Pages::add(const std::string& folder) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (!entry.is_regular_file() || entry.file_size() > kMaxFileBytes || files_.size() == kMaxFiles) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    files_['/' + entry.path().filename().string()] = std::string(std::istreambuf_iterator<char>(file), {});
  }
  return error;
}

tl::expected<Pages, Failure> Pages::load(std::string_view folders) {
  Pages pages;
  while (!folders.empty()) {
    const std::string folder(folders.substr(0, folders.find(':')));
    folders.remove_prefix(std::min(folder.size() + 1, folders.size()));
    const std::error_code error = folder.empty() ? std::error_code{} : pages.add(folder);
    if (error)
      return tl::unexpected<Failure>(
          Failure{error, "cannot read the pages in " + folder + " (CAMSPAN_GOS_PAGES): " + error.message(), 0});
  }
  return pages;
}

asio::awaitable<void> Pages::serve(net::HttpExchange& exchange) const {
  const net::RequestHead& request = exchange.request();
  if (request.method != "GET" && request.method != "HEAD") {
    http::Headers headers{{"allow", "GET, HEAD"}};
    co_await net::send_body(exchange, 405, std::move(headers), "");
    co_return;
  }
  const auto found = files_.find(request.path == "/" ? "/index.html" : request.path);
  if (found == files_.end()) {
    co_await net::send_problem(exchange, 404, "not-found", "There is nothing here", "Streams are at /appdata.");
    co_return;
  }
  http::Headers headers{{"cache-control", "no-cache"}, {"x-content-type-options", "nosniff"}};
  headers.append("content-type", type_of(found->first));
  co_await net::send_body(exchange, 200, std::move(headers), found->second);
}

}  // namespace camspan::gos
