/// The devices that the hub knows, in hub.sqlite. `device add` of another process changes the same table: nothing is
/// kept in memory, so a running hub sees it at once.
#pragma once

#include <camspan/unit.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hub/device_id.hpp"
#include "hub/sqlite.hpp"

namespace camspan::hub {

struct Device {
  DeviceId id;
  std::string name;    ///< for people; may be empty
  std::string secret;  ///< of the triple, empty for a device that came by a token alone. Never logged or listed
  UtcTime added{};
  std::optional<UtcTime> last_seen;
};

/// One thread. Reads take microseconds; writes may wait for another process and belong on the storage thread.
class DeviceRegistry {
 public:
  static tl::expected<DeviceRegistry, Failure> open(const std::filesystem::path& file);

  Result<std::optional<Device>> find(const DeviceId& id);
  /// In the order of their ids.
  Result<std::vector<Device>> list();
  Result<std::size_t> count();

  /// @return false when the id is taken already
  Result<bool> add(const Device& device);
  /// @return false when there is no such device
  Result<bool> set_secret(const DeviceId& id, std::string_view secret);
  Result<bool> remove(const DeviceId& id);
  /// All in one transaction, so with one sync of the disk.
  Result<> set_last_seen(const std::vector<std::pair<DeviceId, UtcTime>>& seen);

 private:
  explicit DeviceRegistry(Database database);
  Result<bool> run(Statement& statement);
  static std::optional<Device> read(const Statement& row);

  Database database_;
  Statement find_, list_, count_, add_, set_secret_, remove_, set_last_seen_, begin_, commit_;
};

}  // namespace camspan::hub
