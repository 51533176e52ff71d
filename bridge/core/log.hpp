/// The one log of the core. The sink is the program's: hal()->log in the hub, GStreamer's in the elements.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace camspan::log {

/// Same order and values as HAL_LOG_*.
enum class Level : std::uint8_t { error, warn, info, debug, trace };

/// Called from any thread; must not block for long and must not call back into Camspan.
using Sink = void (*)(Level level, const char* category, const char* message);

/// Any thread, at any time. nullptr = drop everything.
void set_sink(Sink sink) noexcept;
void set_level(Level level) noexcept;

namespace detail {
extern std::atomic<Level> level;
void write(Level level, const char* category, std::string_view message) noexcept;
}  // namespace detail

inline bool enabled(Level level) noexcept {
  return level <= detail::level.load(std::memory_order_relaxed);
}

/// Joins the pieces only when the level is on. Pieces: strings, numbers, anything std::to_string takes.
/// Never a token, key or secret; peer addresses at debug level only.
template <class... Pieces>
void line(Level level, const char* category, const Pieces&... pieces) noexcept;

template <class... Pieces>
void error(const char* category, const Pieces&... pieces) noexcept {
  line(Level::error, category, pieces...);
}
template <class... Pieces>
void warn(const char* category, const Pieces&... pieces) noexcept {
  line(Level::warn, category, pieces...);
}
template <class... Pieces>
void info(const char* category, const Pieces&... pieces) noexcept {
  line(Level::info, category, pieces...);
}
template <class... Pieces>
void debug(const char* category, const Pieces&... pieces) noexcept {
  line(Level::debug, category, pieces...);
}

namespace detail {
inline void append(std::string& out, std::string_view text) {
  out += text;
}
inline void append(std::string& out, const char* text) {
  out += text;
}
inline void append(std::string& out, const std::string& text) {
  out += text;
}
template <class Number>
requires std::is_arithmetic_v<Number>
void append(std::string& out, Number number) {
  out += std::to_string(number);
}
}  // namespace detail

template <class... Pieces>
void line(Level level, const char* category, const Pieces&... pieces) noexcept {
  if (!enabled(level)) return;
  try {
    std::string message;
    (detail::append(message, pieces), ...);
    detail::write(level, category, message);
  } catch (...) {
    detail::write(level, category, "a log line was lost: out of memory");
  }
}

}  // namespace camspan::log
