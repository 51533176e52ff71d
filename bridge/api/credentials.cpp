#include "api/credentials.hpp"

#include <camspan/hal.h>
#include <openssl/evp.h>

#include <array>
#include <system_error>

namespace camspan {
namespace {

constexpr std::size_t kMaxTokenBytes = 8 << 10;  // a JWT is under 1 KiB; HTTP servers refuse fields over 8 KiB

tl::unexpected<Failure> unreadable(const std::string& path, const std::string& why) {
  return tl::unexpected<Failure>(Failure{Errc::bad_setting,
                                         "cannot read the token file " + path + ": " + why +
                                             ". Give a readable file with the token on "
                                             "its first line.",
                                         0});
}

std::string base64(std::string_view text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

}  // namespace

tl::expected<std::string, Failure> read_token_file(const std::string& path) {
  int fd = -1;
  if (const int error = hal()->file_open(path.c_str(), HAL_FILE_READ, &fd))
    return unreadable(path, std::generic_category().message(error));
  std::array<char, kMaxTokenBytes> buffer{};
  std::size_t count = 0;
  const int error = hal()->file_read(fd, buffer.data(), buffer.size(), 0, &count);
  hal()->file_close(fd);
  if (error) return unreadable(path, std::generic_category().message(error));
  std::string_view text(buffer.data(), count);
  text = text.substr(0, text.find('\n'));
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return unreadable(path, "its first line is empty");
  text = text.substr(first, text.find_last_not_of(" \t\r") + 1 - first);
  return std::string(text);
}

tl::expected<std::string, Failure> authorization(const H2PushConfig& config) {
  std::string token = config.auth_token;
  if (token.empty() && !config.auth_token_file.empty()) {
    auto read = read_token_file(config.auth_token_file);
    if (!read) return tl::unexpected<Failure>(std::move(read.error()));
    token = std::move(*read);
  }
  if (!token.empty()) return "Bearer " + token;
  if (!config.user_id.empty()) return "Basic " + base64(config.user_id + ":" + config.user_password);
  return std::string();
}

std::string proxy_authorization(const H2PushConfig& config) {
  return config.proxy_id.empty() ? std::string() : "Basic " + base64(config.proxy_id + ":" + config.proxy_password);
}

}  // namespace camspan
