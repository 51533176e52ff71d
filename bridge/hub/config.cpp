#include "hub/config.hpp"

#include <toml++/toml.h>

#include <fstream>
#include <functional>
#include <initializer_list>

#include "hub/ice_servers.hpp"
#include "hub/quantity.hpp"

namespace camspan::hub {
namespace {

/// Ends the reading of a configuration; caught in load_config().
struct Refused {
  std::string sentence;
};

log::Level to_level(const std::string& name, const std::string& where) {
  if (name == "error") return log::Level::error;
  if (name == "warn") return log::Level::warn;
  if (name == "info") return log::Level::info;
  if (name == "debug") return log::Level::debug;
  if (name == "trace") return log::Level::trace;
  throw Refused{where + ": the log level is error, warn, info, debug or trace, not \"" + name + "\"."};
}

/// Binds the keys of one file to the members of a Config.
class FileReader {
 public:
  FileReader(std::string file, Config& config)
      : file_(std::move(file)), folder_(std::filesystem::path(file_).parent_path()), config_(config) {}

  void read() {
    toml::table root;
    try {
      root = toml::parse_file(file_);
    } catch (const toml::parse_error& error) {
      const auto line = error.source().begin.line;
      const std::string where = line > 0 ? file_ + ":" + std::to_string(line) : file_;
      throw Refused{where + ": " + std::string(error.description()) +
                    ". Name an existing, readable TOML file; docs/operating-the-hub.md lists the keys."};
    }
    keys(root, "",
         {text("data", [&](auto& v) { config_.data = in_folder(v); }),
          text("listen", [&](auto& v) { config_.listen = v; }),
          text("plain", [&](auto& v) { config_.plain = v; }),
          flag("allow_plain", config_.allow_plain),
          {"log_level", [&](auto& node) { config_.log_level = to_level(string_of(node), at(node)); }},
          {"tls", [&](auto& node) { read_tls(node); }},
          {"auth", [&](auto& node) { read_auth(node); }},
          {"ice", [&](auto& node) { read_ice(node); }},
          {"record", [&](auto& node) { read_record(node); }},
          {"limits", [&](auto& node) { read_limits(node); }},
          {"device", [&](auto& node) { read_devices(node); }}});
  }

 private:
  struct Key {
    std::string_view name;
    std::function<void(const toml::node&)> set;
  };

  std::string at(const toml::node& node) const { return file_ + ":" + std::to_string(node.source().begin.line); }
  std::filesystem::path in_folder(const std::string& path) const { return folder_ / path; }

  void keys(const toml::node& node, const std::string& section, std::initializer_list<Key> known) {
    const toml::table* table = node.as_table();
    if (!table) throw Refused{at(node) + ": [" + section + "] is a table of keys."};
    for (const auto& [name, value] : *table) {
      const Key* key = nullptr;
      for (const Key& candidate : known)
        if (candidate.name == name.str()) key = &candidate;
      if (!key) throw Refused{unknown_key(name, section, known)};
      key->set(value);
    }
  }

  std::string unknown_key(const toml::key& name, const std::string& section, std::initializer_list<Key> known) const {
    std::string sentence = file_ + ":" + std::to_string(name.source().begin.line) + ": unknown key \"" +
                           std::string(name.str()) + "\"" + (section.empty() ? "" : " in [" + section + "]") +
                           ". Known here:";
    for (const Key& key : known) sentence += (&key == known.begin() ? " " : ", ") + std::string(key.name);
    return sentence + ".";
  }

  std::string string_of(const toml::node& node) const {
    const auto value = node.value_exact<std::string>();
    if (!value) throw Refused{at(node) + ": this value is a string in quotes."};
    return *value;
  }

  Key text(std::string_view name, std::function<void(const std::string&)> set) const {
    return {name, [this, set](const toml::node& node) { set(string_of(node)); }};
  }
  Key path(std::string_view name, std::filesystem::path& into) const {
    return text(name, [this, &into](const std::string& value) { into = in_folder(value); });
  }
  Key flag(std::string_view name, bool& into) const {
    return {name, [this, &into](const toml::node& node) {
              const auto value = node.value_exact<bool>();
              if (!value) throw Refused{at(node) + ": this value is true or false."};
              into = *value;
            }};
  }
  Key duration(std::string_view name, std::chrono::milliseconds& into) const {
    return {name, [this, &into](const toml::node& node) {
              const auto value = parse_duration(string_of(node));
              if (!value)
                throw Refused{at(node) + ": this value is a time such as \"60s\", \"15m\", \"1h\" or \"7d\"."};
              into = *value;
            }};
  }
  template <class Number>
  Key size(std::string_view name, Number& into) const {
    return {name, [this, &into](const toml::node& node) {
              if (const auto bytes = node.value_exact<std::int64_t>(); bytes && *bytes >= 0) {
                into = static_cast<Number>(*bytes);
                return;
              }
              const auto value =
                  node.is_string() ? parse_size(string_of(node)) : Result<std::uint64_t>(fail(Errc::malformed));
              if (!value) throw Refused{at(node) + ": this value is a size such as \"4MiB\", or a number of bytes."};
              into = static_cast<Number>(*value);
            }};
  }
  Key count(std::string_view name, std::size_t& into) const {
    return {name, [this, &into](const toml::node& node) {
              const auto value = node.value_exact<std::int64_t>();
              if (!value || *value < 1) throw Refused{at(node) + ": this value is a whole number above 0."};
              into = static_cast<std::size_t>(*value);
            }};
  }

  void read_tls(const toml::node& node) {
    keys(node, "tls",
         {path("cert", config_.tls.cert), path("key", config_.tls.key), path("client_ca", config_.tls.client_ca)});
  }
  void read_auth(const toml::node& node) { keys(node, "auth", {path("jwt_key_file", config_.auth.jwt_key_file)}); }
  void read_ice(const toml::node& node) {
    auto& ice = config_.ice;
    keys(node, "ice",
         {{"stun", [&](auto& list) { each(list, [&](auto& one) { ice.stun.push_back(ice_url(one, "stun")); }); }},
          {"turn", [&](auto& list) { each(list, [&](auto& one) { read_turn(one); }); }},
          duration("ttl", ice.ttl)});
  }
  void each(const toml::node& node, const std::function<void(const toml::node&)>& take) const {
    const toml::array* list = node.as_array();
    if (!list) throw Refused{at(node) + ": this value is a list in square brackets."};
    for (const toml::node& one : *list) take(one);
  }
  std::string ice_url(const toml::node& node, const std::string& scheme) const {
    std::string url = string_of(node);
    if (is_ice_url(url) && url.starts_with(scheme)) return url;
    throw Refused{at(node) + ": \"" + url + "\" is no " + scheme + " address: write \"" + scheme + ":host:3478\"."};
  }
  void read_turn(const toml::node& node) {
    Config::Ice::Turn turn;
    std::filesystem::path secret_file;
    keys(node, "ice.turn",
         {{"url", [&](auto& url) { turn.url = ice_url(url, "turn"); }}, path("secret_file", secret_file)});
    if (turn.url.empty() || secret_file.empty())
      throw Refused{at(node) + ": a server in ice.turn has url and secret_file."};
    auto secret = read_secret_file(secret_file);
    if (!secret) throw Refused{at(node) + ": " + secret.error().sentence};
    turn.secret = std::move(*secret);
    config_.ice.turn.push_back(std::move(turn));
  }
  void read_record(const toml::node& node) {
    auto& record = config_.record;
    keys(node, "record",
         {flag("enabled", record.enabled), duration("segment", record.segment), duration("max_age", record.max_age),
          size("max_bytes", record.max_bytes)});
  }
  void read_limits(const toml::node& node) {
    auto& limits = config_.limits;
    keys(node, "limits",
         {count("devices", limits.devices), count("viewers", limits.viewers),
          count("viewers_per_device", limits.viewers_per_device), size("viewer_queue", limits.viewer_queue),
          duration("viewer_delay", limits.viewer_delay), duration("viewer_timeout", limits.viewer_timeout),
          size("upload_max", limits.upload_max), duration("upload_idle", limits.upload_idle),
          count("connections_per_address", limits.connections_per_address),
          count("channels_per_connection", limits.channels_per_connection),
          count("connections_per_device", limits.connections_per_device),
          count("uploads_per_device", limits.uploads_per_device), duration("upload_keep", limits.upload_keep),
          duration("downlink_timeout", limits.downlink_timeout)});
  }

  void read_devices(const toml::node& node) {
    const toml::array* list = node.as_array();
    if (!list) throw Refused{at(node) + ": a device is a table of its own: write [[device]]."};
    for (const toml::node& device : *list) read_device(device);
  }

  void read_device(const toml::node& node) {
    std::string id, product_key, device_name, secret;
    std::filesystem::path secret_file;
    keys(node, "device",
         {text("id", [&](auto& v) { id = v; }), text("product_key", [&](auto& v) { product_key = v; }),
          text("device_name", [&](auto& v) { device_name = v; }), text("secret", [&](auto& v) { secret = v; }),
          path("secret_file", secret_file)});
    const auto parsed = id.empty() ? DeviceId::of_triple(product_key, device_name) : DeviceId::parse(id);
    if (!parsed || (!id.empty() && !(product_key.empty() && device_name.empty())))
      throw Refused{at(node) +
                    ": a [[device]] has either id, or product_key and device_name: letters, digits, dots, "
                    "dashes and underscores, at most 64, not ending in .flv."};
    if (!secret_file.empty()) {
      auto read = read_secret_file(secret_file);
      if (!read) throw Refused{at(node) + ": " + read.error().sentence};
      secret = *read;
    }
    if (secret.empty()) throw Refused{at(node) + ": device " + parsed->str() + " has neither secret nor secret_file."};
    config_.devices.push_back({*parsed, secret});
  }

  std::string file_;
  std::filesystem::path folder_;
  Config& config_;
};

void apply(const Overrides& overrides, Config& config) {
  if (overrides.data) config.data = *overrides.data;
  if (overrides.listen) config.listen = *overrides.listen;
  if (overrides.plain) config.plain = *overrides.plain;
  if (overrides.tls_cert) config.tls.cert = *overrides.tls_cert;
  if (overrides.tls_key) config.tls.key = *overrides.tls_key;
  if (overrides.log_level) config.log_level = to_level(*overrides.log_level, "--log-level");
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

void check(const Config& config) {
  if (config.data.empty()) throw Refused{"data names no folder: set it, for example to ./camspan-data."};
  if (!parse_host_port(config.listen))
    throw Refused{"listen = \"" + config.listen + "\" is not HOST:PORT, for example 0.0.0.0:8443 or [::]:8443."};
  if (config.tls.cert.empty() != config.tls.key.empty())
    throw Refused{"Set tls.cert and tls.key together, or neither for a self-signed certificate."};
  if (config.record.segment < std::chrono::seconds(1)) throw Refused{"record.segment is at least 1s."};
  if (config.plain.empty()) return;
  const auto plain = parse_host_port(config.plain);
  if (!plain) throw Refused{"plain = \"" + config.plain + "\" is not HOST:PORT, for example 127.0.0.1:8080."};
  if (!is_loopback(plain->host) && !config.allow_plain)
    throw Refused{"plain = \"" + config.plain +
                  "\" would carry tokens and pictures unencrypted over the network. Use a "
                  "loopback address such as 127.0.0.1, or set allow_plain = true in the configuration file."};
}

}  // namespace

tl::expected<Config, Failure> load_config(const std::optional<std::string>& file, const Overrides& overrides) {
  try {
    Config config;
    if (file) FileReader(*file, config).read();
    apply(overrides, config);
    check(config);
    return config;
  } catch (const Refused& refused) {
    return tl::unexpected(Failure{Errc::bad_setting, refused.sentence});
  }
}

tl::expected<std::string, Failure> read_secret_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string line;
  if (!in || !std::getline(in, line))
    return tl::unexpected(
        Failure{Errc::bad_setting, "cannot read a secret from " + file.string() +
                                       ": name a file that this user can read, with the secret on its first line."});
  const auto begin = line.find_first_not_of(" \t\r");
  if (begin == std::string::npos)
    return tl::unexpected(Failure{Errc::bad_setting, file.string() + " has no secret on its first line."});
  return line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin);
}

}  // namespace camspan::hub
