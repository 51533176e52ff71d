/// The viewer page, built into the program.
#pragma once

#include <span>
#include <string_view>

namespace camspan::hub {

struct PageFile {
  std::string_view path;  ///< "/views/card.js"
  std::string_view content;
  std::string_view gzip;  ///< the content compressed; empty where gzip was not there when this was built
  std::string_view hash;  ///< of the content
};

/// Every file of the page, in no order that matters. Valid for ever.
std::span<const PageFile> page_files();

}  // namespace camspan::hub
