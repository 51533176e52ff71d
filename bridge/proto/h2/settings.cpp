#include "proto/h2/settings.hpp"

namespace camspan::h2 {
namespace {

constexpr std::uint32_t kMaxWindow = 0x7fffffff;
constexpr std::uint32_t kMinFrame = 16384;
constexpr std::uint32_t kMaxFrame = 16777215;

bool allowed(SettingId id, std::uint32_t value) {
  switch (id) {
    case SettingId::enable_push:
    case SettingId::enable_connect_protocol:
    case SettingId::no_rfc7540_priorities:
      return value <= 1;
    case SettingId::initial_window_size:
      return value <= kMaxWindow;
    case SettingId::max_frame_size:
      return value >= kMinFrame && value <= kMaxFrame;
    case SettingId::header_table_size:
    case SettingId::max_concurrent_streams:
    case SettingId::max_header_list_size:
      return true;
  }
  return false;
}

}  // namespace

Settings Settings::server() {
  Settings settings;
  settings.max_concurrent_streams = 100;
  settings.initial_window_size = 16777215;
  settings.max_frame_size = kMinFrame;
  settings.max_header_list_size = 16384;
  settings.enable_connect_protocol = 0;  // a browser told 1 may open every WebSocket on this connection
  settings.no_rfc7540_priorities = 1;
  return settings;
}

Settings Settings::client(std::uint32_t window_bytes) {
  Settings settings;
  settings.enable_push = 0;
  settings.initial_window_size = window_bytes;
  return settings;
}

std::optional<SettingId> Settings::invalid() const {
  for (const auto& [id, value] : entries())
    if (!allowed(id, value)) return id;
  return std::nullopt;
}

std::optional<SettingId> Settings::invalid_of_server() const {
  if (enable_push.value_or(0) != 0) return SettingId::enable_push;
  return invalid();
}

std::vector<std::pair<SettingId, std::uint32_t>> Settings::entries() const {
  std::vector<std::pair<SettingId, std::uint32_t>> result;
  const auto add = [&](SettingId id, const std::optional<std::uint32_t>& value) {
    if (value) result.emplace_back(id, *value);
  };
  add(SettingId::header_table_size, header_table_size);
  add(SettingId::enable_push, enable_push);
  add(SettingId::max_concurrent_streams, max_concurrent_streams);
  add(SettingId::initial_window_size, initial_window_size);
  add(SettingId::max_frame_size, max_frame_size);
  add(SettingId::max_header_list_size, max_header_list_size);
  add(SettingId::enable_connect_protocol, enable_connect_protocol);
  add(SettingId::no_rfc7540_priorities, no_rfc7540_priorities);
  return result;
}

}  // namespace camspan::h2
