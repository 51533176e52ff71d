/// CRC32c (RFC 9260 appendix A), by the processor's instruction where it has one.
#pragma once

#include <camspan/bytes.hpp>

namespace camspan::rtc {

std::uint32_t crc32c(ByteView bytes) noexcept;

}  // namespace camspan::rtc
