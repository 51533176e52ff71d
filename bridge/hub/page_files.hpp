/// The viewer page, built into the program.
#pragma once

#include <span>
#include <string_view>

namespace camspan::hub {

struct PageFile {
  std::string_view path;  ///< "/views/card.js"
  std::string_view content;
  std::string_view etag;  ///< of the content, with its quotes
};

/// Every file of the page, in no order that matters. Valid for ever.
std::span<const PageFile> page_files();

}  // namespace camspan::hub
