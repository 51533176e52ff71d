/// The viewer page, built into the program.
#pragma once

#include "net/page_file.hpp"

namespace camspan::hub {

/// Every file of the page, in no order that matters. Valid for ever.
std::span<const net::PageFile> page_files();

}  // namespace camspan::hub
