// Log level of the C API.
#include <camspan/hal.h>

#include "guard.hpp"
#include "handle.hpp"
#include "iot_export.h"

namespace camspan::linkkit {
namespace {

void to_board(log::Level level, const char* category, const char* message) {
  hal()->log(static_cast<int>(level), category, message);
}

log::Level level_of(IOT_LogLevel level) {
  switch (level) {
    case IOT_LOG_INFO:
      return log::Level::info;
    case IOT_LOG_DEBUG:
      return log::Level::debug;
    case IOT_LOG_WARNING:
      return log::Level::warn;
    default:
      return log::Level::error;
  }
}

void set_level(IOT_LogLevel level) {
  log::set_sink(level == IOT_LOG_NONE ? nullptr : to_board);
  log::set_level(level_of(level));
}

}  // namespace

void use_log() {
  static const bool once = [] {
    set_level(IOT_LOG_WARNING);
    return true;
  }();
  static_cast<void>(once);
}

}  // namespace camspan::linkkit

void IOT_SetLogLevel(IOT_LogLevel level) {
  camspan::linkkit::use_log();
  camspan::linkkit::set_level(level);
}

void IOT_DumpMemoryStats(IOT_LogLevel level) {
  using namespace camspan;
  linkkit::use_log();
  if (level != IOT_LOG_NONE) log::line(linkkit::level_of(level), "linkkit", "handles: ", linkkit::count_handles());
}
