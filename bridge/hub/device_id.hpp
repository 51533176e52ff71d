/// Device ids: `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`, not ending in ".flv". `camspan.cam1` and `cam1` are one device.
#pragma once

#include <camspan/error.hpp>
#include <compare>
#include <string>
#include <string_view>

namespace camspan::hub {

/// A valid id in the one form the hub uses for files, routes and the database. Safe as a file name.
class DeviceId {
 public:
  static constexpr std::size_t kMaxBytes = 64;

  /// @return Errc::malformed when `text` is no device id
  static Result<DeviceId> parse(std::string_view text);
  /// The id of a triple. @return Errc::malformed when it makes no device id
  static Result<DeviceId> of_triple(std::string_view product_key, std::string_view device_name);

  const std::string& str() const { return text_; }
  /// All before the first dot; "camspan" for an id without one.
  std::string_view product_key() const;
  std::string_view device_name() const;

  auto operator<=>(const DeviceId&) const = default;

 private:
  explicit DeviceId(std::string_view text) : text_(text) {}
  std::size_t dot() const;

  std::string text_;
};

}  // namespace camspan::hub
