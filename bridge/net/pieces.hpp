/// What is written in several pieces, of which a part may be sent already.
#pragma once

#include <algorithm>
#include <camspan/bytes.hpp>
#include <span>

namespace camspan::net {

inline std::size_t total_bytes(std::span<const ByteView> pieces) {
  std::size_t bytes = 0;
  for (const ByteView piece : pieces) bytes += piece.size();
  return bytes;
}

/// @param sent  bytes of this piece and those after it that are sent; less by this piece's afterwards
/// @return what is to be sent of it
inline ByteView unsent(ByteView piece, std::size_t& sent) {
  const std::size_t done = std::min(sent, piece.size());
  sent -= done;
  return piece.subspan(done);
}

}  // namespace camspan::net
