/// Where the DATA frames of one stream come from.
#pragma once

#include <camspan/bytes.hpp>

namespace camspan::h2 {

class BodySource {
 public:
  struct Chunk {
    ByteView bytes;
    bool end = false;  ///< nothing follows
  };

  virtual ~BodySource() = default;

  /// Called by Connection::pending_output(), as often as it takes to fill a frame. Gives away at most `max` bytes,
  /// which must stay as they are until pending_output() returns: that is when they have been copied, once, into the
  /// output. Nothing and no end = nothing now; it is asked again after Connection::resume(). Must not call the
  /// connection.
  virtual Chunk pull(std::size_t max) = 0;
};

}  // namespace camspan::h2
