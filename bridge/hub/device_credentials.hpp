/// Whether a device is who it says: the Link Kit fields of `/stream/open` and of the upgrade of `/signal`.
#pragma once

#include "hub/devices.hpp"
#include "hub/problem.hpp"
#include "proto/http/headers.hpp"

namespace camspan::hub {

/// @return the device whose secret signed `headers`; Cause::bad_credentials for every other device and sign alike, in
///         the same time, or Cause::storage_failed
tl::expected<DeviceId, Problem> verify_device(Devices& devices, const http::Headers& headers);

}  // namespace camspan::hub
