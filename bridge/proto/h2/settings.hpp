/// SETTINGS of HTTP/2 (RFC 9113 section 6.5.2, RFC 8441, RFC 9218).
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace camspan::h2 {

enum class SettingId : std::uint16_t {
  header_table_size = 0x1,
  enable_push = 0x2,
  max_concurrent_streams = 0x3,
  initial_window_size = 0x4,
  max_frame_size = 0x5,
  max_header_list_size = 0x6,
  enable_connect_protocol = 0x8,
  no_rfc7540_priorities = 0x9,
};

/// What one side announces. An empty member is not sent; the RFC's default then holds.
struct Settings {
  std::optional<std::uint32_t> header_table_size;  ///< bytes of the HPACK table
  std::optional<std::uint32_t> enable_push;        ///< 0 or 1; a server sends 0 or nothing
  std::optional<std::uint32_t> max_concurrent_streams;
  std::optional<std::uint32_t> initial_window_size;      ///< bytes, at most 2^31-1
  std::optional<std::uint32_t> max_frame_size;           ///< bytes, 16384 .. 16777215
  std::optional<std::uint32_t> max_header_list_size;     ///< bytes, uncompressed, 32 more per field; advisory
  std::optional<std::uint32_t> enable_connect_protocol;  ///< 0 or 1
  std::optional<std::uint32_t> no_rfc7540_priorities;    ///< 0 or 1

  /// Every server of ours. The window is the one that unmodified Link Kit devices assume without being told (2^24-1);
  /// they need it announced.
  static Settings server();
  /// Every client of ours: no pushes, and `window_bytes` for each stream.
  static Settings client(std::uint32_t window_bytes);

  /// The first setting whose value the RFC does not allow; nullopt = all are good.
  std::optional<SettingId> invalid() const;
  /// The same for a server, which never enables pushes to itself (RFC 9113 section 6.5.2).
  std::optional<SettingId> invalid_of_server() const;
  /// Those that are set, in the order of their ids.
  std::vector<std::pair<SettingId, std::uint32_t>> entries() const;
};

}  // namespace camspan::h2
