#include "hub/data_folder.hpp"

#include <camspan/hal.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace camspan::hub {
namespace {

tl::unexpected<Failure> refused(const std::filesystem::path& path, int error) {
  return tl::unexpected(Failure{std::error_code(error, std::generic_category()),
                                "cannot use the data folder " + path.string() + ": " + std::strerror(error) +
                                    ". Let the hub's user write there, or name another folder with --data."});
}

}  // namespace

tl::expected<DataFolder, Failure> DataFolder::open(const std::filesystem::path& path, Lock lock) {
  DataFolder folder(path, -1);
  for (const auto& part : {path, folder.recordings(), folder.files()})
    if (const int error = hal()->folder_create(part.c_str()); error != 0) return refused(part, error);
  if (::access(path.c_str(), W_OK | X_OK) != 0) return refused(path, errno);
  if (lock == Lock::none) return folder;
  folder.lock_ = ::open((path / "hub.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (folder.lock_ < 0) return refused(path, errno);
  if (::flock(folder.lock_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return refused(path, errno);
    return tl::unexpected(Failure{Errc::busy, "another camspan-hub runs on the data folder " + path.string() +
                                                  ". Stop that one, or name another folder with --data."});
  }
  return folder;
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataFolder::~DataFolder() {
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace camspan::hub
