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
/// Memory for a cut tag grows with the bytes that came, never by what its length field promises. One thread.
class Parser {
 public:
  explicit Parser(ParserLimits limits = {}) : limits_(limits) {}

  /// Takes the next piece. The first bytes of all must be an FLV file header.
  /// @return Errc::wrong_type: the stream does not begin with "FLV"; Errc::malformed; Errc::too_large.
  /// After an error every further feed() gives the same error; units from before it can still be polled.
  Result<> feed(const SharedUnit& piece);
  /// The same for bytes that are gone after the call: they are copied once.
  Result<> feed(ByteView bytes);

  /// The next whole tag (with its trailer).
  std::optional<SharedUnit> poll();

  bool header_seen() const { return header_done_; }
  /// True between tags: an end of the stream here cuts nothing.
  bool at_boundary() const { return header_done_ && part_.empty(); }
  /// Offset in the stream just after the last whole tag.
  std::uint64_t whole_bytes() const { return whole_bytes_; }

 private:
  struct Source;

  Result<> take(const Source& source);
  Result<std::size_t> begin(ByteView rest, const Source& source);
  Result<std::size_t> join(ByteView rest);
  Result<std::size_t> needed(ByteView begun) const;
  Result<std::size_t> needed_of_header(ByteView begun) const;
  Result<> finish(ByteView whole, std::shared_ptr<const void> owner, std::optional<UtcTime> captured);

  ParserLimits limits_;
  bool header_done_ = false;
  Bytes part_;  ///< what came of the header or tag that is not yet whole
  std::optional<UtcTime> part_captured_;
  std::uint64_t whole_bytes_ = 0;
  std::optional<std::error_code> error_;
  std::deque<SharedUnit> ready_;
};

}  // namespace camspan::flv
