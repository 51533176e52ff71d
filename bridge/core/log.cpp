#include "core/log.hpp"

#include <string>

namespace camspan::log {
namespace {
std::atomic<Sink> g_sink{nullptr};
}

namespace detail {
std::atomic<Level> level{Level::info};

void write(Level level, const char* category, std::string_view message) noexcept {
  const Sink sink = g_sink.load(std::memory_order_acquire);
  if (!sink) return;
  try {
    sink(level, category, std::string(message).c_str());
  } catch (...) {
    sink(level, category, "a log line was lost: out of memory");
  }
}
}  // namespace detail

void set_sink(Sink sink) noexcept {
  g_sink.store(sink, std::memory_order_release);
}
void set_level(Level level) noexcept {
  detail::level.store(level, std::memory_order_relaxed);
}

}  // namespace camspan::log
