/// Who a device is, and where its hub: the settings of mode stream.
#pragma once

#include <camspan/h2_push.hpp>
#include <string>

#include "api/url.hpp"

namespace camspan {

struct Triple {
  std::string product_key;
  std::string device_name;
  std::string secret;
};

/// Product key and name by themselves, by device_id, or by the file with the secret; reads that file. The failure names
/// the setting and the fix, never the secret.
tl::expected<Triple, Failure> read_triple(const H2PushConfig& config);

/// Address of the hub, with the path to send to.
tl::expected<Url, Failure> channel_url(const H2PushConfig& config);

}  // namespace camspan
