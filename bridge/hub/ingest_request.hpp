/// What the headers of an upload say, and which of its tags have numbers (docs/operating-the-hub.md, "Uploading").
#pragma once

#include <camspan/unit.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "hub/problem.hpp"
#include "proto/http/headers.hpp"

namespace camspan::hub {

struct IngestRequest {
  enum class Body : std::uint8_t {
    live,            ///< content-type video/x-flv
    file,            ///< any other type
    by_first_bytes,  ///< no type: live if the bytes begin with "FLV"
  };

  static constexpr unsigned kMaxChannel = 255;
  static constexpr std::size_t kMaxMetaBytes = 4096;
  static constexpr std::size_t kMaxNameBytes = 128;

  Body body = Body::by_first_bytes;
  std::string content_type;
  std::string stream;            ///< camspan-stream in lower case with dashes; empty = none given
  std::uint64_t first = 0;       ///< camspan-first
  std::optional<UtcTime> start;  ///< camspan-start
  unsigned channel = 0;          ///< camspan-channel
  std::string meta;              ///< camspan-meta: text of a JSON object, or empty
  std::string name;              ///< camspan-name of a file, safe as a file name; or empty
  bool acknowledge = false;      ///< accept: application/x-ndjson
};

/// Reads the headers. Any bytes are fine; a problem names the header and what it should be.
tl::expected<IngestRequest, Problem> parse_ingest(const http::Headers& headers);

/// A channel number as it stands in a header or query. @return Errc::malformed
Result<unsigned> parse_channel(std::string_view text);

/// Gives the tags of one body their numbers.
class TagNumbers {
 public:
  explicit TagNumbers(std::uint64_t first) : next_(first), in_head_(first > 0) {}

  /// The number of the next tag; nothing for one that only repeats the head of a stream that goes on.
  std::optional<std::uint64_t> next(UnitKind kind) {
    if (in_head_ && (kind == UnitKind::script || kind == UnitKind::config)) return std::nullopt;
    in_head_ = false;
    return next_++;
  }
  /// The number that the next counted tag gets.
  std::uint64_t end() const { return next_; }

 private:
  std::uint64_t next_;
  bool in_head_;
};

}  // namespace camspan::hub
