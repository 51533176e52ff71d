/// Nothing is thrown to C.
#pragma once

#include <exception>

#include "core/log.hpp"

namespace camspan::linkkit {

/// @return what `body` returns, or `failed` where it throws
template <class Result, class Body>
Result guard(Result failed, Body&& body) noexcept {
  try {
    return body();
  } catch (const std::exception& error) {
    log::error("linkkit", "a call failed: ", error.what());
    return failed;
  }
}

/// A call was refused for what is in its arguments.
inline int refuse(const char* function, std::string_view why) noexcept {
  log::error("linkkit", function, ": ", why);
  return -1;
}

/// Once per process, before the first line: the log is the board's.
void use_log();

}  // namespace camspan::linkkit
