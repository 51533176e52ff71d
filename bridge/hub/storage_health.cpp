#include "hub/storage_health.hpp"

#include <camspan/hal.h>

#include <cerrno>

#include "core/log.hpp"

namespace camspan::hub {
namespace {

constexpr std::uint64_t kEnoughBytes = 1 << 20;

Result<> result_of(int error) {
  if (error == 0) return {};
  if (error == ENOSPC || error == EDQUOT) return fail(Errc::no_space);
  return fail(std::error_code(error, std::generic_category()));
}

}  // namespace

bool StorageHealth::report(const Failure& failure) {
  const State state = failure.code == Errc::no_space ? State::disk_full : State::failed;
  sentence_ = failure.sentence;
  if (state == state_) return false;
  state_ = state;
  log::error("hub", "recording stopped: ", sentence_, " Live goes on; recording goes on when storing works again.");
  return true;
}

bool StorageHealth::recovered() {
  if (fine()) return false;
  state_ = State::fine;
  sentence_.clear();
  log::info("hub", "storing works again: recording goes on.");
  return true;
}

Result<> probe_storage(const std::filesystem::path& folder) {
  std::uint64_t free_bytes = 0;
  if (auto result = result_of(hal()->space_free(folder.c_str(), &free_bytes)); !result) return result;
  if (free_bytes < kEnoughBytes) return fail(Errc::no_space);
  const std::string file = (folder / ".probe").string();
  int fd = -1;
  if (auto result = result_of(hal()->file_open(file.c_str(), HAL_FILE_WRITE | HAL_FILE_CREATE, &fd)); !result)
    return result;
  constexpr char block[4096] = {};
  std::size_t written = 0;
  int error = hal()->file_write(fd, block, sizeof block, 0, &written);
  if (error == 0) error = hal()->file_sync(fd);
  hal()->file_close(fd);
  hal()->file_remove(file.c_str());
  return result_of(error);
}

}  // namespace camspan::hub
