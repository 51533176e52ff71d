/// The protocol `camspan-flv-timed` of a data channel (camspan-wire.md section 5): each message is a 16-byte header and
/// a part of one FLV tag, so that a sender may leave out or give up messages and a receiver sees what is missing.
#pragma once

#include <camspan/error.hpp>
#include <camspan/unit.hpp>
#include <cstdint>

namespace camspan::rtc {

enum class TimedKind : std::uint8_t { config = 1, key = 2, delta = 3, audio = 4, script = 5 };

struct TimedHeader {
  static constexpr std::size_t kBytes = 16;

  TimedKind kind = TimedKind::script;
  bool dropped_before = false;  ///< something between this tag and the one before it was not sent
  std::uint16_t part = 0;       ///< from 0
  std::uint16_t parts = 1;
  std::uint16_t queue_delay_ms = 0;  ///< how long the tag waited in the camera
  std::uint32_t sequence = 0;        ///< of the tag, in this channel
  std::uint32_t timestamp_ms = 0;
};

/// Config and file header have the kind 1; what is no media has the kind 5.
TimedKind timed_kind(UnitKind kind);

/// Reads the header that begins a message.
/// @return Errc::malformed: too short, an unknown kind, or a part that is none of its parts
Result<TimedHeader> parse_timed_header(ByteView message);

/// Writes the header into the first TimedHeader::kBytes of `message`.
void write_timed_header(std::byte* message, const TimedHeader& header);

/// Cuts one tag (or the file header) into the messages of a channel. It looks into the unit's memory: keep the unit.
class TimedTag {
 public:
  /// @param unit           as the parser gives it, with the previous-tag-size at its end, which is not sent
  /// @param message_bytes  bound of a message with its header; at least 64
  TimedTag(const Unit& unit, std::uint32_t sequence, std::size_t message_bytes);

  bool done() const { return header_.part == header_.parts; }
  /// The next message; header() can be changed before.
  Bytes message() const;
  /// The message was sent.
  void advance() { ++header_.part; }
  TimedHeader& header() { return header_; }

 private:
  ByteView bytes_;
  std::size_t part_bytes_;
  TimedHeader header_;
};

}  // namespace camspan::rtc
