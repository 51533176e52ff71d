/// The certificate that the hub shows: one of its own making until a real one is given.
#pragma once

#include <camspan/error.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "hub/config.hpp"
#include "hub/data_folder.hpp"

struct ssl_ctx_st;

namespace camspan::hub {

struct FreeContext {
  void operator()(ssl_ctx_st* context) const;
};
using TlsContext = std::unique_ptr<ssl_ctx_st, FreeContext>;

/// The server context. Without a configured certificate it takes the self-signed one in the data folder, which it makes
/// (EC P-256, for localhost, 127.0.0.1, ::1 and the host's name) when it is not there or has less than 30 days left,
/// and logs its fingerprint. The sentence names the file and the fix.
tl::expected<TlsContext, Failure> make_tls_context(const Config::Tls& config, const DataFolder& folder);

/// "AB:CD:..": SHA-256 of a certificate file's first certificate. @return Errc::malformed when there is none
Result<std::string> fingerprint(const std::filesystem::path& file);

}  // namespace camspan::hub
