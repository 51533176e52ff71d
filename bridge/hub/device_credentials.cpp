#include "hub/device_credentials.hpp"

#include <charconv>

#include "hub/clock.hpp"
#include "proto/link/request.hpp"
#include "proto/link/sign.hpp"

namespace camspan::hub {
namespace {

/// One answer for a device that is not there and for a wrong sign: nobody learns which devices there are.
Problem bad_credentials() {
  return {Cause::bad_credentials,
          "This hub does not know a device with these credentials. `camspan-hub device add` makes one.",
          {},
          {}};
}

bool is_timely(const std::string& timestamp) {
  if (timestamp.empty()) return true;
  std::int64_t ms = 0;
  const char* const last = timestamp.data() + timestamp.size();
  const auto [end, error] = std::from_chars(timestamp.data(), last, ms);
  const std::int64_t now = utc_now().time_since_epoch().count();
  return error == std::errc{} && end == last && ms >= 0 && ms >= now - link::kMaxClockErrorMs &&
         ms <= now + link::kMaxClockErrorMs;
}

}  // namespace

tl::expected<DeviceId, Problem> verify_device(Devices& devices, const http::Headers& headers) {
  const auto credentials = link::parse_credentials(headers);
  if (!credentials) return tl::unexpected(bad_credentials());
  const auto id = DeviceId::of_triple(credentials->names.product_key, credentials->names.device_name);
  if (!id) return tl::unexpected(bad_credentials());
  const auto device = devices.find(*id);
  if (!device && device.error().cause != Cause::unknown_device) return tl::unexpected(device.error());
  const bool has_secret = device && !device->secret.empty();
  // Computed in any case, so that the time tells nothing.
  const std::string secret = has_secret ? device->secret : new_secret();
  const bool verified = link::verify(credentials->method, credentials->names, secret, credentials->sign);
  if (!verified || !has_secret || !is_timely(credentials->names.timestamp)) return tl::unexpected(bad_credentials());
  return *id;
}

}  // namespace camspan::hub
