/// How viewers on a local network find a device (IoT Video's LAN discovery, p2p.md section 1.10): a datagram asks by
/// broadcast who is there, and each device that is meant answers. Free functions: any thread, no state.
#pragma once

#include <camspan/bytes.hpp>
#include <cstdint>
#include <optional>
#include <string>

namespace camspan::iv {

/// Who is asked for.
struct LanName {
  std::string product;
  std::string device;
};

/// A question that is meant for us, and what its answer repeats.
struct LanProbe {
  std::string client_token;
  std::byte version{};
  bool low_byte_first = true;  ///< of the length: the texts differ from the tables of bytes
};

inline constexpr std::size_t kLanHeadBytes = 4;
inline constexpr std::size_t kMaxLanBytes = 1000;  ///< of the JSON behind it

/// @return nullopt: no question, or one for others
std::optional<LanProbe> read_lan_probe(ByteView datagram, const LanName& who);

/// @param address, port  where viewers find the device. @param unix_ms  now
Bytes lan_answer(const LanProbe& probe, const LanName& who, const std::string& address, std::uint16_t port,
                 std::int64_t unix_ms);

}  // namespace camspan::iv
