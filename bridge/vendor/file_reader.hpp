/// A file that is sent, read by HAL_F*.
#pragma once

#include <camspan/bytes.hpp>
#include <cstdint>
#include <memory>
#include <string>

namespace camspan::linkkit {

class FileReader {
 public:
  /// @param result  UPLOAD_FILE_NOT_EXIST or UPLOAD_FILE_READ_FAILED when there is no reader
  static std::unique_ptr<FileReader> open(const std::string& path, int& result);
  ~FileReader();
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;

  std::uint64_t size() const { return size_; }
  /// Reads the next bytes, all of `into`. @return false when they are not there
  bool read(std::span<std::byte> into);
  /// False when the file has another size now.
  bool is_unchanged();

 private:
  explicit FileReader(void* file) : file_(file) {}
  bool measure(std::uint64_t& size);

  void* const file_;
  std::uint64_t size_ = 0;
  std::uint64_t at_ = 0;
};

}  // namespace camspan::linkkit
