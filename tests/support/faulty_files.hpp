#pragma once

#include <camspan/hal.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <string>
#include <thread>

namespace camspan::test {

/// Makes file operations of the board fail while it lives, also on other threads. One at a time; begin and end it while
/// no other thread works with files.
class FaultyFiles {
 public:
  FaultyFiles() {
    instance() = this;
    hal_ops ops = *hal_default();
    ops.file_open = [](const char* path, int flags, int* fd) {
      const int error = instance()->open_error.load();
      const bool creates = (flags & HAL_FILE_CREATE) != 0;
      return error != 0 && creates ? error : hal_default()->file_open(path, flags, fd);
    };
    ops.file_write = [](int fd, const void* data, size_t size, uint64_t offset, size_t* written) {
      return instance()->write(fd, data, size, offset, written);
    };
    ops.file_read = [](int fd, void* data, size_t size, uint64_t offset, size_t* count) {
      instance()->reads++;
      const int error = instance()->read_error.load();
      return error != 0 ? error : hal_default()->file_read(fd, data, size, offset, count);
    };
    ops.file_sync = [](int fd) {
      instance()->syncs++;
      const int error = instance()->sync_error.load();
      return error != 0 || instance()->fast ? error : hal_default()->file_sync(fd);
    };
    ops.disk_sync = [](int fd) {
      instance()->disk_syncs++;
      const int error = instance()->disk_sync_error.load();
      return error != 0 || instance()->fast ? error : hal_default()->disk_sync(fd);
    };
    ops.file_rename = [](const char* from, const char* to) {
      const int error = instance()->rename_error.load();
      if (error != 0) return error;
      if (!instance()->fast) return hal_default()->file_rename(from, to);
      return std::rename(from, to) == 0 ? 0 : errno;
    };
    ops.file_truncate = [](int fd, uint64_t size) {
      const int error = instance()->truncate_error.load();
      return error != 0 ? error : hal_default()->file_truncate(fd, size);
    };
    ops.folder_create = [](const char* path) {
      const int error = instance()->folder_error.load();
      return error != 0 ? error : hal_default()->folder_create(path);
    };
    ops.folder_sync = [](const char* path) {
      const int error = instance()->folder_error.load();
      return error != 0 ? error : hal_default()->folder_sync(path);
    };
    hal_register(&ops);
  }
  ~FaultyFiles() {
    hal_register(nullptr);
    instance() = nullptr;
  }
  FaultyFiles(const FaultyFiles&) = delete;
  FaultyFiles& operator=(const FaultyFiles&) = delete;

  static constexpr std::uint64_t kNoLimit = UINT64_MAX;

  /// Bytes that the disk still takes: a write beyond goes in as far as it fits and fails with ENOSPC.
  std::atomic<std::uint64_t> room{kNoLimit};
  // Errno values; 0 = works.
  std::atomic<int> open_error{0};  ///< of new files
  std::atomic<int> read_error{0};
  std::atomic<int> sync_error{0};
  std::atomic<int> disk_sync_error{0};
  std::atomic<int> rename_error{0};
  std::atomic<int> truncate_error{0};
  std::atomic<int> folder_error{0};
  /// Writes wait: a disk that has stalled.
  std::atomic<bool> stalled{false};
  /// Nothing is really synced, for tests of many files.
  std::atomic<bool> fast{false};
  // What was called.
  std::atomic<int> reads{0};
  std::atomic<int> writes{0};
  std::atomic<int> syncs{0};
  std::atomic<int> disk_syncs{0};

 private:
  static FaultyFiles*& instance() {
    static FaultyFiles* current = nullptr;
    return current;
  }

  int write(int fd, const void* data, size_t size, uint64_t offset, size_t* written) {
    writes++;
    while (stalled) std::this_thread::yield();
    const std::uint64_t left = room.load();
    if (left == kNoLimit) return hal_default()->file_write(fd, data, size, offset, written);
    const size_t fits = size < left ? size : static_cast<size_t>(left);
    room -= fits;
    const int error = hal_default()->file_write(fd, data, fits, offset, written);
    return error == 0 && fits < size ? ENOSPC : error;
  }
};

}  // namespace camspan::test
