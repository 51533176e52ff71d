/// The devices as routes see them: what the database knows of each, joined with what happens now.
#pragma once

#include <asio/awaitable.hpp>
#include <string>

#include "hub/config.hpp"
#include "hub/device_registry.hpp"
#include "hub/events.hpp"
#include "hub/problem.hpp"
#include "hub/status_board.hpp"
#include "hub/storage_health.hpp"
#include "recordings/recorder.hpp"

namespace camspan::hub {

/// Lives on the I/O thread; writes to the database on the storage thread.
class Devices {
 public:
  /// Opens the database and puts the devices of the configuration into it.
  /// @param board  its on_device and on_recording are taken over
  static tl::expected<std::unique_ptr<Devices>, Failure> open(const std::filesystem::path& file, const Config& config,
                                                              StatusBoard& board, const StorageHealth& health,
                                                              EventBroker& events);

  /// From when on writes are possible. Before, only the constructor's caller uses this object.
  void use(recordings::Recorder& recorder) { recorder_ = &recorder; }

  /// Cause::unknown_device, or Cause::storage_failed when the database cannot be read.
  tl::expected<Device, Problem> find(const DeviceId& id);
  /// JSON object of one device, as in GET /api/devices/<id>.
  std::string json(const Device& device) const;
  /// JSON array of all devices that `claims` covers.
  tl::expected<std::string, Problem> json_of_all(const Claims& claims);

  std::size_t known() { return reader_.count().value_or(0); }

  /// Makes a device with a new secret, which is in the result. Cause::device_exists, Cause::max_devices.
  asio::awaitable<tl::expected<Device, Problem>> add(DeviceId id, std::string name);
  /// Lets a device in whose upload was allowed: one that nobody added becomes known, without a secret.
  asio::awaitable<tl::expected<void, Problem>> let_in(DeviceId id);
  asio::awaitable<tl::expected<void, Problem>> remove(DeviceId id);

  /// Stores when devices were last seen, as far as it has changed. Call about once a minute and at the end.
  void save_last_seen();

 private:
  Devices(DeviceRegistry reader, DeviceRegistry writer, const Config& config, StatusBoard& board,
          const StorageHealth& health, EventBroker& events);
  tl::expected<void, Failure> add_configured(const Config& config);
  asio::awaitable<tl::expected<Device, Problem>> insert(Device device);
  void tell(const DeviceId& id);
  void tell_recording(const DeviceId& id);

  DeviceRegistry reader_;
  DeviceRegistry writer_;  ///< on the storage thread only
  const std::size_t max_devices_;
  const std::size_t max_viewers_;
  const bool recording_;
  const std::chrono::seconds kept_;  ///< record.max_age
  StatusBoard& board_;
  const StorageHealth& health_;
  EventBroker& events_;
  recordings::Recorder* recorder_ = nullptr;
  std::map<DeviceId, UtcTime> saved_;  ///< last_seen as stored
};

/// `[[device]]` table with the triple of `device`, as `device add` prints it and devices read it.
std::string device_table(const Device& device);

/// 32 random hex digits, what a device secret of Link Kit looks like.
std::string new_secret();

}  // namespace camspan::hub
