/// Files with secrets, and the random bytes in them.
#pragma once

#include <camspan/error.hpp>
#include <filesystem>
#include <string>
#include <string_view>

namespace camspan::hub {

/// Makes a new file of mode 0600 with `content`, safe on disk when it returns. An existing file is left alone and is an
/// error. The sentence names the file and the fix.
tl::expected<void, Failure> write_private_file(const std::filesystem::path& file, std::string_view content);

/// `bytes` random bytes as twice as many hex digits. Throws std::system_error when the machine has no randomness.
std::string random_hex(std::size_t bytes);

/// 19 random decimal digits, the first of them not 0.
std::string random_decimal();

/// A new random UUID (RFC 9562 version 4).
std::string random_uuid();

}  // namespace camspan::hub
