/// What a hub is set to. Command line over environment (CAMSPAN_*) over the TOML file over the defaults written here.
#pragma once

#include <camspan/error.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/log.hpp"
#include "hub/device_id.hpp"

namespace camspan::hub {

struct Config {
  std::filesystem::path data = "./camspan-data";
  std::string listen = "127.0.0.1:8443";  ///< TLS
  std::string plain;                      ///< without TLS; "" = none
  bool allow_plain = false;               ///< lets `plain` be an address that other machines reach
  log::Level log_level = log::Level::info;

  struct Tls {
    std::filesystem::path cert;  ///< with `key`; both empty = a self-signed one under `data`
    std::filesystem::path key;
    std::filesystem::path client_ca;  ///< a client certificate issued under it, CN = device id, may upload
  } tls;

  struct Auth {
    std::filesystem::path jwt_key_file;  ///< empty = jwt.key under `data`
  } auth;

  struct Ice {
    struct Turn {
      std::string url;
      std::string secret;  ///< shared with the server (coturn: static-auth-secret)
    };
    std::vector<std::string> stun;  ///< URLs
    std::vector<Turn> turn;
    std::chrono::milliseconds ttl = std::chrono::hours(1);  ///< that credentials for TURN are good for
  } ice;

  struct Record {
    bool enabled = true;
    std::chrono::milliseconds segment{60'000};
    std::chrono::milliseconds max_age = std::chrono::days(7);
    std::uint64_t max_bytes = 50ull << 30;  ///< per device
  } record;

  struct Limits {
    std::size_t devices = 1000;
    std::size_t viewers = 10000;
    std::size_t viewers_per_device = 100;
    std::size_t viewer_queue = 4 << 20;                ///< bytes that may wait for one viewer
    std::chrono::milliseconds viewer_delay{4'000};     ///< time a tag may wait for one viewer
    std::chrono::milliseconds viewer_timeout{10'000};  ///< a viewer that takes nothing for so long is dropped
    std::uint64_t upload_max = 4ull << 30;             ///< of a stored file; a live stream has no end
    std::chrono::milliseconds upload_idle{60'000};     ///< an upload that brings nothing for so long is ended
    std::size_t connections_per_address = 200;         ///< loopback is not limited
    std::size_t channels_per_connection = 32;          ///< of /stream
    std::size_t connections_per_device = 4;            ///< that have opened a channel of the device
    std::size_t uploads_per_device = 1000;             ///< of the file service, not closed
    std::chrono::milliseconds upload_keep = std::chrono::hours(24);  ///< time in which one can be gone on with
    std::chrono::milliseconds downlink_timeout{10'000};              ///< for a device that takes nothing
  } limits;

  struct Device {
    DeviceId id;
    std::string secret;  ///< never empty
  };
  std::vector<Device> devices;
};

/// What the command line or the environment sets.
struct Overrides {
  std::optional<std::string> data;
  std::optional<std::string> listen;
  std::optional<std::string> plain;
  std::optional<std::string> tls_cert;
  std::optional<std::string> tls_key;
  std::optional<std::string> log_level;
};

/// Reads `file` (none = defaults), puts `overrides` over it and checks the whole. Paths in the file are relative to
/// its folder. An unknown key is an error: the sentence names file, line and key. @return Errc::bad_setting
tl::expected<Config, Failure> load_config(const std::optional<std::string>& file, const Overrides& overrides);

/// First line of a file, without blanks around it; for secrets. The sentence names the file and the fix.
tl::expected<std::string, Failure> read_secret_file(const std::filesystem::path& file);

}  // namespace camspan::hub
