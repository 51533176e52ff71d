/// The file service of Link Kit (`/stream/.../c/iot/sys/thing/file/upload`): what its requests say of a file.
#pragma once

#include <camspan/error.hpp>
#include <camspan/unit.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "proto/http/headers.hpp"

namespace camspan::link {

constexpr std::string_view kFileService = "c/iot/sys/thing/file/upload";
constexpr std::size_t kMaxFileNameBytes = 100;
constexpr std::size_t kMaxUploadIdBytes = 39;
/// Devices read `x-next-append-position` into an int.
constexpr std::uint64_t kMaxFileBytes = 2'147'483'647;

/// What an open asks for: a new file, or to go on with an upload.
struct FileOpen {
  std::string name;        ///< "" = goes on
  bool overwrite = false;  ///< of a new file
  std::string upload_id;   ///< "" = a new file
};

/// @return Errc::malformed: both or neither of `x-file-name` and `x-file-upload-id`, one of them twice, or a name that
/// no file may have
Result<FileOpen> parse_file_open(const http::Headers& headers);

/// `[A-Za-z0-9][A-Za-z0-9_.]*`, at most 100 bytes.
bool is_upload_name(std::string_view name);

/// `x-file-crc64ecma`, where it is given: unsigned or signed decimal. @return Errc::malformed
Result<std::optional<std::uint64_t>> parse_checksum(const http::Headers& headers);

/// A piece of a live stream that a camera kept while it was offline.
struct SpoolName {
  std::string stream;  ///< 32 hex digits in lower case
  std::uint64_t first = 0;
  UtcTime start;
};

/// Reads `spool_<stream>_<first>_<start, Unix ms>.flv`; nothing for a file of any other name.
std::optional<SpoolName> parse_spool_name(std::string_view name);

}  // namespace camspan::link
