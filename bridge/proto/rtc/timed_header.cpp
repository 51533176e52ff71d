#include "proto/rtc/timed_header.hpp"

#include <algorithm>

#include "proto/flv/tag.hpp"

namespace camspan::rtc {
namespace {

constexpr std::size_t kLeastMessage = 64;

}  // namespace

TimedKind timed_kind(UnitKind kind) {
  switch (kind) {
    case UnitKind::config:
      return TimedKind::config;
    case UnitKind::key:
      return TimedKind::key;
    case UnitKind::delta:
      return TimedKind::delta;
    case UnitKind::audio:
      return TimedKind::audio;
    case UnitKind::script:
    case UnitKind::other:
      break;
  }
  return TimedKind::script;
}

Result<TimedHeader> parse_timed_header(ByteView message) {
  if (message.size() < TimedHeader::kBytes) return fail(Errc::malformed);
  TimedHeader header;
  const auto kind = load_be<1>(&message[0]);
  header.kind = static_cast<TimedKind>(kind);
  header.dropped_before = (load_be<1>(&message[1]) & 1) != 0;
  header.part = static_cast<std::uint16_t>(load_be<2>(&message[2]));
  header.parts = static_cast<std::uint16_t>(load_be<2>(&message[4]));
  header.queue_delay_ms = static_cast<std::uint16_t>(load_be<2>(&message[6]));
  header.sequence = static_cast<std::uint32_t>(load_be<4>(&message[8]));
  header.timestamp_ms = static_cast<std::uint32_t>(load_be<4>(&message[12]));
  if (kind < 1 || kind > 5 || header.part >= header.parts) return fail(Errc::malformed);
  return header;
}

void write_timed_header(std::byte* message, const TimedHeader& header) {
  store_be<1>(message, static_cast<std::uint8_t>(header.kind));
  store_be<1>(message + 1, header.dropped_before ? 1 : 0);
  store_be<2>(message + 2, header.part);
  store_be<2>(message + 4, header.parts);
  store_be<2>(message + 6, header.queue_delay_ms);
  store_be<4>(message + 8, header.sequence);
  store_be<4>(message + 12, header.timestamp_ms);
}

TimedTag::TimedTag(const Unit& unit, std::uint32_t sequence, std::size_t message_bytes)
    : bytes_(unit.bytes.first(unit.bytes.size() - std::min(unit.bytes.size(), flv::kTrailerBytes))) {
  // A tag has at most 16 MiB, and `part` 16 bits.
  const std::size_t least = TimedHeader::kBytes + bytes_.size() / UINT16_MAX + 1;
  part_bytes_ = std::max({message_bytes, kLeastMessage, least}) - TimedHeader::kBytes;
  header_.kind = timed_kind(unit.kind);
  header_.sequence = sequence;
  header_.parts = static_cast<std::uint16_t>(std::max<std::size_t>((bytes_.size() + part_bytes_ - 1) / part_bytes_, 1));
  if (const auto info = flv::inspect(bytes_)) header_.timestamp_ms = info->timestamp_ms;
}

Bytes TimedTag::message() const {
  const ByteView rest = bytes_.subspan(header_.part * part_bytes_);
  const ByteView part = rest.first(std::min(rest.size(), part_bytes_));
  Bytes message;
  message.reserve(TimedHeader::kBytes + part.size());
  message.resize(TimedHeader::kBytes);
  write_timed_header(message.data(), header_);
  message.insert(message.end(), part.begin(), part.end());
  return message;
}

}  // namespace camspan::rtc
