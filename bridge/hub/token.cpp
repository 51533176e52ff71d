#include "hub/token.hpp"

#include <jwt.h>
#include <openssl/ec.h>
#include <openssl/pem.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "hub/private_file.hpp"

namespace camspan::hub {
namespace {

using nlohmann::json;
using std::chrono::sys_seconds;

constexpr std::array<std::string_view, 6> kRights{"live", "playback", "talk", "command", "upload", "admin"};

// A key as long as the hash (RFC 7518 section 3.2).
constexpr std::size_t kMinSecretBytes = 32;
// How far the issuer's clock may be ahead of ours.
constexpr std::chrono::seconds kClockSkew{60};

struct JwtFree {
  void operator()(jwt_t* jwt) const { jwt_free(jwt); }
};
using Jwt = std::unique_ptr<jwt_t, JwtFree>;

struct CFree {
  void operator()(char* text) const { std::free(text); }
};
using CString = std::unique_ptr<char, CFree>;

struct PkeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

/// The algorithm that a PEM public key allows; empty when there is none.
std::string_view algorithm_of(const std::string& pem) {
  const std::unique_ptr<BIO, BioFree> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const std::unique_ptr<EVP_PKEY, PkeyFree> key(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr)
                                                    : nullptr);
  if (!key) return {};
  if (EVP_PKEY_is_a(key.get(), "RSA")) return EVP_PKEY_get_bits(key.get()) >= 2048 ? "RS256" : "";
  if (EVP_PKEY_is_a(key.get(), "EC")) return EVP_PKEY_get_bits(key.get()) == 256 ? "ES256" : "";
  return {};
}

tl::unexpected<Failure> refuse(std::string sentence) {
  return tl::unexpected(Failure{Errc::bad_setting, std::move(sentence)});
}

const unsigned char* unsigned_bytes(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// A NumericDate (RFC 7519 section 2); fractions are cut off.
std::optional<sys_seconds> numeric_date(const json& claims, const char* name) {
  const auto claim = claims.find(name);
  // 253402300799 is the end of the year 9999.
  if (claim == claims.end() || !claim->is_number()) return std::nullopt;
  const double seconds = claim->get<double>();
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 253'402'300'799.0) return std::nullopt;
  return sys_seconds(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
}

/// False when the claim is there and not a time that lies behind `now`.
bool lies_behind(const json& claims, const char* name, sys_seconds now) {
  if (!claims.contains(name)) return true;
  const auto time = numeric_date(claims, name);
  return time && *time <= now + kClockSkew;
}

tl::expected<Claims, TokenFault> read_claims(const json& object, sys_seconds now) {
  const auto bad = tl::unexpected(TokenFault::bad);
  if (!object.is_object()) return bad;
  const auto expires = numeric_date(object, "exp");
  const auto device = object.find("dev");
  const auto allow = object.find("allow");
  if (!expires || device == object.end() || !device->is_string() || allow == object.end() || !allow->is_array())
    return bad;
  if (!lies_behind(object, "iat", now) || !lies_behind(object, "nbf", now)) return bad;
  if (*expires <= now) return tl::unexpected(TokenFault::expired);

  Claims claims;
  claims.expires = *expires;
  claims.device = device->get<std::string>();
  if (claims.device != "*") {
    const auto id = DeviceId::parse(claims.device);
    if (!id) return bad;
    claims.device = id->str();
  }
  for (const json& entry : *allow) {
    if (!entry.is_string()) return bad;
    // A right that this hub does not know gives nothing here.
    if (const auto right = parse_right(entry.get_ref<const std::string&>())) claims.allow.push_back(*right);
  }
  if (const auto subject = object.find("sub"); subject != object.end() && subject->is_string())
    claims.subject = subject->get<std::string>();
  return claims;
}

}  // namespace

Result<Right> parse_right(std::string_view name) {
  for (std::size_t i = 0; i < kRights.size(); ++i)
    if (kRights[i] == name) return static_cast<Right>(i);
  return fail(Errc::malformed);
}

std::string_view right_name(Right right) {
  return kRights[static_cast<std::size_t>(right)];
}

bool Claims::covers(const DeviceId& id) const {
  return covers_all() || device == id.str();
}

bool Claims::allows(Right right) const {
  for (const Right allowed : allow)
    if (allowed == right) return true;
  return false;
}

tl::expected<TokenKey, Failure> TokenKey::load(const std::filesystem::path& file, bool create) {
  std::error_code error;
  if (create && !std::filesystem::exists(file, error)) {
    const auto made = write_private_file(file, random_hex(kMinSecretBytes) + "\n");
    if (!made) return tl::unexpected(made.error());
  }
  std::ifstream in(file, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  if (!in) return refuse("cannot read the token key " + file.string() + ": make it readable for the hub's user.");
  std::string text = content.str();
  if (text.find("PRIVATE KEY-----") != std::string::npos)
    return refuse(file.string() + " is a private key. The hub only checks tokens: give it the public key.");
  if (text.find("-----BEGIN ") != std::string::npos) {
    const auto algorithm = algorithm_of(text);
    if (algorithm.empty())
      return refuse(file.string() + " is no public key for ES256 (P-256) or RS256 (2048 bits or more) in PEM.");
    return TokenKey(std::move(text), algorithm);
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.size() < kMinSecretBytes)
    return refuse(file.string() + " is too short for an HS256 secret: it has " + std::to_string(text.size()) +
                  " bytes and needs 32, as `openssl rand -hex 32` makes.");
  return TokenKey(std::move(text), "HS256");
}

Result<std::string> TokenKey::sign(const Claims& claims, sys_seconds now) const {
  json body{{"dev", claims.device},
            {"allow", json::array()},
            {"iat", now.time_since_epoch().count()},
            {"exp", claims.expires.time_since_epoch().count()}};
  for (const Right right : claims.allow) body["allow"].push_back(right_name(right));
  if (!claims.subject.empty()) body["sub"] = claims.subject;

  jwt_t* raw = nullptr;
  if (jwt_new(&raw) != 0) return fail(Errc::bad_setting);
  const Jwt jwt(raw);
  if (jwt_add_grants_json(raw, body.dump(-1, ' ', false, json::error_handler_t::replace).c_str()) != 0 ||
      jwt_set_alg(raw, JWT_ALG_HS256, unsigned_bytes(bytes_), static_cast<int>(bytes_.size())) != 0)
    return fail(Errc::bad_setting);
  const CString text(jwt_encode_str(raw));
  if (!text) return fail(Errc::bad_setting);
  return std::string(text.get());
}

tl::expected<Claims, TokenFault> TokenKey::verify(const std::string& token, sys_seconds now) const {
  const auto bad = tl::unexpected(TokenFault::bad);
  jwt_t* raw = nullptr;
  if (jwt_decode(&raw, token.c_str(), unsigned_bytes(bytes_), static_cast<int>(bytes_.size())) != 0) return bad;
  const Jwt jwt(raw);
  // libjwt takes whatever algorithm the token names, HMAC with the text of a public key included.
  const char* const algorithm = jwt_alg_str(jwt_get_alg(raw));
  if (!algorithm || algorithm != algorithm_) return bad;
  const CString grants(jwt_get_grants_json(raw, nullptr));
  if (!grants) return bad;
  const json object = json::parse(grants.get(), nullptr, false);
  return read_claims(object, now);
}

}  // namespace camspan::hub
