#include "recordings/file.hpp"

#include <camspan/hal.h>

#include <cerrno>

namespace camspan::recordings {
namespace {

Result<> result_of(int error) {
  return error == 0 ? Result<>() : fail(file_error(error));
}

}  // namespace

std::error_code file_error(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return Errc::no_space;
    case ENOENT:
      return Errc::not_found;
    default:
      return {error, std::generic_category()};
  }
}

Result<File> File::open(const std::string& path, int flags) {
  int fd = -1;
  const int error = hal()->file_open(path.c_str(), flags, &fd);
  if (error != 0) return fail(file_error(error));
  return File(fd);
}

File& File::operator=(File&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

File::~File() {
  // What had to be stored was synced; an error here has nothing to say.
  if (fd_ >= 0) hal()->file_close(fd_);
}

Result<std::size_t> File::read(std::span<std::byte> into, std::uint64_t offset) const {
  std::size_t count = 0;
  const int error = hal()->file_read(fd_, into.data(), into.size(), offset, &count);
  if (error != 0) return fail(file_error(error));
  return count;
}

Result<> File::write(ByteView bytes, std::uint64_t offset) {
  std::size_t written = 0;
  const Result<> result = result_of(hal()->file_write(fd_, bytes.data(), bytes.size(), offset, &written));
  // A board that reports no error must have written all of it.
  return result && written != bytes.size() ? fail(Errc::io_error) : result;
}

Result<> File::sync() {
  return result_of(hal()->file_sync(fd_));
}

Result<> File::sync_disk() {
  return result_of(hal()->disk_sync(fd_));
}

Result<> File::truncate(std::uint64_t size) {
  return result_of(hal()->file_truncate(fd_, size));
}

Result<std::uint64_t> File::size() const {
  std::uint64_t size = 0;
  const int error = hal()->file_size(fd_, &size);
  if (error != 0) return fail(file_error(error));
  return size;
}

}  // namespace camspan::recordings
