#include "log_sink.hpp"

#include <atomic>
#include <chrono>
#include <memory>

#include "core/log.hpp"
#include "core/time.hpp"
#include "log_file.hpp"

namespace camspan::iv {
namespace {

std::atomic<std::shared_ptr<LogFile>> file;
std::atomic<iv_avt_p2p_log_level_e> wanted{IV_AVT_P2P_LOG_INFO};

void write(log::Level level, const char* category, const char* message) {
  static constexpr const char* kNames[] = {"ERROR", "WARN", "INFO", "DEBUG", "VERBOSE"};
  const std::shared_ptr<LogFile> to = file.load();
  if (to == nullptr || wanted == IV_AVT_P2P_LOG_DISABLE) return;
  const auto now = std::chrono::time_point_cast<UtcTime::duration>(std::chrono::system_clock::now());
  to->write(format_utc(now) + " " + kNames[static_cast<int>(level)] + " " + category + ": " + message);
}

}  // namespace

void log_to(const std::string& path, std::uint64_t max_bytes, iv_avt_p2p_log_level_e level) {
  set_log_level(level);
  file.store(std::make_shared<LogFile>(path, max_bytes));
  log::set_sink(write);
}

void log_to_nowhere() {
  log::set_sink(nullptr);
  file.store(nullptr);
}

void set_log_level(iv_avt_p2p_log_level_e level) {
  wanted = level;
  if (level != IV_AVT_P2P_LOG_DISABLE) log::set_level(static_cast<log::Level>(level - 1));
}

iv_avt_p2p_log_level_e log_level() {
  return wanted;
}

}  // namespace camspan::iv
