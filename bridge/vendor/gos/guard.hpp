/// Nothing is thrown to C.
#pragma once

#include <exception>
#include <new>

#include "core/log.hpp"
#include "gos_types.h"

namespace camspan::gos {

/// @return what `body` returns, or the result for what it throws
template <class Body>
gos_result_t guard(Body&& body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return GOS_ERROR_OUT_OF_HEAP;
  } catch (const std::exception& error) {
    log::error("gos", "a call failed: ", error.what());
    return GOS_ERROR;
  }
}

}  // namespace camspan::gos
