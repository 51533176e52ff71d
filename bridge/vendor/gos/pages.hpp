/// The files of a few folders, served as a device's web pages.
#pragma once

#include <camspan/error.hpp>
#include <map>
#include <string>

#include "net/http_exchange.hpp"

namespace camspan::gos {

/// Read once, at the start: no disk is touched on the I/O thread.
class Pages {
 public:
  /// @param folders  separated by ':'; their own files, not those of folders in them: 64 in all, 4 MiB each
  static tl::expected<Pages, Failure> load(std::string_view folders);

  /// Answers GET and HEAD of `/name`; `/` is index.html.
  asio::awaitable<void> serve(net::HttpExchange& exchange) const;

 private:
  std::error_code add(const std::string& folder);

  std::map<std::string, std::string> files_;  // by path
};

}  // namespace camspan::gos
