/// Who may do what: the token (or client certificate) of a request against the right that its route asks for.
#pragma once

#include <functional>

#include "hub/device_id.hpp"
#include "hub/problem.hpp"
#include "hub/token.hpp"
#include "net/http_exchange.hpp"

namespace camspan::hub {

/// Stateless but for the key; any thread.
class Authorizer {
 public:
  using Clock = std::function<std::chrono::sys_seconds()>;

  Authorizer(TokenKey key, Clock clock) : key_(std::move(key)), clock_(std::move(clock)) {}

  /// The claims of `Authorization: Bearer` or `?token=`, which must give at least one right.
  tl::expected<Claims, Problem> authenticate(const net::RequestHead& request) const;

  /// As authenticate(), and the token gives `right` for `device`.
  tl::expected<Claims, Problem> require(const net::RequestHead& request, Right right, const DeviceId& device) const;

  /// As authenticate(), and the token gives `right` for the hub as a whole.
  tl::expected<void, Problem> require_hub(const net::RequestHead& request, Right right) const;

  /// As require() for Right::upload; a verified client certificate whose CN is the device id does as well.
  tl::expected<void, Problem> require_upload(const net::RequestHead& request, const DeviceId& device) const;

 private:
  tl::expected<Claims, Problem> require(const net::RequestHead& request, Right right) const;

  TokenKey key_;
  Clock clock_;
};

}  // namespace camspan::hub
