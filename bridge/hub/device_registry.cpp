#include "hub/device_registry.hpp"

namespace camspan::hub {
namespace {

UtcTime time_of(std::int64_t ms) {
  return UtcTime(std::chrono::milliseconds(ms));
}

}  // namespace

tl::expected<DeviceRegistry, Failure> DeviceRegistry::open(const std::filesystem::path& file) {
  auto database = Database::open(file, Database::Durability::full);
  if (!database) return tl::unexpected(std::move(database.error()));
  return DeviceRegistry(std::move(*database));
}

DeviceRegistry::DeviceRegistry(Database database)
    : database_(std::move(database)),
      find_(database_.prepare("SELECT id, name, secret, added_ms, last_seen_ms FROM devices WHERE id = ?1")),
      list_(database_.prepare("SELECT id, name, secret, added_ms, last_seen_ms FROM devices ORDER BY id")),
      count_(database_.prepare("SELECT count(*) FROM devices")),
      add_(database_.prepare("INSERT OR IGNORE INTO devices (id, name, secret, added_ms) VALUES (?1, ?2, ?3, ?4)")),
      set_secret_(database_.prepare("UPDATE devices SET secret = ?2 WHERE id = ?1")),
      remove_(database_.prepare("DELETE FROM devices WHERE id = ?1")),
      set_last_seen_(database_.prepare("UPDATE devices SET last_seen_ms = ?2 WHERE id = ?1")),
      begin_(database_.prepare("BEGIN IMMEDIATE")),
      commit_(database_.prepare("COMMIT")) {}

std::optional<Device> DeviceRegistry::read(const Statement& row) {
  const auto id = DeviceId::parse(row.text(0));
  if (!id) return std::nullopt;  // written by a foreign hand: no route can name it
  Device device{*id, row.text(1), row.text(2), time_of(row.integer(3)), std::nullopt};
  if (!row.is_null(4)) device.last_seen = time_of(row.integer(4));
  return device;
}

Result<std::optional<Device>> DeviceRegistry::find(const DeviceId& id) {
  find_.bind(1, id.str());
  const auto row = find_.step();
  if (!row) return fail(row.error());
  if (!*row) return std::optional<Device>();
  auto device = read(find_);
  find_.reset();
  return device;
}

Result<std::vector<Device>> DeviceRegistry::list() {
  std::vector<Device> devices;
  list_.reset();
  for (;;) {
    const auto row = list_.step();
    if (!row) return fail(row.error());
    if (!*row) return devices;
    if (auto device = read(list_)) devices.push_back(std::move(*device));
  }
}

Result<std::size_t> DeviceRegistry::count() {
  count_.reset();
  const auto row = count_.step();
  if (!row) return fail(row.error());
  const auto count = static_cast<std::size_t>(count_.integer(0));
  count_.reset();
  return count;
}

Result<bool> DeviceRegistry::run(Statement& statement) {
  const auto done = statement.step();
  if (!done) return fail(done.error());
  return database_.changes() > 0;
}

Result<bool> DeviceRegistry::add(const Device& device) {
  add_.bind(1, device.id.str());
  add_.bind(2, device.name);
  add_.bind(3, device.secret);
  add_.bind(4, device.added.time_since_epoch().count());
  return run(add_);
}

Result<bool> DeviceRegistry::set_secret(const DeviceId& id, std::string_view secret) {
  set_secret_.bind(1, id.str());
  set_secret_.bind(2, secret);
  return run(set_secret_);
}

Result<bool> DeviceRegistry::remove(const DeviceId& id) {
  remove_.bind(1, id.str());
  return run(remove_);
}

Result<> DeviceRegistry::set_last_seen(const std::vector<std::pair<DeviceId, UtcTime>>& seen) {
  if (const auto begun = begin_.step(); !begun) return fail(begun.error());
  for (const auto& [id, at] : seen) {
    set_last_seen_.bind(1, id.str());
    set_last_seen_.bind(2, at.time_since_epoch().count());
    // Each row stands for itself: one that fails takes no other with it.
    static_cast<void>(run(set_last_seen_));
  }
  if (const auto done = commit_.step(); !done) return fail(done.error());
  return {};
}

}  // namespace camspan::hub
