/// Files that a handle sends, one after another.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "proto/http/headers.hpp"

namespace camspan::linkkit {

class Handle;

struct FileJob {
  std::string path;
  std::string identify;
  http::Headers headers;  ///< of the user
  bool overwrite = false;
  std::string upload_id;                ///< "" = a new file
  std::optional<std::uint32_t> length;  ///< send so many bytes only
  std::uint32_t part_bytes = 0;

  /// Called on the thread of uploads: once at the end; and when the server has named the upload.
  std::function<void(int result, const char* store_id)> done;
  std::function<void(const char* upload_id)> named;
};

/// One thread, made when the first file comes; it reads, and waits for answers.
class FileUploads {
 public:
  /// @param handle  outlives stop()
  explicit FileUploads(Handle& handle) : handle_(handle) {}
  ~FileUploads() { stop(); }

  /// Any thread; never blocks.
  bool add(FileJob job);
  /// From now on what is not sent is told UPLOAD_ERROR_COMMON.
  void give_up();
  /// Returns when every file was told. Calls of the handle must fail by now.
  void stop();
  static bool on_upload_thread();

 private:
  void run();

  Handle& handle_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<FileJob> jobs_;
  std::thread thread_;
  bool stopping_ = false;
};

}  // namespace camspan::linkkit
