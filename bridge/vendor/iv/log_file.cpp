#include "log_file.hpp"

#include <camspan/hal.h>

#include <cstdio>
#include <filesystem>
#include <utility>

namespace camspan::iv {
namespace {

std::string file_of(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error) ? (std::filesystem::path(path) / "iv_p2p.log").string() : path;
}

}  // namespace

LogFile::LogFile(const std::string& path, std::uint64_t max_bytes)
    : path_(path.empty() ? path : file_of(path)), max_bytes_(max_bytes) {
  open();
}

LogFile::~LogFile() {
  if (file_ >= 0) hal()->file_close(file_);
}

bool LogFile::open() {
  if (path_.empty() || hal()->file_open(path_.c_str(), HAL_FILE_WRITE | HAL_FILE_CREATE, &file_) != 0) {
    file_ = -1;
    return false;
  }
  if (hal()->file_size(file_, &size_) != 0) size_ = 0;
  return true;
}

void LogFile::rotate() {
  hal()->file_close(std::exchange(file_, -1));
  hal()->file_rename(path_.c_str(), (path_ + ".1").c_str());
  if (open() && size_ != 0 && hal()->file_truncate(file_, 0) == 0) size_ = 0;  // it could not be renamed
}

void LogFile::write(std::string_view line) {
  const std::string whole = std::string(line) + "\n";
  const std::lock_guard lock(mutex_);
  if (file_ >= 0 && size_ > 0 && size_ + whole.size() > max_bytes_) rotate();
  std::size_t written = 0;
  if (file_ >= 0 && whole.size() <= max_bytes_ &&
      hal()->file_write(file_, whole.data(), whole.size(), size_, &written) == 0)
    size_ += written;
  else
    std::fwrite(whole.data(), 1, whole.size(), stderr);
}

}  // namespace camspan::iv
