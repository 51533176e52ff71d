/// What a program gave to iv_avt_p2p_init(), checked and copied.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <tl/expected.hpp>

#include "callbacks.hpp"

namespace camspan::iv {

struct Settings {
  Callbacks callbacks;
  std::chrono::milliseconds sender_interval{10};
  iv_avt_p2p_log_level_e log_level = IV_AVT_P2P_LOG_DISABLE;
  std::string log_path;                ///< "" = stderr
  std::uint64_t log_bytes = 1u << 20;  ///< of one of its two files
  std::uint32_t mtu = 1200;
};

/// @param recv_voice_has_stop  recv_voice_cb is of the form with `stop`, whatever its type here says
/// @return IV_ERR_AVT_INIT_PRM_NULL, _INIT_CB_NULL or _INIT_PRM_RANGE, which is logged
tl::expected<Settings, int> read_settings(const iv_p2p_parm_s* parm, bool recv_voice_has_stop);

}  // namespace camspan::iv
