/// Cuts a stream of FLV bytes, however it is split, into units of one tag each.
#pragma once

#include <camspan/error.hpp>
#include <camspan/unit.hpp>
#include <deque>
#include <optional>

namespace camspan::flv {

struct ParserLimits {
  /// Largest tag data taken. A 4K key frame at 60 Mbit/s is under 2 MiB; the format itself ends at 16 MiB.
  std::size_t max_tag_bytes = 8 << 20;
};

/// Resumable, sans I/O. After each feed(), call poll() until it gives nothing.
/// A tag that lies whole in one piece shares the piece's memory (nothing is copied); one that is cut is joined in
/// memory of its own. pts and dts of the units are the tag's timestamps (running time is the caller's business);
/// `captured` is taken over from the piece in which the tag begins.
class Parser {
 public:
  explicit Parser(ParserLimits limits = {});

  /// Takes the next piece. The first bytes of all must be an FLV file header.
  /// @return Errc::wrong_type: the stream does not begin with "FLV"; Errc::malformed; Errc::too_large.
  /// After an error every further feed() gives the same error; units from before it can still be polled.
  Result<> feed(const SharedUnit& piece);
  /// The same for bytes that are gone after the call: they are copied once.
  Result<> feed(ByteView bytes);

  /// The next whole tag (with its trailer).
  std::optional<SharedUnit> poll();

  bool header_seen() const;
  /// True between tags: an end of the stream here cuts nothing.
  bool at_boundary() const;
  /// Offset in the stream just after the last whole tag.
  std::uint64_t whole_bytes() const;
};

}  // namespace camspan::flv
