/// Joins the messages of a `camspan-flv-timed` channel to FLV again, in whatever order they come.
#pragma once

#include <camspan/error.hpp>
#include <camspan/unit.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "core/time.hpp"
#include "proto/rtc/timed_header.hpp"

namespace camspan::rtc {

/// What a viewer needs. Sans I/O, one thread: after feed() and on_timeout(), call poll() until it gives nothing.
///
/// Tags come out in their order. One that is not whole after `max_wait`, or of which later ones fill the memory, is
/// given up; video then goes on at the next key frame. Memory: `max_bytes`, and what is polled.
class TimedReader {
 public:
  struct Limits {
    std::size_t max_bytes = 8 << 20;  ///< of tags that wait to become whole, or for one before them
    std::chrono::milliseconds max_wait{500};
  };

  TimedReader() : TimedReader(Limits()) {}
  explicit TimedReader(Limits limits) : limits_(limits) {}

  /// Takes one message. @return Errc::malformed: no such message, or one that contradicts an earlier one of its tag
  Result<> feed(ByteView message, TimePoint now);
  /// Gives up what has been waited for long enough.
  void on_timeout(TimePoint now);
  /// When on_timeout() is of use.
  std::optional<TimePoint> next_timeout() const;
  /// The next piece of the FLV stream: file header or a tag, each with its previous-tag-size.
  std::optional<Bytes> poll();

  std::uint64_t lost_tags() const { return lost_; }  ///< never whole, or after one that was not

 private:
  struct Tag {
    TimedHeader header;
    std::map<std::uint16_t, Bytes> parts;
    std::size_t bytes = 0;
    TimePoint since;

    bool whole() const { return parts.size() == header.parts; }
  };

  std::uint64_t place(std::uint32_t sequence) const;
  void release(TimePoint now);
  void give_up_first();
  void deliver(Tag tag);

  const Limits limits_;
  std::map<std::uint64_t, Tag> tags_;  ///< by place on the line of sequence numbers
  std::size_t bytes_ = 0;
  std::uint64_t next_ = 0;  ///< place of the tag that comes out next
  std::uint64_t lost_ = 0;
  bool wait_for_key_ = false;
  std::deque<Bytes> ready_;
};

}  // namespace camspan::rtc
