/// Names of streams.
#pragma once

#include <cstdint>
#include <string>

namespace camspan {

/// From the board's random source, or its clock if that fails.
std::uint32_t random_32();

/// A random UUID (RFC 9562 section 5.4).
std::string make_uuid();

/// The name under which tag `first` of `stream` and those after it go on when the receiver lacks tags before that
/// nobody has any more. The same one whoever asks, so that no tag is stored twice (RFC 9562 section 5.8: version 8).
std::string uuid_of_rest(const std::string& stream, std::uint64_t first);

}  // namespace camspan
