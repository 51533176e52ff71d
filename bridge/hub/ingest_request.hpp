/// What the headers of an upload say, and which of its tags have numbers (docs/operating-the-hub.md, "Uploading").
#pragma once

#include <camspan/unit.hpp>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "hub/problem.hpp"
#include "proto/http/headers.hpp"

namespace camspan::hub {

struct IngestRequest {
  /// A stream, and a number of a tag in it.
  struct StreamTag {
    std::string stream;
    std::uint64_t number = 0;
    bool operator==(const StreamTag&) const = default;
  };
  enum class Body : std::uint8_t {
    live,            ///< content-type video/x-flv
    file,            ///< any other type
    by_first_bytes,  ///< no type: live if the bytes begin with "FLV"
  };

  static constexpr unsigned kMaxChannel = 255;
  static constexpr std::size_t kMaxMetaBytes = 4096;
  static constexpr std::size_t kMaxNameBytes = 128;
  static constexpr std::size_t kMaxAfter = 64;

  Body body = Body::by_first_bytes;
  std::string content_type;
  std::string stream;       ///< camspan-stream in lower case with dashes; empty = none given
  std::uint64_t first = 0;  ///< camspan-first
  /// camspan-head: script and config tags repeated before tag `first`; none = all that come before the first media
  std::optional<std::uint64_t> head;
  std::optional<UtcTime> start;   ///< camspan-start
  bool spooled = false;           ///< camspan-spooled: captured some time before it is sent
  unsigned channel = 0;           ///< camspan-channel
  std::vector<StreamTag> after;   ///< camspan-after: streams before, and how many tags they had
  std::optional<StreamTag> rest;  ///< camspan-rest: the body is the part of that stream from that tag on
  std::string meta;               ///< camspan-meta: text of a JSON object, or empty
  std::string name;               ///< camspan-name of a file, safe as a file name; or empty
  bool acknowledge = false;       ///< accept: application/x-ndjson
  bool stamped = false;  ///< a segment of ours: its stamp (recordings/segment_file.hpp) is no tag of the stream
  ProblemForm form = ProblemForm::problem_json;  ///< what the sender understands
};

/// Reads the headers. Any bytes are fine; a problem names the header and what it should be.
tl::expected<IngestRequest, Problem> parse_ingest(const http::Headers& headers);

/// A UUID, dashed or as 32 hex digits, in lower case with dashes; empty when it is none.
std::string canonical_uuid(std::string_view text);

/// True if a file may be stored under that name.
bool is_file_name(std::string_view name);

/// A channel number as it stands in a header or query. @return Errc::malformed
Result<unsigned> parse_channel(std::string_view text);

/// Gives the tags of one body their numbers.
class TagNumbers {
 public:
  /// @param head  how many script and config tags at the beginning are repeated; none = all before the first media, as
  ///              far as the stream goes on (`first` above 0)
  TagNumbers(std::uint64_t first, std::optional<std::uint64_t> head)
      : next_(first), head_left_(head.value_or(first > 0 ? std::numeric_limits<std::uint64_t>::max() : 0)) {}

  /// The number of the next tag; nothing for one that only repeats the head of a stream that goes on.
  std::optional<std::uint64_t> next(UnitKind kind) {
    if (head_left_ > 0 && (kind == UnitKind::script || kind == UnitKind::config)) {
      --head_left_;
      return std::nullopt;
    }
    head_left_ = 0;
    return next_++;
  }
  /// The number that the next counted tag gets.
  std::uint64_t end() const { return next_; }

 private:
  std::uint64_t next_;
  std::uint64_t head_left_;
};

}  // namespace camspan::hub
