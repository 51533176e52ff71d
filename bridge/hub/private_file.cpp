#include "hub/private_file.hpp"

#include <camspan/hal.h>
#include <fcntl.h>
#include <unistd.h>
#include <camspan/bytes.hpp>

#include <cerrno>
#include <cstring>
#include <vector>

namespace camspan::hub {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::vector<unsigned char> random_bytes(std::size_t size) {
  std::vector<unsigned char> bytes(size);
  if (const int error = hal()->random(bytes.data(), bytes.size()); error != 0)
    throw std::system_error(error, std::generic_category(), "no random bytes");
  return bytes;
}

std::string hex(const std::vector<unsigned char>& bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

}  // namespace

tl::expected<void, Failure> write_private_file(const std::filesystem::path& file, std::string_view content) {
  const auto failed = [&file](int error) {
    return tl::unexpected(Failure{
        std::error_code(error, std::generic_category()),
        "cannot write " + file.string() + ": " + std::strerror(error) + ". Let the hub's user write in that folder."});
  };
  const Descriptor fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (fd.get() < 0) return failed(errno);
  while (!content.empty()) {
    const ssize_t count = ::write(fd.get(), content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(errno);
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  if (::fsync(fd.get()) != 0) return failed(errno);
  return {};
}

std::string random_hex(std::size_t bytes) {
  return hex(random_bytes(bytes));
}

std::string random_decimal() {
  constexpr std::uint64_t kLeast = 1'000'000'000'000'000'000;
  std::uint64_t number = 0;
  for (const unsigned char byte : random_bytes(8)) number = number << 8 | byte;
  return std::to_string(kLeast + number % (9 * kLeast));
}

std::string random_uuid() {
  auto bytes = random_bytes(16);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  std::string text = hex(bytes);
  for (const std::size_t dash : {8u, 13u, 18u, 23u}) text.insert(dash, "-");
  return text;
}

}  // namespace camspan::hub
