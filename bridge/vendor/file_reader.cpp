#include "file_reader.hpp"

#include <cerrno>
#include <climits>

#include "http2_stream_types.h"
#include "iot_import.h"

namespace camspan::linkkit {

std::unique_ptr<FileReader> FileReader::open(const std::string& path, int& result) {
  errno = 0;
  void* const file = HAL_Fopen(path.c_str(), "rb");
  if (file == nullptr) {
    // A program's own HAL_Fopen need not say why.
    result = errno == 0 || errno == ENOENT || errno == ENOTDIR ? UPLOAD_FILE_NOT_EXIST : UPLOAD_FILE_READ_FAILED;
    return nullptr;
  }
  std::unique_ptr<FileReader> reader(new FileReader(file));
  result = UPLOAD_FILE_READ_FAILED;
  if (!reader->measure(reader->size_)) return nullptr;
  // What cannot be read is found out before a channel is opened: a folder has a size, too.
  std::byte probe{};
  if (reader->size_ > 0 && (HAL_Fread(&probe, 1, 1, file) != 1 || HAL_Fseek(file, 0, HAL_SEEK_SET) != 0))
    return nullptr;
  result = UPLOAD_SUCCESS;
  return reader;
}

FileReader::~FileReader() {
  HAL_Fclose(file_);
}

bool FileReader::measure(std::uint64_t& size) {
  if (HAL_Fseek(file_, 0, HAL_SEEK_END) != 0) return false;
  const long end = HAL_Ftell(file_);
  size = static_cast<std::uint64_t>(end);
  // Some platforms give the largest number for a folder.
  return end >= 0 && end != LONG_MAX && HAL_Fseek(file_, static_cast<long>(at_), HAL_SEEK_SET) == 0;
}

bool FileReader::read(std::span<std::byte> into) {
  // One element of that many bytes: as the C SDK reads.
  if (!into.empty() && HAL_Fread(into.data(), static_cast<std::uint32_t>(into.size()), 1, file_) != 1) return false;
  at_ += into.size();
  return true;
}

bool FileReader::is_unchanged() {
  std::uint64_t now = 0;
  return measure(now) && now == size_;
}

}  // namespace camspan::linkkit
