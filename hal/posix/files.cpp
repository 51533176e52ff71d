/// Files and folders. Calls that a signal interrupts are made again.
#include "posix/posix.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <new>
#include <string>

namespace camspan::posix {
namespace {

/// Calls until it is not interrupted; gives its result, or -1 with errno set.
template <class Call>
auto again(Call call) noexcept {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

template <class Call>
int status_of(Call call) noexcept {
  return again(call) < 0 ? errno : 0;
}

/// The folder a name is in: "a/b" -> "a", "b" -> ".", "/b" -> "/".
std::filesystem::path folder_of(std::filesystem::path path) {
  if (!path.has_filename()) path = path.parent_path();  // a slash at the end
  const auto folder = path.parent_path();
  return folder.empty() ? "." : folder;
}

int create_one(const std::filesystem::path& path) {
  if (mkdir(path.c_str(), 0750) == 0) {
    const int error = folder_sync(folder_of(path).c_str());
    return error == EACCES ? 0 : error;  // a parent that may be searched but not read cannot be synced
  }
  if (errno != EEXIST) return errno;
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return errno;
  return S_ISDIR(info.st_mode) ? 0 : ENOTDIR;
}

/// Linux 5.8 and later (syncfs(2), "VERSIONS").
bool syncfs_reports_errors() noexcept {
  utsname system{};
  int major = 0;
  int minor = 0;
  if (uname(&system) != 0 || std::sscanf(system.release, "%d.%d", &major, &minor) != 2) return false;
  return major > 5 || (major == 5 && minor >= 8);
}

}  // namespace

int file_open(const char* path, int flags, int* fd) noexcept {
  if (path == nullptr || fd == nullptr) return EINVAL;
  *fd = -1;
  int mode = O_CLOEXEC;
  switch (flags & (HAL_FILE_READ | HAL_FILE_WRITE)) {
    case HAL_FILE_READ:
      mode |= O_RDONLY;
      break;
    case HAL_FILE_WRITE:
      mode |= O_WRONLY;
      break;
    case HAL_FILE_READ | HAL_FILE_WRITE:
      mode |= O_RDWR;
      break;
    default:
      return EINVAL;
  }
  if ((flags & HAL_FILE_CREATE) != 0) mode |= O_CREAT;
  if ((flags & HAL_FILE_TRUNCATE) != 0) mode |= O_TRUNC;
  if ((flags & HAL_FILE_EXCLUSIVE) != 0) mode |= O_EXCL;
  *fd = again([&] { return open(path, mode, 0640); });
  return *fd < 0 ? errno : 0;
}

int file_write(int fd, const void* data, size_t size, uint64_t offset, size_t* written) noexcept {
  const auto* from = static_cast<const char*>(data);
  size_t done = 0;
  int error = 0;
  while (done < size && error == 0) {
    const ssize_t put = again([&] { return pwrite(fd, from + done, size - done, static_cast<off_t>(offset + done)); });
    if (put > 0) done += static_cast<size_t>(put);
    if (put < 0) error = errno;
    if (put == 0) error = EIO;  // no error and no progress would go round for ever
  }
  if (written != nullptr) *written = done;
  return error;
}

int file_read(int fd, void* data, size_t size, uint64_t offset, size_t* count) noexcept {
  auto* to = static_cast<char*>(data);
  *count = 0;
  while (*count < size) {
    const ssize_t got =
        again([&] { return pread(fd, to + *count, size - *count, static_cast<off_t>(offset + *count)); });
    if (got < 0) return errno;
    if (got == 0) break;
    *count += static_cast<size_t>(got);
  }
  return 0;
}

int file_sync(int fd) noexcept {
  return status_of([fd] { return fdatasync(fd); });
}

int disk_sync(int fd) noexcept {
  static const bool reports_errors = syncfs_reports_errors();
  if (!reports_errors) return ENOSYS;
  return status_of([fd] { return syncfs(fd); });
}

int file_truncate(int fd, uint64_t size) noexcept {
  return status_of([&] { return ftruncate(fd, static_cast<off_t>(size)); });
}

int file_size(int fd, uint64_t* size) noexcept {
  struct stat info {};
  if (fstat(fd, &info) != 0) return errno;
  *size = static_cast<uint64_t>(info.st_size);
  return 0;
}

int file_close(int fd) noexcept {
  // Linux has released the descriptor even when close() was interrupted; a second close could hit another file.
  return close(fd) == 0 || errno == EINTR ? 0 : errno;
}

int file_rename(const char* from, const char* to) noexcept try {
  if (rename(from, to) != 0) return errno;
  return folder_sync(folder_of(to).c_str());
} catch (const std::bad_alloc&) {
  return ENOMEM;
}

int file_remove(const char* path) noexcept {
  return ::remove(path) == 0 ? 0 : errno;
}

int folder_create(const char* path) noexcept try {
  std::filesystem::path folder;
  int error = *path == '\0' ? ENOENT : 0;
  for (const auto& part : std::filesystem::path(path)) {
    if (part.empty()) continue;  // a slash at the end
    folder /= part;
    if (folder.has_relative_path()) error = create_one(folder);
    if (error != 0) break;
  }
  return error;
} catch (const std::bad_alloc&) {
  return ENOMEM;
}

int folder_sync(const char* path) noexcept {
  const int fd = again([path] { return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (fd < 0) return errno;
  const int error = status_of([fd] { return fsync(fd); });
  close(fd);
  return error == EINVAL ? 0 : error;  // some file systems have no such call for folders
}

int space_free(const char* path, uint64_t* bytes) noexcept {
  struct statvfs info {};
  if (again([&] { return statvfs(path, &info); }) != 0) return errno;
  *bytes = uint64_t{info.f_bavail} * info.f_frsize;
  return 0;
}

}  // namespace camspan::posix
