/// Files of the board: hal()'s file entries with errors as values and descriptors that close themselves.
#pragma once

#include <camspan/bytes.hpp>
#include <camspan/error.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace camspan::recordings {

/// An errno value as an error: Errc::no_space for a full disk or quota, Errc::not_found for ENOENT, else the system's.
std::error_code file_error(int error);

/// Throws nothing; every failure is file_error(). One thread at a time. Calls block, so: storage thread, or a thread
/// that reads for one viewer; never a network thread.
class File {
 public:
  /// @param flags  HAL_FILE_*
  static Result<File> open(const std::string& path, int flags);
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept;
  ~File();

  /// Fills `into` from `offset`. @return how many bytes there were; fewer only where the file ends
  Result<std::size_t> read(std::span<std::byte> into, std::uint64_t offset) const;
  Result<> write(ByteView bytes, std::uint64_t offset);
  /// Data and size are on stable storage after this.
  Result<> sync();
  /// The same for all files of its file system. @return an error also where only sync() can tell whether it worked
  Result<> sync_disk();
  Result<> truncate(std::uint64_t size);
  Result<std::uint64_t> size() const;

 private:
  explicit File(int fd) : fd_(fd) {}

  int fd_;
};

}  // namespace camspan::recordings
