#include "proto/flv/parser.hpp"

#include <algorithm>
#include <utility>

#include "proto/flv/tag.hpp"

namespace camspan::flv {
namespace {

constexpr std::size_t kFixedHeaderBytes = 9;
// The header has no field past its ninth byte in version 1; nobody needs more than this for one of their own.
constexpr std::size_t kMaxHeaderBytes = 4096;

/// The least that must be there before needed() can say how long the whole is.
std::size_t least(bool header_done) {
  return header_done ? kTagHeaderBytes : kFixedHeaderBytes;
}

}  // namespace

struct Parser::Source {
  ByteView bytes;
  std::shared_ptr<const void> owner;  ///< empty: the bytes are gone after the call
  std::optional<UtcTime> captured;
};

Result<> Parser::feed(const SharedUnit& piece) {
  return take({piece->bytes, piece->owner, piece->captured});
}

Result<> Parser::feed(ByteView bytes) {
  return take({bytes, nullptr, std::nullopt});
}

Result<> Parser::take(const Source& source) {
  if (error_) return fail(*error_);
  for (ByteView rest = source.bytes; !rest.empty();) {
    const auto used = part_.empty() ? begin(rest, source) : join(rest);
    if (!used) {
      error_ = used.error();
      part_ = {};
      return fail(*error_);
    }
    rest = rest.subspan(*used);
  }
  return {};
}

/// Takes the header or tag that begins `rest`: as it lies there if it is whole. @return how many bytes it took
Result<std::size_t> Parser::begin(ByteView rest, const Source& source) {
  const auto whole = needed(rest);
  if (!whole) return whole;
  if (*whole == 0 || *whole > rest.size()) {
    part_captured_ = source.captured;
    return join(rest);
  }
  if (const auto done = finish(rest.first(*whole), source.owner, source.captured); !done) return fail(done.error());
  return *whole;
}

/// Adds to the part, at most up to its end. @return how many bytes it took
Result<std::size_t> Parser::join(ByteView rest) {
  std::size_t used = 0;
  while (used < rest.size()) {
    const auto whole = needed(part_);
    if (!whole) return whole;
    const std::size_t target = *whole == 0 ? least(header_done_) : *whole;
    const ByteView more = rest.subspan(used, std::min(target - part_.size(), rest.size() - used));
    // At most four times what is there, and never more than the tag: the memory is full when the tag is whole.
    if (part_.capacity() < part_.size() + more.size())
      part_.reserve(std::min(target, std::max<std::size_t>(4 * (part_.size() + more.size()), 64)));
    part_.insert(part_.end(), more.begin(), more.end());
    used += more.size();
    if (part_.size() == *whole) {
      auto memory = std::make_shared<const Bytes>(std::exchange(part_, {}));
      const ByteView view = *memory;
      if (const auto done = finish(view, std::move(memory), part_captured_); !done) return fail(done.error());
      return used;
    }
  }
  // What is too short to tell its length may already be wrong.
  if (const auto whole = needed(part_); !whole) return whole;
  return used;
}

/// Length of the header or tag that begins with these bytes; 0 = it takes more bytes to tell.
Result<std::size_t> Parser::needed(ByteView begun) const {
  if (!header_done_) return needed_of_header(begun);
  if (begun.size() < kTagHeaderBytes) return std::size_t{0};
  const auto info = inspect(begun);
  if (!info) return fail(info.error());
  if (info->data_bytes > limits_.max_tag_bytes) return fail(Errc::too_large);
  return tag_bytes(info->data_bytes);
}

Result<std::size_t> Parser::needed_of_header(ByteView begun) const {
  const auto signature = as_bytes("FLV");
  const std::size_t compared = std::min(begun.size(), signature.size());
  if (!std::equal(signature.begin(), signature.begin() + static_cast<std::ptrdiff_t>(compared), begun.begin()))
    return fail(Errc::wrong_type);
  if (begun.size() < kFixedHeaderBytes) return std::size_t{0};
  const auto offset = static_cast<std::size_t>(load_be<4>(&begun[5]));
  if (offset < kFixedHeaderBytes) return fail(Errc::malformed);
  if (offset > kMaxHeaderBytes) return fail(Errc::too_large);
  return offset + kTrailerBytes;
}

Result<> Parser::finish(ByteView whole, std::shared_ptr<const void> owner, std::optional<UtcTime> captured) {
  const std::uint64_t trailer = load_be<4>(&whole[whole.size() - kTrailerBytes]);
  if (!header_done_) {
    if (trailer != 0) return fail(Errc::malformed);
    header_done_ = true;
    whole_bytes_ = whole.size();
    return {};
  }
  // Some senders leave the field 0.
  if (trailer != 0 && trailer != whole.size() - kTrailerBytes) return fail(Errc::malformed);
  if (!owner) {
    auto memory = std::make_shared<const Bytes>(whole.begin(), whole.end());
    whole = *memory;
    owner = std::move(memory);
  }
  const auto info = inspect(whole);
  if (!info) return fail(info.error());
  auto unit = make_tag_unit(whole, std::move(owner), *info, captured);
  whole_bytes_ += whole.size();
  ready_.push_back(std::move(unit));
  return {};
}

std::optional<SharedUnit> Parser::poll() {
  if (ready_.empty()) return std::nullopt;
  SharedUnit unit = std::move(ready_.front());
  ready_.pop_front();
  return unit;
}

}  // namespace camspan::flv
