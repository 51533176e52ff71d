#include "proto/rtc/device_command.hpp"

#include <charconv>
#include <optional>

#include "proto/rtc/request_label.hpp"

namespace camspan::rtc {
namespace {

/// The digits that begin a value; shipped programs send `time=123}`.
std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

struct Range {
  std::uint64_t start_s;
  std::uint64_t end_s;
};

std::optional<Range> range_of(const RequestLabel& label) {
  const auto start = number(label.value("start_time"));
  const auto end = number(label.value("end_time"));
  if (!start || !end || *end < *start) return std::nullopt;
  return Range{*start, *end};
}

Result<DeviceCommand> read_month(const RequestLabel& label) {
  const auto time = number(label.value("time"));  // yyyymm
  if (!time || *time / 100 < 1970 || *time / 100 > 9999 || *time % 100 < 1 || *time % 100 > 12)
    return fail(Errc::malformed);
  return MonthRecord{static_cast<unsigned>(*time / 100), static_cast<unsigned>(*time % 100)};
}

Result<DeviceCommand> read_inner(const RequestLabel& label) {
  const std::string cmd(label.value("cmd"));
  if (cmd == "get_device_st") return DeviceStatus{label.value("type").starts_with("voice"), label.channel};
  if (cmd == "get_stats") return ViewerStats{};
  if (cmd == "get_nvr_list") return NvrList{};
  if (cmd == "get_month_record") return read_month(label);
  if (cmd != "get_record_index" && cmd != "get_file_list") return OtherInner{cmd};
  const auto range = range_of(label);
  if (!range) return fail(Errc::malformed);
  if (cmd == "get_record_index") return RecordIndex{range->start_s, range->end_s};
  return FileList{range->start_s, range->end_s, number(label.value("file_type")) == 1};
}

}  // namespace

Result<DeviceCommand> parse_device_command(std::string_view text) {
  const auto label = parse_request_label(text);
  if (!label || label->value("action") != "inner_define") return UserCommand{};
  return read_inner(*label);
}

}  // namespace camspan::rtc
