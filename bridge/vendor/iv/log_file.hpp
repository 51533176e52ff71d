/// A log that begins anew when it is full.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace camspan::iv {

/// Two files at most: PATH, and PATH.1 with what came before. Any thread.
class LogFile {
 public:
  /// @param path       a file, which is gone on with, or a folder for `iv_p2p.log`; "" = stderr
  /// @param max_bytes  of each of the two
  LogFile(const std::string& path, std::uint64_t max_bytes);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  /// Adds `line` and its end. Where the file cannot be written the line goes to stderr.
  void write(std::string_view line);

 private:
  bool open();
  void rotate();

  std::mutex mutex_;
  std::string path_;
  const std::uint64_t max_bytes_;
  int file_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace camspan::iv
