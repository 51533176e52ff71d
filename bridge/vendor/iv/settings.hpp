/// What a program gave to iv_avt_p2p_init(), checked and copied.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <tl/expected.hpp>

#include "callbacks.hpp"

namespace camspan::iv {

/// `net_info`: the device on its local network.
struct LanSettings {
  std::uint16_t probe_port = 0;  ///< UDP; 0 in one of the two = there is no such service
  std::uint16_t data_port = 0;   ///< where viewers come to
  std::string address;           ///< IPv4 of the device; "" = every one of this host
  std::string product;           ///< "" = as the device's identity says
  std::string device;            ///< likewise

  bool on() const { return probe_port != 0 && data_port != 0; }
};

struct Settings {
  Callbacks callbacks;
  std::chrono::milliseconds sender_interval{10};
  iv_avt_p2p_log_level_e log_level = IV_AVT_P2P_LOG_DISABLE;
  std::string log_path;                ///< "" = stderr
  std::uint64_t log_bytes = 1u << 20;  ///< of one of its two files
  std::uint32_t mtu = 1200;
  std::chrono::seconds probe_after{0};  ///< of silence of the hub; 0 = as it says itself
  unsigned probes = 2;
  LanSettings lan;
};

/// @param recv_voice_has_stop  recv_voice_cb is of the form with `stop`, whatever its type here says
/// @return IV_ERR_AVT_INIT_PRM_NULL, _INIT_CB_NULL or _INIT_PRM_RANGE, which is logged
tl::expected<Settings, int> read_settings(const iv_p2p_parm_s* parm, bool recv_voice_has_stop);

}  // namespace camspan::iv
