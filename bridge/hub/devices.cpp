#include "hub/devices.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/log.hpp"
#include "hub/clock.hpp"
#include "hub/private_file.hpp"
#include "hub/storage_call.hpp"

namespace camspan::hub {
namespace {

using nlohmann::ordered_json;

Problem database_problem(const std::error_code& error) {
  log::error("hub", "hub.sqlite cannot be used: ", error.message());
  return {Cause::storage_failed,
          "The hub's database cannot be used: " + error.message() + ". Look at the hub's log.",
          {},
          {}};
}

Problem unknown(const DeviceId& id) {
  return {Cause::unknown_device, "There is no device " + id.str() + " here. GET /api/devices lists them.", {}, {}};
}

ordered_json video_json(const VideoInfo& video) {
  ordered_json object{{"codec", video.codec}};
  if (video.width != 0) object["width"] = video.width;
  if (video.height != 0) object["height"] = video.height;
  if (video.fps != 0) object["fps"] = video.fps;
  return object;
}

ordered_json audio_json(const AudioInfo& audio) {
  ordered_json object{{"codec", audio.codec}};
  if (audio.rate != 0) object["rate"] = audio.rate;
  if (audio.channels != 0) object["channels"] = audio.channels;
  return object;
}

/// Given by an operator, else by the device, else its id.
std::string name_of(const Device& device, const DeviceStatus& status) {
  if (!device.name.empty()) return device.name;
  return status.camera && !status.camera->name.empty() ? status.camera->name : device.id.str();
}

/// What the hub sees of its upload, else what the device says of it.
void add_media(ordered_json& object, const DeviceStatus& status) {
  if (status.video) object["video"] = video_json(*status.video);
  if (status.audio) object["audio"] = audio_json(*status.audio);
  if (!status.camera) return;
  for (const net::CameraChannel& channel : status.camera->channels) {
    if (channel.channel != 0) continue;
    if (!status.video && !channel.video.empty())
      object["video"] = video_json({channel.video, channel.width, channel.height, channel.fps});
    if (!status.audio && !channel.audio.empty())
      object["audio"] = audio_json({channel.audio, channel.rate, channel.audio_channels});
  }
}

ordered_json recording_json(const DeviceStatus& status, bool recording, std::chrono::seconds kept,
                            const StorageHealth& health) {
  ordered_json object = ordered_json::object();
  if (status.recorded) {
    object["from"] = format_utc(status.recorded->from);
    object["to"] = format_utc(status.recorded->to);
    object["bytes"] = status.recorded->bytes;
  }
  object["state"] = !recording                                          ? "off"
                    : health.fine()                                     ? "on"
                    : health.state() == StorageHealth::State::disk_full ? "disk-full"
                                                                        : "failed";
  object["max_age_s"] = kept.count();
  return object;
}

}  // namespace

tl::expected<std::unique_ptr<Devices>, Failure> Devices::open(const std::filesystem::path& file, const Config& config,
                                                              StatusBoard& board, const StorageHealth& health,
                                                              EventBroker& events) {
  auto reader = DeviceRegistry::open(file);
  if (!reader) return tl::unexpected(std::move(reader.error()));
  auto writer = DeviceRegistry::open(file);
  if (!writer) return tl::unexpected(std::move(writer.error()));
  std::unique_ptr<Devices> devices(new Devices(std::move(*reader), std::move(*writer), config, board, health, events));
  if (auto added = devices->add_configured(config); !added) return tl::unexpected(std::move(added.error()));
  return devices;
}

Devices::Devices(DeviceRegistry reader, DeviceRegistry writer, const Config& config, StatusBoard& board,
                 const StorageHealth& health, EventBroker& events)
    : reader_(std::move(reader)),
      writer_(std::move(writer)),
      max_devices_(config.limits.devices),
      max_viewers_(config.limits.viewers_per_device),
      recording_(config.record.enabled),
      kept_(std::chrono::duration_cast<std::chrono::seconds>(config.record.max_age)),
      board_(board),
      health_(health),
      events_(events) {
  board_.on_device = [this](const DeviceId& id) { tell(id); };
  board_.on_recording = [this](const DeviceId& id) { tell_recording(id); };
}

tl::expected<void, Failure> Devices::add_configured(const Config& config) {
  for (const Config::Device& device : config.devices) {
    auto done = writer_.add({device.id, {}, device.secret, utc_now(), {}});
    if (done && !*done) done = writer_.set_secret(device.id, device.secret);
    if (!done)
      return tl::unexpected(Failure{done.error(), "cannot put device " + device.id.str() + " into hub.sqlite: " +
                                                      done.error().message() + ". Let the hub's user write there."});
  }
  return {};
}

tl::expected<Device, Problem> Devices::find(const DeviceId& id) {
  auto device = reader_.find(id);
  if (!device) return tl::unexpected(database_problem(device.error()));
  if (!*device) return tl::unexpected(unknown(id));
  return std::move(**device);
}

std::string Devices::json(const Device& device) const {
  const DeviceStatus& status = board_.of(device.id);
  const auto last_seen = status.last_seen ? status.last_seen : device.last_seen;
  ordered_json object{
      {"id", device.id.str()}, {"name", name_of(device, status)}, {"online", status.online()}, {"live", status.live()}};
  if (status.since) object["since"] = format_utc(*status.since);
  if (last_seen) object["last_seen"] = format_utc(*last_seen);
  object["viewers"] = status.viewers + status.peer_viewers;
  object["max_viewers"] = max_viewers_;
  if (status.camera) {
    if (status.camera->max_viewers != 0) object["max_viewers"] = status.camera->max_viewers;
    object["talk"] = status.camera->talk;
    object["ptz"] = status.camera->ptz;
  }
  if (status.clock_offset_ms) object["clock_offset_ms"] = *status.clock_offset_ms;
  object["skipped_tags"] = status.skipped_tags;
  object["dropped_viewers"] = status.dropped_viewers;
  object["bitrate"] = status.flowing > 0 ? status.bitrate : std::max(status.bitrate, status.peer_bitrate);
  add_media(object, status);
  object["recording"] = recording_json(status, recording_, kept_, health_);
  return object.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

tl::expected<std::string, Problem> Devices::json_of_all(const Claims& claims) {
  const auto devices = reader_.list();
  if (!devices) return tl::unexpected(database_problem(devices.error()));
  std::string text = "[";
  for (const Device& device : *devices) {
    if (!claims.covers(device.id)) continue;
    if (text.size() > 1) text += ",";
    text += json(device);
  }
  return text + "]";
}

asio::awaitable<tl::expected<Device, Problem>> Devices::insert(Device device) {
  const auto count = reader_.count();
  if (!count) co_return tl::unexpected(database_problem(count.error()));
  if (*count >= max_devices_)
    co_return tl::unexpected(retry_later(
        Cause::max_devices, "The hub knows " + std::to_string(*count) + " devices, its limit (limits.devices).", 60));
  const auto write = [this, device] { return writer_.add(device); };
  const auto added = co_await on_storage(*recorder_, write);
  if (!added) co_return tl::unexpected(database_problem(added.error()));
  if (!*added)
    co_return tl::unexpected(
        Problem{Cause::device_exists, "There is a device " + device.id.str() + " already. Choose another id.", {}, {}});
  tell(device.id);
  co_return device;
}

asio::awaitable<tl::expected<Device, Problem>> Devices::add(DeviceId id, std::string name) {
  Device device{std::move(id), std::move(name), new_secret(), utc_now(), {}};
  co_return co_await insert(std::move(device));
}

asio::awaitable<tl::expected<void, Problem>> Devices::let_in(DeviceId id) {
  const auto known = find(id);
  if (known) co_return tl::expected<void, Problem>();
  if (known.error().cause != Cause::unknown_device) co_return tl::unexpected(known.error());
  Device device{std::move(id), {}, {}, utc_now(), {}};
  auto added = co_await insert(std::move(device));
  // Two uploads at once may both find it missing; the second is as welcome.
  if (!added && added.error().cause != Cause::device_exists) co_return tl::unexpected(std::move(added.error()));
  co_return tl::expected<void, Problem>();
}

asio::awaitable<tl::expected<void, Problem>> Devices::remove(DeviceId id) {
  const auto write = [this, id] { return writer_.remove(id); };
  const auto removed = co_await on_storage(*recorder_, write);
  if (!removed) co_return tl::unexpected(database_problem(removed.error()));
  if (!*removed) co_return tl::unexpected(unknown(id));
  saved_.erase(id);
  board_.forget(id);
  co_return tl::expected<void, Problem>();
}

void Devices::tell(const DeviceId& id) {
  if (const auto device = find(id)) events_.publish(id, "device", json(*device));
}

void Devices::tell_recording(const DeviceId& id) {
  const ordered_json object{{"id", id.str()}, {"recording", recording_json(board_.of(id), recording_, kept_, health_)}};
  events_.publish(id, "recording", object.dump());
}

void Devices::save_last_seen() {
  std::vector<std::pair<DeviceId, UtcTime>> news;
  board_.each([&](const DeviceId& id, const DeviceStatus& status) {
    if (!status.last_seen || saved_[id] == *status.last_seen) return;
    saved_[id] = *status.last_seen;
    news.emplace_back(id, *status.last_seen);
  });
  if (news.empty()) return;
  recorder_->run([this, news = std::move(news)] {
    if (const auto saved = writer_.set_last_seen(news); !saved)
      log::warn("hub", "when devices were last seen could not be stored: ", saved.error().message());
  });
}

std::string device_table(const Device& device) {
  return "[[device]]  # id " + device.id.str() + "\nproduct_key = \"" + std::string(device.id.product_key()) +
         "\"\ndevice_name = \"" + std::string(device.id.device_name()) + "\"\nsecret = \"" + device.secret + "\"\n";
}

std::string new_secret() {
  return random_hex(16);
}

}  // namespace camspan::hub
