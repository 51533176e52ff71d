/// What a program gives about its device and its headers, checked and copied.
#pragma once

#include <camspan/error.hpp>
#include <cstdint>
#include <string>

#include "http2_stream_types.h"
#include "proto/http/headers.hpp"
#include "proto/link/sign.hpp"

namespace camspan::linkkit {

/// What we say we are: programs and servers know what this version does.
inline constexpr const char* kSdkVersion = "2.3.0";

/// Who connects, and where to.
struct Device {
  link::Names names;
  std::string secret;
  std::string host;  ///< bare
  std::uint16_t port = 0;
  std::string authority;
  bool tls = true;      ///< false only where CAMSPAN_HUB says http://
  std::string ca_file;  ///< CAMSPAN_CA_FILE; "" = what the machine trusts
};

/// Reads the environment where the url is empty. The failure names the field, never the secret.
tl::expected<Device, Failure> read_device(const device_conn_info_t& info);

/// An address alone, without who connects.
tl::expected<Device, Failure> read_address(const char* url, int port);

/// The user's header fields; none for NULL. The failure names the field.
tl::expected<http::Headers, Failure> read_headers(const header_ext_info_t* given);

}  // namespace camspan::linkkit
