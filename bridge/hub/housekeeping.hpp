/// What the hub does by the clock: measures, lets go of the slow and the silent, looks after the disk.
#pragma once

#include <asio/awaitable.hpp>
#include <filesystem>

#include "hub/config.hpp"
#include "hub/devices.hpp"
#include "hub/file_service.hpp"
#include "hub/live_directory.hpp"
#include "hub/sqlite_index.hpp"
#include "hub/uploads.hpp"
#include "net/wake_up.hpp"

namespace camspan::hub {

struct HousekeepingParts {
  const Config& config;
  LiveDirectory& live;
  StatusBoard& board;
  Uploads& uploads;
  StorageHealth& health;
  Devices& devices;
  FileService& files;
  recordings::Recorder& recorder;
  SqliteIndex& index;  ///< on the storage thread only
  std::filesystem::path recordings;
};

/// Lives on the I/O thread.
class Housekeeping {
 public:
  Housekeeping(HousekeepingParts parts, const asio::any_io_executor& executor)
      : parts_(std::move(parts)), executor_(executor) {}

  void start();
  void stop();
  bool stopped() const { return !running_; }

 private:
  asio::awaitable<void> run();
  asio::awaitable<void> probe();
  void expire();

  HousekeepingParts parts_;
  asio::any_io_executor executor_;
  net::WakeUp* wake_ = nullptr;  ///< on the frame of run(), so that no timer outlives the I/O thread
  bool running_ = false;
  bool stopping_ = false;
};

}  // namespace camspan::hub
