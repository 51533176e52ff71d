// The functions of iv_av.h that carry bytes.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>

#include "core/log.hpp"
#include "iv_err.h"
#include "log_sink.hpp"
#include "program.hpp"

// Programs that were compiled with IV_AVT_P2P_RECV_VOICE_STOP call this one.
extern "C" IV_API int iv_avt_p2p_init_with_stop(const iv_p2p_parm_s* pstInitParm);

namespace camspan::iv {
namespace {

constexpr std::chrono::milliseconds kDefaultTimeout{7500};
constexpr std::uint32_t kMinMtu = 500;
constexpr std::uint32_t kMaxMtu = 1200;

/// One program runs in a process.
struct Running {
  std::mutex life;   ///< whoever starts or ends it; callbacks must not
  std::mutex mutex;  ///< of `program`
  std::shared_ptr<Program> program;

  std::shared_ptr<Program> get() {
    const std::lock_guard lock(mutex);
    return program;
  }
  std::shared_ptr<Program> exchange(std::shared_ptr<Program> other) {
    const std::lock_guard lock(mutex);
    return std::exchange(program, std::move(other));
  }
};

Running running;
Marks marks;  // guarded by running.mutex
std::atomic<std::uint32_t> mtu{kMaxMtu};

/// Nothing is thrown to C.
template <class Result, class Body>
Result guard(Result failed, Body&& body) noexcept {
  try {
    return body();
  } catch (const std::exception& error) {
    log::error("iv", "a call failed: ", error.what());
    return failed;
  }
}

bool called_back() {
  const auto program = running.get();
  return program != nullptr && program->on_callback_thread();
}

int init(const iv_p2p_parm_s* parm, bool recv_voice_has_stop) {
  const auto settings = read_settings(parm, recv_voice_has_stop);
  if (!settings) return settings.error();
  if (called_back()) return IV_ERR_AVT_STATE_ERROR;
  const std::lock_guard lock(running.life);
  if (running.get() != nullptr) return IV_ERR_AVT_STATE_ERROR;
  log_to(settings->log_path, settings->log_bytes, settings->log_level);
  mtu = settings->mtu;
  auto program = Program::start(*settings);
  if (program == nullptr) {
    log_to_nowhere();
    return IV_ERR_AVT_FAILED;
  }
  Marks now;
  {
    const std::lock_guard set(running.mutex);
    running.program = program;
    now = marks;
  }
  program->set_marks(now);
  return IV_ERR_NONE;
}

int exit() {
  if (called_back()) return IV_ERR_AVT_STATE_ERROR;
  const std::lock_guard lock(running.life);
  const auto program = running.exchange(nullptr);
  if (program == nullptr) return IV_ERR_AVT_STATE_ERROR;
  program->stop();
  {
    const std::lock_guard set(running.mutex);
    marks = {};
  }
  log_to_nowhere();
  return IV_ERR_NONE;
}

int send_command(const char* peer, std::span<const char> message, std::span<unsigned char> room, std::size_t& length,
                 std::uint32_t timeout_ms) {
  length = 0;
  const auto program = running.get();
  if (program == nullptr || program->on_callback_thread()) return IV_ERR_AVT_STATE_ERROR;
  const ByteView bytes = std::as_bytes(message);
  const CommandResult result =
      program->send_command(peer, Bytes(bytes.begin(), bytes.end()),
                            timeout_ms != 0 ? std::chrono::milliseconds(timeout_ms) : kDefaultTimeout);
  length = std::min(result.reply.size(), room.size());
  if (length > 0) std::memcpy(room.data(), result.reply.data(), length);
  return result.reply.size() > room.size() ? static_cast<int>(IV_ERR_AVT_INPUT_PARAM_INVAILD) : result.status;
}

int set_marks(const Marks& wanted) {
  if (!wanted.valid()) return IV_ERR_AVT_INPUT_PARAM_INVAILD;
  std::shared_ptr<Program> program;
  {
    const std::lock_guard lock(running.mutex);
    marks = wanted;
    program = running.program;
  }
  if (program != nullptr) program->set_marks(wanted);
  return IV_ERR_NONE;
}

}  // namespace
}  // namespace camspan::iv

using namespace camspan::iv;

int iv_avt_p2p_init(const iv_p2p_parm_s* pstInitParm) {
  return guard<int>(IV_ERR_AVT_FAILED, [&] { return init(pstInitParm, false); });
}

int iv_avt_p2p_init_with_stop(const iv_p2p_parm_s* pstInitParm) {
  return guard<int>(IV_ERR_AVT_FAILED, [&] { return init(pstInitParm, true); });
}

int iv_avt_p2p_exit(void) {
  return guard<int>(IV_ERR_AVT_FAILED, [] { return camspan::iv::exit(); });
}

int iv_avt_p2p_set_buf_watermark(size_t low_mark, size_t warn_mark, size_t high_mark) {
  return guard<int>(IV_ERR_AVT_FAILED, [&] { return set_marks({low_mark, warn_mark, high_mark}); });
}

size_t iv_avt_p2p_get_send_buf(void* handle) {
  return guard<size_t>(0, [handle]() -> size_t {
    const auto program = running.get();
    return program != nullptr ? program->handle(handle).buffered_bytes : 0;
  });
}

iv_p2p_send_stats_s iv_avt_p2p_get_send_status(void* handle) {
  return guard<iv_p2p_send_stats_s>({}, [handle] {
    const auto program = running.get();
    return program != nullptr ? program->handle(handle).stats : iv_p2p_send_stats_s{};
  });
}

int iv_avt_p2p_send_command(const char* peer, const char* msg, size_t msg_len, unsigned char* recv_buf,
                            size_t* recv_len, uint32_t timeout_ms) {
  if (peer == nullptr || msg == nullptr || recv_buf == nullptr || recv_len == nullptr)
    return IV_ERR_AVT_INPUT_PARAM_NULL;
  return guard<int>(IV_ERR_AVT_FAILED, [&] {
    return send_command(peer, {msg, msg_len}, {recv_buf, *recv_len}, *recv_len, timeout_ms);
  });
}

void iv_avt_set_mtu(uint32_t mtu_size) {
  const uint32_t within = std::clamp(mtu_size, kMinMtu, kMaxMtu);
  if (within != mtu_size) camspan::log::warn("iv", "iv_avt_set_mtu: ", mtu_size, " is out of range, now ", within);
  mtu = within;
  guard<bool>(false, [within] {
    if (const auto program = running.get()) program->set_mtu(within);
    return true;
  });
}

uint32_t iv_avt_get_mtu(void) {
  return mtu;
}

void iv_avt_set_p2p_log_level(iv_sys_log_level_type_e log_level) {
  set_log_level(static_cast<iv_avt_p2p_log_level_e>(std::clamp(log_level, IV_eLOG_DISABLE, IV_eLOG_DEBUG)));
}

iv_sys_log_level_type_e iv_avt_get_p2p_log_level(void) {
  return static_cast<iv_sys_log_level_type_e>(
      std::min(static_cast<int>(camspan::iv::log_level()), static_cast<int>(IV_eLOG_DEBUG)));
}

const char* iv_avt_get_peerinfo(void) {
  static thread_local std::string told;
  return guard<const char*>("", [] {
    const auto program = running.get();
    told = program != nullptr ? program->peer_info() : "";
    return told.c_str();
  });
}
