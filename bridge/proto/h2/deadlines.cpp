#include "proto/h2/deadlines.hpp"

#include <algorithm>

namespace camspan::h2 {

Deadlines::Deadlines(const Limits& limits, TimePoint now)
    : limits_(limits), last_input_(now), preface_(now + limits.preface), settings_ack_(now + limits.settings_ack) {}

void Deadlines::input(TimePoint now) {
  last_input_ = now;
  extend_ping(now);
}

void Deadlines::extend_ping(TimePoint now) {
  if (ping_ack_) ping_ack_ = std::max(*ping_ack_, now + limits_.ping_timeout);
}

void Deadlines::input_withheld(TimePoint now) {
  input(now);
  if (preface_) preface_ = std::max(*preface_, now + limits_.preface);
  if (settings_ack_) settings_ack_ = std::max(*settings_ack_, now + limits_.settings_ack);
  if (header_block_) header_block_ = std::max(*header_block_, now + limits_.header_block);
}

std::optional<TimePoint> Deadlines::ping_due() const {
  if (ping_ack_ || limits_.ping_interval.count() == 0) return std::nullopt;
  return last_input_ + limits_.ping_interval;
}

std::optional<TimePoint> Deadlines::next() const {
  std::optional<TimePoint> result;
  for (const auto& time : {preface_, settings_ack_, header_block_, ping_ack_, second_go_away_, ping_due()})
    if (time && (!result || *time < *result)) result = time;
  return result;
}

Deadlines::Due Deadlines::due(TimePoint now) const {
  const auto passed = [now](const std::optional<TimePoint>& time) { return time && *time <= now; };
  if (passed(settings_ack_)) return Due::settings_timeout;
  if (passed(preface_)) return Due::preface;
  if (passed(header_block_)) return Due::header_block;
  if (passed(ping_ack_)) return Due::ping_timeout;
  if (passed(second_go_away_)) return Due::second_go_away;
  if (passed(ping_due())) return Due::ping;
  return Due::nothing;
}

}  // namespace camspan::h2
