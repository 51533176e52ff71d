#include "hub/recording_gap.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace camspan::hub {
namespace {

// A segment ends with the time of its last tag: the next one begins a frame later, or a second where there is only
// sound in large pieces.
constexpr std::chrono::milliseconds kPause{1000};

constexpr std::array<std::pair<EndReason, std::string_view>, 4> kNames{{{EndReason::offline, "offline"},
                                                                        {EndReason::stopped, "stopped"},
                                                                        {EndReason::disk_full, "disk-full"},
                                                                        {EndReason::lost, "lost"}}};

/// Adds what lies between `from` and `to`, first what has expired of it.
void add_gap(std::vector<Gap>& gaps, Span gap, const std::optional<Span>& expired, std::optional<EndReason> reason,
             std::uint64_t lost_tags) {
  if (expired && expired->from < gap.to && expired->to > gap.from) {
    const Span removed{std::max(gap.from, expired->from), std::min(gap.to, expired->to)};
    if (removed.to - removed.from > kPause) gaps.push_back({removed, std::nullopt});
    gap.from = removed.to;
  }
  // What was lost leaves a gap however short.
  if (lost_tags > 0 && gap.to > gap.from) return gaps.push_back({gap, EndReason::lost, lost_tags});
  if (reason && gap.to - gap.from > kPause) gaps.push_back({gap, reason});
}

}  // namespace

std::string_view to_string(EndReason reason) {
  return std::find_if(kNames.begin(), kNames.end(), [&](const auto& name) { return name.first == reason; })->second;
}

std::optional<EndReason> parse_end_reason(std::string_view text) {
  for (const auto& [reason, name] : kNames)
    if (name == text) return reason;
  return std::nullopt;
}

std::vector<Gap> find_gaps(const std::vector<RecordedSpan>& segments, const std::optional<Span>& expired, Span within) {
  std::vector<Gap> gaps;
  UtcTime covered = within.from;
  std::optional<EndReason> reason;  // why the recording ended that reaches furthest
  std::uint64_t lost_tags = 0;
  UtcTime reason_at{};
  for (const RecordedSpan& segment : segments) {
    const UtcTime to = std::min(segment.span.from, within.to);
    if (to > covered) add_gap(gaps, {covered, to}, expired, reason, lost_tags);
    covered = std::max(covered, segment.span.to);
    if (segment.span.to < reason_at) continue;
    reason_at = segment.span.to;
    reason = segment.end;
    lost_tags = segment.lost_tags;
  }
  if (covered < within.to) add_gap(gaps, {covered, within.to}, expired, reason, lost_tags);
  return gaps;
}

}  // namespace camspan::hub
