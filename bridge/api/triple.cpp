#include "api/triple.hpp"

#include <camspan/hal.h>

#include <array>

#include "proto/link/file_request.hpp"
#include "proto/link/request.hpp"

namespace camspan {
namespace {

constexpr const char* kOwnProductKey = "camspan";
// Of a name in the DNS.
constexpr std::size_t kMaxHostBytes = 253;

tl::unexpected<Failure> bad(std::string sentence) {
  return tl::unexpected<Failure>(Failure{Errc::bad_setting, std::move(sentence), 0});
}

/// As for every device id: all before the first dot is the product key.
void take_id(const std::string& id, Triple& triple) {
  const auto dot = id.find('.');
  triple.product_key = dot == std::string::npos ? kOwnProductKey : id.substr(0, dot);
  triple.device_name = dot == std::string::npos ? id : id.substr(dot + 1);
}

bool printable(const std::string& text) {
  for (const char c : text)
    if (c < 0x20 || c == 0x7f) return false;
  return true;
}

/// Fills what is missing from the file, which may hold the secret alone.
tl::expected<void, Failure> take_file(const std::string& path, Triple& triple) {
  hal_identity device{};
  std::array<char, 1024> why{};
  if (hal_device_file_read(path.c_str(), &device, why.data(), why.size()) != 0) return bad(why.data());
  const std::string key = device.product_key;
  const std::string name = device.device_name;
  if (!triple.device_name.empty() && !name.empty() && (triple.product_key != key || triple.device_name != name))
    return bad("device-secret-file " + path + " is for " + key + "." + name + ", not for " + triple.product_key + "." +
               triple.device_name + ". Name the file of this device, or leave the device to the file.");
  if (triple.device_name.empty()) {
    triple.product_key = key;
    triple.device_name = name;
  }
  if (triple.secret.empty()) triple.secret = device.device_secret;
  return {};
}

}  // namespace

tl::expected<Triple, Failure> read_triple(const H2PushConfig& config) {
  if (config.product_key.empty() != config.device_name.empty())
    return bad("product-key and device-name belong together: set both, or device-id in their place.");
  Triple triple{config.product_key, config.device_name, config.device_secret};
  if (triple.device_name.empty() && !config.device_id.empty()) take_id(config.device_id, triple);
  if (!config.device_secret_file.empty())
    if (auto taken = take_file(config.device_secret_file, triple); !taken)
      return tl::unexpected<Failure>(std::move(taken.error()));
  if (triple.product_key.empty() || triple.device_name.empty())
    return bad(
        "the device is not set: write device-id=ID (or product-key and device-name), or name the file that "
        "`camspan-hub device add` printed in device-secret-file.");
  if (triple.secret.empty())
    return bad("the secret of " + triple.product_key + "." + triple.device_name +
               " is not set: name a file with it in device-secret-file.");
  if (!printable(triple.product_key) || !printable(triple.device_name))
    return bad("product-key and device-name have printable characters only.");
  return triple;
}

tl::expected<Url, Failure> channel_url(const H2PushConfig& config) {
  if (config.host.empty())
    return bad(
        "host is not set: write host=HOST (the hub), or location=https://HOST:PORT/ingest/CAMERA for mode=post.");
  if (config.host.size() > kMaxHostBytes || config.host.find_first_of("/@?# ") != std::string::npos)
    return bad("host \"" + config.host + "\" is no bare host name or address: leave out https:// and the path.");
  if (!link::is_identify(config.identify))
    return bad("identify \"" + config.identify +
               "\" is no service path such as iotx/vision/voice/intercom/live: at most " +
               std::to_string(link::kMaxIdentifyBytes) + " characters, no / at its ends.");
  if (config.identify == link::kFileService)
    return bad("identify \"" + config.identify +
               "\" is the service for files in parts, which h2sink cannot send to: leave identify unset, or use "
               "location with mode=post.");
  const bool bare_v6 = config.host.find(':') != std::string::npos && !config.host.starts_with('[');
  const std::string host = bare_v6 ? "[" + config.host + "]" : config.host;
  return parse_url("https://" + host + ":" + std::to_string(config.port) +
                   link::path(link::Step::send, config.identify));
}

}  // namespace camspan
