#include "settings.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <cstring>
#include <string_view>

#include "core/log.hpp"
#include "iv_err.h"

namespace camspan::iv {
namespace {

constexpr std::uint32_t kMinMtu = 500;
constexpr std::uint32_t kMaxMtu = 1460;
constexpr std::uint32_t kMaxIntervalMs = 1000;

bool is_name(const char* text) {
  return text == nullptr ||
         std::all_of(text, text + std::strlen(text), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

bool is_address(const char (&text)[64]) {
  if (text[0] == '\0') return true;
  in_addr address{};
  return std::memchr(text, 0, sizeof text) != nullptr && inet_pton(AF_INET, text, &address) == 1;
}

bool between(std::int64_t low, std::int64_t value, std::int64_t high) {
  return low <= value && value <= high;
}

std::string text_of(const char* text) {
  return text == nullptr ? "" : text;
}

LanSettings lan_of(const local_net_info_s& net) {
  LanSettings lan;
  lan.probe_port = static_cast<std::uint16_t>(net.probe_port);
  lan.data_port = static_cast<std::uint16_t>(net.trans_port);
  lan.address = net.local_addr;
  lan.product = text_of(net.vendor_id);
  lan.device = text_of(net.device_id);
  return lan;
}

/// The number that a program put there; an enum may not be looked at with one that it has no name for.
template <class Enum>
int raw(const Enum& value) {
  int number = 0;
  static_assert(sizeof(Enum) == sizeof(number));
  std::memcpy(&number, &value, sizeof(number));  // std::bit_cast of g++ 12 looks at the value as an enum
  return number;
}

/// @return the name of what is out of range; nullptr = nothing
const char* out_of_range(const iv_p2p_parm_s& parm) {
  const p2p_init_params_s& init = parm.p2p_init_params;
  const local_net_info_s& net = parm.net_info;
  if (!between(0, parm.p2p_keep_alive.max_attempt_num, 10)) return "max_attempt_num";
  if (!between(IV_AVT_P2P_LOG_DISABLE, raw(init.log_level), IV_AVT_P2P_LOG_VERBOSE)) return "log_level";
  if (init.mtu_size != 0 && !between(kMinMtu, init.mtu_size, kMaxMtu)) return "mtu_size";
  if (!between(IV_AVT_P2P_NIC_NORMAL, raw(init.nic_type), IV_AVT_P2P_NIC_NAT_EX)) return "nic_type";
  if (!between(0, init.sender_interval_ms, kMaxIntervalMs)) return "sender_interval_ms";
  if (!between(IV_AVT_P2P_UDP, raw(init.protocol), IV_AVT_P2P_AUTO)) return "protocol";
  if (!between(0, init.proxy_port, 65535)) return "proxy_port";
  if (!between(0, init.thread_policy, 2)) return "thread_policy";
  if (!between(0, init.thread_priority, 99)) return "thread_priority";
  if (!between(0, init.need_pre_connect, 1)) return "need_pre_connect";
  if (!between(0, net.probe_port, 65535)) return "probe_port";
  if (!between(0, net.trans_port, 65535)) return "trans_port";
  if (!is_address(net.local_addr)) return "local_addr";
  if (!is_name(net.vendor_id)) return "vendor_id";
  if (!is_name(net.device_id)) return "device_id";
  return nullptr;
}

Callbacks callbacks_of(const iv_p2p_parm_s& parm, bool recv_voice_has_stop) {
  Callbacks callbacks;
  callbacks.send_init = parm.p2p_handle_send_init_cb;
  callbacks.send_get = parm.p2p_handle_send_get_cb;
  callbacks.send_stop = parm.p2p_handle_send_stop_cb;
  callbacks.notify = parm.p2p_handle_event_notify_cb;
  callbacks.recv_init = parm.p2p_handle_recv_init_cb;
  callbacks.command = parm.p2p_handle_command_cb;
  if (recv_voice_has_stop)
    callbacks.recv_voice_with_stop = std::bit_cast<RecvVoiceWithStop>(parm.p2p_handle_recv_voice_cb);
  else
    callbacks.recv_voice = parm.p2p_handle_recv_voice_cb;
  return callbacks;
}

}  // namespace

tl::expected<Settings, int> read_settings(const iv_p2p_parm_s* parm, bool recv_voice_has_stop) {
  if (parm == nullptr) return tl::unexpected<int>(IV_ERR_AVT_INIT_PRM_NULL);
  Settings settings;
  settings.callbacks = callbacks_of(*parm, recv_voice_has_stop);
  const Callbacks& called = settings.callbacks;
  if (!called.send_init || !called.send_get || !called.send_stop || !called.command) {
    log::error("iv", "iv_avt_p2p_init: send_init, send_get, send_stop and command have to be given");
    return tl::unexpected<int>(IV_ERR_AVT_INIT_CB_NULL);
  }
  if (const char* const name = out_of_range(*parm)) {
    log::error("iv", "iv_avt_p2p_init: ", name, " is out of range");
    return tl::unexpected<int>(IV_ERR_AVT_INIT_PRM_RANGE);
  }
  const p2p_init_params_s& init = parm->p2p_init_params;
  if (init.sender_interval_ms != 0) settings.sender_interval = std::chrono::milliseconds(init.sender_interval_ms);
  settings.log_level = init.log_level;
  if (init.log_file_path != nullptr) settings.log_path = init.log_file_path;
  if (init.log_file_size != 0) settings.log_bytes = init.log_file_size;
  if (init.mtu_size != 0) settings.mtu = init.mtu_size;
  settings.lan = lan_of(parm->net_info);
  const p2p_keep_alive_s& keep_alive = parm->p2p_keep_alive;
  if (keep_alive.time_inter_s != 0 && keep_alive.max_attempt_num != 0) {
    settings.probe_after = std::chrono::seconds(keep_alive.time_inter_s);
    settings.probes = keep_alive.max_attempt_num;
  }
  return settings;
}

}  // namespace camspan::iv
