#include "proto/rtc/timed_reader.hpp"

#include "proto/flv/tag.hpp"

namespace camspan::rtc {
namespace {

// What a part costs beside its bytes: an empty one must not be free.
constexpr std::size_t kPartCost = 64;

bool is_video(TimedKind kind) {
  return kind == TimedKind::key || kind == TimedKind::delta;
}

}  // namespace

/// The place of a 32-bit number that is nearest to the one which comes out next.
std::uint64_t TimedReader::place(std::uint32_t sequence) const {
  const auto ahead = static_cast<std::int32_t>(sequence - static_cast<std::uint32_t>(next_));
  return next_ + static_cast<std::uint64_t>(static_cast<std::int64_t>(ahead));
}

Result<> TimedReader::feed(ByteView message, TimePoint now) {
  const auto header = parse_timed_header(message);
  if (!header) return fail(header.error());
  const std::uint64_t at = place(header->sequence);
  // Below the next one: given up, or said twice. So is what lies before number 0.
  if (static_cast<std::int64_t>(at - next_) < 0) return {};
  auto [entry, fresh] = tags_.try_emplace(at);
  Tag& tag = entry->second;
  if (fresh) {
    tag.header = *header;
    tag.since = now;
  } else if (tag.header.kind != header->kind || tag.header.parts != header->parts) {
    return fail(Errc::malformed);
  }
  const ByteView part = message.subspan(TimedHeader::kBytes);
  if (!tag.parts.try_emplace(header->part, part.begin(), part.end()).second) return {};
  tag.bytes += part.size() + kPartCost;
  bytes_ += part.size() + kPartCost;
  release(now);
  return {};
}

void TimedReader::on_timeout(TimePoint now) {
  release(now);
}

std::optional<TimePoint> TimedReader::next_timeout() const {
  if (tags_.empty()) return std::nullopt;
  return tags_.begin()->second.since + limits_.max_wait;
}

/// Gives out what is whole and in turn, and gives up what is not and was waited for.
void TimedReader::release(TimePoint now) {
  while (!tags_.empty()) {
    const auto first = tags_.begin();
    const bool in_turn = first->first == next_ && first->second.whole();
    const bool given_up = now >= first->second.since + limits_.max_wait || bytes_ > limits_.max_bytes;
    if (in_turn) {
      Tag tag = std::move(first->second);
      bytes_ -= tag.bytes;
      tags_.erase(first);
      ++next_;
      deliver(std::move(tag));
    } else if (given_up) {
      give_up_first();
    } else {
      return;
    }
  }
}

/// What is missing before the first tag held, or that tag itself.
void TimedReader::give_up_first() {
  const auto first = tags_.begin();
  if (first->first != next_) {
    lost_ += first->first - next_;
    next_ = first->first;
  } else {
    bytes_ -= first->second.bytes;
    tags_.erase(first);
    ++lost_;
    ++next_;
  }
  wait_for_key_ = true;
}

void TimedReader::deliver(Tag tag) {
  const TimedKind kind = tag.header.kind;
  if (kind == TimedKind::key) wait_for_key_ = false;
  if (wait_for_key_ && is_video(kind)) {
    ++lost_;
    return;
  }
  Bytes piece;
  piece.reserve(tag.bytes + flv::kTrailerBytes);
  for (const auto& [part, bytes] : tag.parts) piece.insert(piece.end(), bytes.begin(), bytes.end());
  // The field after the file header is 0 (annex E.3).
  const std::size_t previous = as_text(piece).starts_with("FLV") ? 0 : piece.size();
  piece.resize(piece.size() + flv::kTrailerBytes);
  store_be<4>(&piece[piece.size() - flv::kTrailerBytes], previous);
  ready_.push_back(std::move(piece));
}

std::optional<Bytes> TimedReader::poll() {
  if (ready_.empty()) return std::nullopt;
  Bytes piece = std::move(ready_.front());
  ready_.pop_front();
  return piece;
}

}  // namespace camspan::rtc
