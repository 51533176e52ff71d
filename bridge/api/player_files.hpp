/// The page that wsstreamsink serves with serve-player, built in.
#pragma once

#include "net/page_file.hpp"

namespace camspan {

/// Its files; /player.json, which says where the stream is, is made by who serves them. Valid for ever.
std::span<const net::PageFile> player_files();

}  // namespace camspan
