/// Files of a page, built into the program.
#pragma once

#include <asio/awaitable.hpp>
#include <span>
#include <string_view>

#include "net/http_exchange.hpp"

namespace camspan::net {

/// Made by cmake/embed_files.cmake; valid for ever.
struct PageFile {
  std::string_view path;  ///< "/views/card.js"
  std::string_view content;
  std::string_view gzip;  ///< the content compressed; empty where gzip was not there when this was built
  std::string_view hash;  ///< of the content
};

/// The file at `path`, where "/" is /index.html; null if there is none.
const PageFile* find_page_file(std::span<const PageFile> files, std::string_view path);

/// Answers GET or HEAD with the file: packed where the client takes that, 304 where it has it, and nothing from
/// elsewhere allowed in it.
asio::awaitable<void> send_page_file(HttpExchange& exchange, const PageFile& file);

}  // namespace camspan::net
