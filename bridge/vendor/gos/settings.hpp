/// Where and how the server of the Gecko OS API listens.
#pragma once

#include <camspan/error.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace camspan::gos {

struct Settings {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;
  std::string cert_file;  ///< with key_file: TLS
  std::string key_file;
  std::string pages;                 ///< folders of files to serve beside the streams, separated by ':'
  std::vector<std::string> origins;  ///< that pages may have beside our own
  std::size_t max_clients = 8;
};

/// From CAMSPAN_GOS_LISTEN, _CERT, _KEY, _PAGES, _ORIGINS (comma separated) and _CLIENTS.
tl::expected<Settings, Failure> settings_from_environment();

}  // namespace camspan::gos
