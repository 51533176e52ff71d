/// The hub's data folder: recordings/, files/, hub.sqlite, jwt.key, and the certificate it makes for itself.
#pragma once

#include <camspan/error.hpp>
#include <filesystem>

namespace camspan::hub {

/// Any thread. Holds the folder's lock, if it was asked for, until it is destroyed.
class DataFolder {
 public:
  enum class Lock : std::uint8_t { none, exclusive };

  /// Makes the folder and what belongs in it (mode 0750). With Lock::exclusive no other hub may run on it.
  /// The sentence names the folder and the fix.
  static tl::expected<DataFolder, Failure> open(const std::filesystem::path& path, Lock lock);

  DataFolder(DataFolder&& other) noexcept;
  DataFolder& operator=(DataFolder&&) = delete;
  ~DataFolder();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path recordings() const { return path_ / "recordings"; }
  std::filesystem::path files() const { return path_ / "files"; }
  std::filesystem::path database() const { return path_ / "hub.sqlite"; }
  std::filesystem::path token_key() const { return path_ / "jwt.key"; }
  std::filesystem::path certificate() const { return path_ / "tls.crt"; }
  std::filesystem::path certificate_key() const { return path_ / "tls.key"; }

 private:
  DataFolder(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::filesystem::path path_;
  int lock_;  ///< descriptor of hub.lock, or -1
};

}  // namespace camspan::hub
