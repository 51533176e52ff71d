/// Who the device is: the environment, and the file with the `[[device]]` table (or the secret alone) it names.
#include "posix/posix.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace camspan::posix {
namespace {

// Far above any triple; a table in a hub's configuration file may be read as well.
constexpr size_t kMaxFileBytes = 65536;
constexpr std::string_view kBlank = " \t\r";

/// What stops the reading of a device file: errno and the sentence for the user.
struct Refused : std::runtime_error {
  Refused(int code, const std::string& sentence) : std::runtime_error(sentence), error(code) {}
  int error;
};

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

/// Takes the next line off `text`.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  const std::string_view line = trim(text.substr(0, end));
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

/// A TOML string, basic or literal; nothing else in a table concerns us.
std::optional<std::string> parse_string(std::string_view text) {
  if (text.empty() || (text.front() != '"' && text.front() != '\'')) return std::nullopt;
  const char quote = text.front();
  std::string value;
  size_t i = 1;
  for (; i < text.size() && text[i] != quote; ++i) {
    if (text[i] == '\\' && quote == '"') {
      // Triples and paths need no other escape than these two.
      if (++i == text.size() || (text[i] != '"' && text[i] != '\\')) return std::nullopt;
    }
    value += text[i];
  }
  if (i == text.size()) return std::nullopt;
  const std::string_view rest = trim(text.substr(i + 1));
  if (!rest.empty() && rest.front() != '#') return std::nullopt;
  return value;
}

struct Pair {
  std::string_view key;
  std::string_view value;
};

std::optional<Pair> parse_pair(std::string_view line) {
  const auto equals = line.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const Pair pair{trim(line.substr(0, equals)), trim(line.substr(equals + 1))};
  constexpr std::string_view kKeyCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  if (pair.key.empty() || pair.key.find_first_not_of(kKeyCharacters) != std::string_view::npos) return std::nullopt;
  // A lone secret may end in the '=' of base64; a pair has a value.
  if (pair.value.empty() || pair.value.front() == '=') return std::nullopt;
  return pair;
}

/// The name in "[name]" or "[[name]]".
std::optional<std::string_view> parse_header(std::string_view line) {
  if (const auto comment = line.find('#'); comment != std::string_view::npos) line = trim(line.substr(0, comment));
  if (!line.starts_with('[') || !line.ends_with(']')) return std::nullopt;
  if (line.starts_with("[[") && line.ends_with("]]")) line = line.substr(1, line.size() - 2);
  return trim(line.substr(1, line.size() - 2));
}

/// The first `[[device]]` table, or keys before any table.
struct Table {
  std::string id;
  std::string product_key;
  std::string device_name;
  std::string secret;
  std::string secret_file;
  bool is_toml = false;  // a header or a pair was seen
  bool is_device = false;

  void set(const Pair& pair, const std::string& path) {
    std::string* member = pair.key == "id"            ? &id
                          : pair.key == "product_key" ? &product_key
                          : pair.key == "device_name" ? &device_name
                          : pair.key == "secret"      ? &secret
                          : pair.key == "secret_file" ? &secret_file
                                                      : nullptr;
    if (member == nullptr) return;
    auto value = parse_string(pair.value);
    if (!value)
      throw Refused(EINVAL, path + ": the value of " + std::string(pair.key) + " is not a plain string in quotes.");
    *member = std::move(*value);
    is_device = true;
  }
};

Table parse_table(std::string_view text, const std::string& path) {
  Table table;
  bool concerns_us = true;
  bool entered = false;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.empty() || line.front() == '#') continue;
    if (const auto name = parse_header(line)) {
      if (entered) break;
      concerns_us = entered = *name == "device";
      table.is_toml = true;
    } else if (const auto pair = parse_pair(line)) {
      table.is_toml = true;
      if (concerns_us) table.set(*pair, path);
    }
  }
  return table;
}

std::string read_text(const std::string& path) {
  const auto refuse = [&path](int error) {
    return Refused(error, "cannot read " + path + ": " + strerror(error) +
                              ". Name an existing file with the device's "
                              "[[device]] table or its secret, readable by this user.");
  };
  int fd = -1;
  if (const int error = hal()->file_open(path.c_str(), HAL_FILE_READ, &fd)) throw refuse(error);
  std::string text(kMaxFileBytes, '\0');
  size_t count = 0;
  const int error = hal()->file_read(fd, text.data(), text.size(), 0, &count);
  hal()->file_close(fd);
  if (error != 0) throw refuse(error);
  text.resize(count);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);  // the byte order mark some editors leave
  return text;
}

std::string first_line(std::string_view text, const std::string& path) {
  const std::string_view line = take_line(text);
  if (line.empty())
    throw Refused(EINVAL, path + " has no secret. Write the secret on its first line, or a [[device]] table.");
  return std::string(line);
}

template <size_t kSize>
void put(char (&to)[kSize], std::string_view value, const char* what, const std::string& path) {
  // What is wrong with the value stays unsaid: it may be the secret.
  if (value.size() >= kSize)
    throw Refused(ENAMETOOLONG, path + ": " + what + " is longer than " + std::to_string(kSize - 1) + " bytes.");
  value.copy(to, value.size());
}

hal_identity read_device(const std::string& path) {
  const std::string text = read_text(path);
  Table table = parse_table(text, path);
  hal_identity out{};
  if (!table.is_toml) {
    put(out.device_secret, first_line(text, path), "the secret", path);
    return out;
  }
  if (!table.is_device)
    throw Refused(EINVAL, path + " has no [[device]] table. Copy the one that `camspan-hub device add` printed.");

  if (!table.id.empty() && table.product_key.empty() && table.device_name.empty()) {
    const auto dot = table.id.find('.');
    table.product_key = dot == std::string::npos ? "camspan" : table.id.substr(0, dot);
    table.device_name = dot == std::string::npos ? table.id : table.id.substr(dot + 1);
  }
  if (table.product_key.empty() != table.device_name.empty())
    throw Refused(EINVAL, path + " names only half of a device. Give id, or both product_key and device_name.");
  if (table.secret.empty() && !table.secret_file.empty()) {
    std::string file = table.secret_file;
    if (const auto slash = path.rfind('/'); file.front() != '/' && slash != std::string::npos)
      file.insert(0, path, 0, slash + 1);
    table.secret = first_line(read_text(file), file);
  }
  put(out.product_key, table.product_key, "product_key", path);
  put(out.device_name, table.device_name, "device_name", path);
  put(out.device_secret, table.secret, "secret", path);
  return out;
}

/// Copies an environment variable that fits; logs one that does not.
template <size_t kSize>
int take_variable(const char* name, char (&to)[kSize]) {
  const char* value = getenv(name);
  if (value == nullptr) return 0;
  const size_t length = strlen(value);
  if (length < kSize) {
    memcpy(to, value, length);
    return 0;
  }
  const std::string sentence = std::string(name) + " is longer than " + std::to_string(kSize - 1) + " bytes, not used.";
  hal()->log(HAL_LOG_ERROR, "identity", sentence.c_str());
  return ENAMETOOLONG;
}

}  // namespace

int identity(hal_identity* out) noexcept try {
  *out = {};
  int status = 0;
  if (const char* path = getenv("CAMSPAN_DEVICE_FILE"); path != nullptr && *path != '\0') {
    char why[1024] = "";
    status = hal_device_file_read(path, out, why, sizeof why);
    if (status != 0) hal()->log(HAL_LOG_ERROR, "identity", why);
  }
  const int hub = take_variable("CAMSPAN_HUB", out->hub_url);
  const int ca = take_variable("CAMSPAN_CA_FILE", out->ca_file);
  return status != 0 ? status : hub != 0 ? hub : ca;
} catch (const std::bad_alloc&) {
  return ENOMEM;
}

}  // namespace camspan::posix

int hal_device_file_read(const char* path, hal_identity* out, char* why, size_t why_size) noexcept try {
  if (path == nullptr || out == nullptr) return EINVAL;
  const auto set = [out](const hal_identity& device) {
    memcpy(out->product_key, device.product_key, sizeof out->product_key);
    memcpy(out->device_name, device.device_name, sizeof out->device_name);
    memcpy(out->device_secret, device.device_secret, sizeof out->device_secret);
  };
  set({});
  set(camspan::posix::read_device(path));
  return 0;
} catch (const camspan::posix::Refused& refused) {
  camspan::posix::put_why(refused.what(), why, why_size);
  return refused.error;
} catch (const std::bad_alloc&) {
  return ENOMEM;
}
