/// camspan-hub device add, list, remove, rotate.
#include <iomanip>
#include <iostream>

#include "hub/clock.hpp"
#include "hub/data_folder.hpp"
#include "hub/device_registry.hpp"
#include "hub/devices.hpp"
#include "hub/serve.hpp"

namespace camspan::hub {
namespace {

Exit failed(const std::error_code& error) {
  return complain("hub.sqlite cannot be used: " + error.message() + ". Let this user write in the data folder.",
                  Exit::failed);
}

Exit missing(const std::string& id) {
  return complain("there is no device " + id + ". `camspan-hub device list` shows those that are.", Exit::failed);
}

Exit print_table(const Device& device) {
  std::cout << device_table(device);
  return Exit::fine;
}

Exit add(DeviceRegistry& registry, const DeviceId& id, const std::string& secret) {
  const Device device{id, {}, secret, utc_now(), {}};
  const auto added = registry.add(device);
  if (!added) return failed(added.error());
  if (*added) return print_table(device);
  // One that came by a token alone gets its secret now.
  const auto known = registry.find(id);
  if (!known) return failed(known.error());
  if (*known && !(*known)->secret.empty())
    return complain("there is a device " + id.str() + " already. `camspan-hub device rotate " + id.str() +
                        "` gives it a new secret.",
                    Exit::failed);
  const auto set = registry.set_secret(id, secret);
  if (!set) return failed(set.error());
  return print_table(device);
}

Exit list(DeviceRegistry& registry) {
  const auto devices = registry.list();
  if (!devices) return failed(devices.error());
  if (devices->empty()) std::cerr << "No devices yet: camspan-hub device add NAME makes one.\n";
  for (const Device& device : *devices)
    std::cout << std::left << std::setw(24) << device.id.str() << "  "
              << (device.secret.empty() ? "by token " : "by secret") << "  last seen "
              << (device.last_seen ? format_utc(*device.last_seen) : "never") << "\n";
  return Exit::fine;
}

Exit remove(DeviceRegistry& registry, const DeviceId& id) {
  const auto removed = registry.remove(id);
  if (!removed) return failed(removed.error());
  return *removed ? Exit::fine : missing(id.str());
}

Exit rotate(DeviceRegistry& registry, const DeviceId& id) {
  const std::string secret = new_secret();
  const auto set = registry.set_secret(id, secret);
  if (!set) return failed(set.error());
  return *set ? print_table({id, {}, secret, {}, {}}) : missing(id.str());
}

}  // namespace

Exit run_device_command(const Config& config, const CommandLine& line) {
  std::string secret;
  if (!line.secret_file.empty()) {
    const auto read = read_secret_file(line.secret_file);
    if (!read) return complain(read.error().sentence, Exit::failed);
    secret = *read;
  } else if (line.command == Command::device_add) {
    secret = new_secret();
  }
  const auto folder = DataFolder::open(config.data, DataFolder::Lock::none);
  if (!folder) return complain(folder.error().sentence, Exit::failed);
  auto registry = DeviceRegistry::open(folder->database());
  if (!registry) return complain(registry.error().sentence, Exit::failed);
  if (line.command == Command::device_list) return list(*registry);
  // The command line has checked it.
  const DeviceId id = DeviceId::parse(line.device).value();
  switch (line.command) {
    case Command::device_add:
      return add(*registry, id, secret);
    case Command::device_remove:
      return remove(*registry, id);
    default:
      return rotate(*registry, id);
  }
}

}  // namespace camspan::hub
