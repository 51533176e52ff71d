/// HAL_F*: files of camspan/hal.h behind the calls of stdio. All weak.
#include <array>
#include <cerrno>
#include <climits>
#include <memory>
#include <string_view>

#include "camspan/hal.h"
#include "iot_import.h"

namespace {

struct File {
  int fd = -1;
  std::uint64_t at = 0;
  bool append = false;
};

File& file_of(void* stream) {
  return *static_cast<File*>(stream);
}

int flags_of(std::string_view mode) {
  const bool both = mode.find('+') != std::string_view::npos;
  switch (mode.empty() ? '\0' : mode.front()) {
    case 'r':
      return HAL_FILE_READ | (both ? HAL_FILE_WRITE : 0);
    case 'w':
      return HAL_FILE_WRITE | HAL_FILE_CREATE | HAL_FILE_TRUNCATE | (both ? HAL_FILE_READ : 0);
    case 'a':
      return HAL_FILE_WRITE | HAL_FILE_CREATE | (both ? HAL_FILE_READ : 0);
    default:
      return 0;
  }
}

}  // namespace

extern "C" {

/// Sets errno on failure.
__attribute__((weak)) void* HAL_Fopen(const char* path, const char* mode) try {
  const int flags = path == nullptr || mode == nullptr ? 0 : flags_of(mode);
  auto file = std::make_unique<File>();
  errno = flags == 0 ? EINVAL : hal()->file_open(path, flags, &file->fd);
  if (errno != 0) return nullptr;
  file->append = *mode == 'a';
  return file.release();
} catch (const std::exception&) {
  errno = ENOMEM;
  return nullptr;
}

__attribute__((weak)) std::uint32_t HAL_Fread(void* buff, std::uint32_t size, std::uint32_t count, void* stream) {
  if (size == 0 || count == 0) return 0;
  File& file = file_of(stream);
  std::size_t got = 0;
  static_cast<void>(hal()->file_read(file.fd, buff, std::size_t{size} * count, file.at, &got));
  file.at += got;
  return static_cast<std::uint32_t>(got / size);
}

__attribute__((weak)) std::uint32_t HAL_Fwrite(const void* ptr, std::uint32_t size, std::uint32_t count, void* stream) {
  if (size == 0 || count == 0) return 0;
  File& file = file_of(stream);
  if (file.append && hal()->file_size(file.fd, &file.at) != 0) return 0;
  std::size_t written = 0;
  static_cast<void>(hal()->file_write(file.fd, ptr, std::size_t{size} * count, file.at, &written));
  file.at += written;
  return static_cast<std::uint32_t>(written / size);
}

__attribute__((weak)) int HAL_Fseek(void* stream, long offset, int framewhere) {
  File& file = file_of(stream);
  std::uint64_t base = 0;
  if (framewhere == HAL_SEEK_CUR) base = file.at;
  if (framewhere == HAL_SEEK_END && hal()->file_size(file.fd, &base) != 0) return -1;
  if (framewhere < HAL_SEEK_SET || framewhere > HAL_SEEK_END) return -1;
  const std::int64_t to = static_cast<std::int64_t>(base) + offset;
  if (to < 0) return -1;
  file.at = static_cast<std::uint64_t>(to);
  return 0;
}

__attribute__((weak)) long HAL_Ftell(void* stream) {
  const std::uint64_t at = file_of(stream).at;
  return at <= static_cast<std::uint64_t>(LONG_MAX) ? static_cast<long>(at) : -1;
}

__attribute__((weak)) int HAL_Fclose(void* stream) {
  const std::unique_ptr<File> file(&file_of(stream));
  return hal()->file_close(file->fd) == 0 ? 0 : -1;
}
}
