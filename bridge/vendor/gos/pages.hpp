/// The files of a folder, served as a device's web pages.
#pragma once

#include <camspan/error.hpp>
#include <map>
#include <string>

#include "net/http_exchange.hpp"

namespace camspan::gos {

/// Read once, at the start: no disk is touched on the I/O thread.
class Pages {
 public:
  /// @param folder  its own files, not those of folders in it: 64 of them, 4 MiB each; "" = none
  static tl::expected<Pages, Failure> load(const std::string& folder);

  /// Answers GET and HEAD of `/name`; `/` is index.html.
  asio::awaitable<void> serve(net::HttpExchange& exchange) const;

 private:
  std::map<std::string, std::string> files_;  // by path
};

}  // namespace camspan::gos
