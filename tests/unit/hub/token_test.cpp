#include "hub/token.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include "support/temp_folder.hpp"

namespace camspan::hub {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr sys_seconds kNow{seconds(1'800'000'000)};

std::string base64url(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

/// A token made by hand: any header, any claims, signed with HMAC-SHA256 and any key, or not at all.
std::string forge(std::string_view header, std::string_view claims, std::string_view key) {
  const std::string input = base64url(header) + "." + base64url(claims);
  if (key.empty()) return input + ".";
  unsigned char digest[32];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(input.data()),
       input.size(), digest, &size);
  return input + "." + base64url({reinterpret_cast<const char*>(digest), size});
}

constexpr std::string_view kHs256 = R"({"alg":"HS256","typ":"JWT"})";
constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";
constexpr std::string_view kClaims =
    R"({"sub":"a","dev":"cam1","allow":["live","playback"],"iat":1799999990,"exp":1800000060})";

struct KeyPair {
  std::string public_pem;
  EVP_PKEY* key;

  explicit KeyPair(const char* kind) : key(kind == std::string("RSA") ? EVP_RSA_gen(2048) : EVP_EC_gen(kind)) {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(bio, key);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    public_pem.assign(data, static_cast<std::size_t>(size));
    BIO_free(bio);
  }
  ~KeyPair() { EVP_PKEY_free(key); }
  KeyPair(const KeyPair&) = delete;

  std::string private_pem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return text;
  }
  /// As an issuer signs.
  std::string sign_rs256(std::string_view claims) const {
    const std::string input = base64url(R"({"alg":"RS256","typ":"JWT"})") + "." + base64url(claims);
    return input + "." + base64url(signature_of(input));
  }
  std::string sign_es256(std::string_view claims) const {
    const std::string input = base64url(R"({"alg":"ES256","typ":"JWT"})") + "." + base64url(claims);
    const std::string der = signature_of(input);
    const auto* data = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* parts = d2i_ECDSA_SIG(nullptr, &data, static_cast<long>(der.size()));
    std::string raw(64, '\0');  // r and s of 32 bytes each (RFC 7518 section 3.4)
    BN_bn2binpad(ECDSA_SIG_get0_r(parts), reinterpret_cast<unsigned char*>(raw.data()), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(parts), reinterpret_cast<unsigned char*>(raw.data()) + 32, 32);
    ECDSA_SIG_free(parts);
    return input + "." + base64url(raw);
  }

 private:
  std::string signature_of(const std::string& input) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key);
    std::size_t size = 0;
    const auto* data = reinterpret_cast<const unsigned char*>(input.data());
    EVP_DigestSign(context, nullptr, &size, data, input.size());
    std::string signature(size, '\0');
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, data, input.size());
    EVP_MD_CTX_free(context);
    signature.resize(size);
    return signature;
  }
};

class TokenTest : public testing::Test {
 protected:
  TokenKey key(std::string_view content) { return TokenKey::load(folder_.write("key", content), false).value(); }
  std::string refusal(std::string_view content) {
    const auto loaded = TokenKey::load(folder_.write("key", content), false);
    return loaded ? "taken" : loaded.error().sentence;
  }

  test::TempFolder folder_;
};

TEST_F(TokenTest, ReadsBackWhatItSigned) {
  const TokenKey secret = key(kSecret);
  const Claims claims{"alice", "cam1", {Right::live, Right::upload}, kNow + seconds(60)};
  const auto token = secret.sign(claims, kNow).value();
  const auto read = secret.verify(token, kNow + seconds(59));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->subject, "alice");
  EXPECT_EQ(read->device, "cam1");
  EXPECT_THAT(read->allow, ElementsAre(Right::live, Right::upload));
  EXPECT_EQ(read->expires, kNow + seconds(60));
}

TEST_F(TokenTest, TakesATokenOfAnotherMaker) {
  const auto read = key(kSecret).verify(forge(kHs256, kClaims, kSecret), kNow);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->covers(DeviceId::parse("camspan.cam1").value()));
  EXPECT_FALSE(read->covers(DeviceId::parse("cam2").value()));
  EXPECT_TRUE(read->allows(Right::playback));
  EXPECT_FALSE(read->allows(Right::admin));
}

TEST_F(TokenTest, OneDeviceHasTwoSpellingsInAToken) {
  const auto read =
      key(kSecret).verify(forge(kHs256, R"({"dev":"camspan.cam1","allow":["live"],"exp":1800000060})", kSecret), kNow);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->covers(DeviceId::parse("cam1").value()));
}

TEST_F(TokenTest, ExpiresToTheSecond) {
  const auto token = forge(kHs256, kClaims, kSecret);
  EXPECT_TRUE(key(kSecret).verify(token, sys_seconds(seconds(1'800'000'059))));
  const auto late = key(kSecret).verify(token, sys_seconds(seconds(1'800'000'060)));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error(), TokenFault::expired);
}

TEST_F(TokenTest, RefusesEveryForgery) {
  const std::string good = forge(kHs256, kClaims, kSecret);
  const std::string other_claims = R"({"dev":"*","allow":["admin"],"exp":1800000060})";
  const std::string payload = base64url(other_claims);
  const auto dot = good.find('.');
  const std::string swapped = good.substr(0, dot + 1) + payload + good.substr(good.rfind('.'));
  const std::pair<const char*, std::string> rows[] = {
      {"empty", ""},
      {"no parts", "abc"},
      {"dots alone", ".."},
      {"not base64", "a!.b!.c!"},
      {"another key", forge(kHs256, kClaims, "another key, another key, another key")},
      {"other claims under the old signature", swapped},
      {"alg none", forge(R"({"alg":"none","typ":"JWT"})", kClaims, "")},
      {"alg None", forge(R"({"alg":"None","typ":"JWT"})", kClaims, "")},
      {"no alg", forge(R"({"typ":"JWT"})", kClaims, kSecret)},
      {"header not JSON", forge("x", kClaims, kSecret)},
      {"signature cut off", good.substr(0, good.rfind('.') + 1)},
      {"claims not an object", forge(kHs256, "[1]", kSecret)},
      {"claims not JSON", forge(kHs256, "{", kSecret)},
      {"no exp", forge(kHs256, R"({"dev":"cam1","allow":["live"]})", kSecret)},
      {"exp a string", forge(kHs256, R"({"dev":"cam1","allow":["live"],"exp":"1800000060"})", kSecret)},
      {"exp huge", forge(kHs256, R"({"dev":"cam1","allow":["live"],"exp":1e300})", kSecret)},
      {"iat in the future",
       forge(kHs256, R"({"dev":"cam1","allow":["live"],"iat":1800000061,"exp":1800000999})", kSecret)},
      {"iat a string", forge(kHs256, R"({"dev":"cam1","allow":["live"],"iat":"x","exp":1800000999})", kSecret)},
      {"nbf in the future",
       forge(kHs256, R"({"dev":"cam1","allow":["live"],"nbf":1800000061,"exp":1800000999})", kSecret)},
      {"no dev", forge(kHs256, R"({"allow":["live"],"exp":1800000060})", kSecret)},
      {"dev a number", forge(kHs256, R"({"dev":1,"allow":["live"],"exp":1800000060})", kSecret)},
      {"dev no id", forge(kHs256, R"({"dev":"a/b","allow":["live"],"exp":1800000060})", kSecret)},
      {"allow a string", forge(kHs256, R"({"dev":"cam1","allow":"live","exp":1800000060})", kSecret)},
      {"allow of numbers", forge(kHs256, R"({"dev":"cam1","allow":[1],"exp":1800000060})", kSecret)},
  };
  const TokenKey secret = key(kSecret);
  for (const auto& [name, token] : rows) {
    const auto read = secret.verify(token, kNow);
    ASSERT_FALSE(read) << name;
    EXPECT_EQ(read.error(), TokenFault::bad) << name;
  }
}

TEST_F(TokenTest, AMinuteOfClockSkewIsForgiven) {
  const auto token = forge(kHs256, R"({"dev":"cam1","allow":["live"],"iat":1800000060,"exp":1800000999})", kSecret);
  EXPECT_TRUE(key(kSecret).verify(token, kNow));
}

TEST_F(TokenTest, RightsItDoesNotKnowGiveNothing) {
  const auto read =
      key(kSecret).verify(forge(kHs256, R"({"dev":"*","allow":["fly","live"],"exp":1800000060})", kSecret), kNow);
  ASSERT_TRUE(read);
  EXPECT_THAT(read->allow, ElementsAre(Right::live));
  EXPECT_TRUE(read->covers_all());
}

TEST_F(TokenTest, PublicKeyTakesItsOneAlgorithmAndNeverHmac) {
  const KeyPair pair("RSA");
  const TokenKey rsa = key(pair.public_pem);
  EXPECT_FALSE(rsa.can_sign());
  EXPECT_TRUE(rsa.verify(pair.sign_rs256(kClaims), kNow));
  // The classic: the public key's text as the secret of an HMAC.
  EXPECT_FALSE(rsa.verify(forge(kHs256, kClaims, pair.public_pem), kNow));
  EXPECT_FALSE(rsa.verify(forge(R"({"alg":"none"})", kClaims, ""), kNow));
  const KeyPair other("RSA");
  EXPECT_FALSE(rsa.verify(other.sign_rs256(kClaims), kNow));
  const KeyPair elliptic("P-256");
  EXPECT_TRUE(key(elliptic.public_pem).verify(elliptic.sign_es256(kClaims), kNow));
  EXPECT_FALSE(rsa.verify(elliptic.sign_es256(kClaims), kNow));
  EXPECT_FALSE(key(elliptic.public_pem).verify(pair.sign_rs256(kClaims), kNow));
  EXPECT_FALSE(key(elliptic.public_pem).verify(forge(kHs256, kClaims, elliptic.public_pem), kNow));
}

TEST_F(TokenTest, SecretTakesNoOtherAlgorithm) {
  const KeyPair pair("RSA");
  EXPECT_FALSE(key(kSecret).verify(pair.sign_rs256(kClaims), kNow));
}

TEST_F(TokenTest, RefusesKeysThatAreNone) {
  const KeyPair pair("RSA");
  const KeyPair curve("P-384");
  EXPECT_THAT(refusal("short"), HasSubstr("openssl rand -hex 32"));
  EXPECT_THAT(refusal(""), HasSubstr("too short"));
  EXPECT_THAT(refusal(pair.private_pem()), HasSubstr("give it the public key"));
  EXPECT_THAT(refusal(curve.public_pem), HasSubstr("ES256 (P-256) or RS256"));
  EXPECT_THAT(refusal("-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----\n"), HasSubstr("no public key"));
  const auto missing = TokenKey::load(folder_.file("nowhere"), false);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::bad_setting);
}

TEST_F(TokenTest, MakesAKeyThatOnlyItsUserReads) {
  const auto file = folder_.file("jwt.key");
  const auto made = TokenKey::load(file, true).value();
  struct stat status {};
  ASSERT_EQ(stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const auto token = made.sign({"", "*", {Right::live}, kNow + seconds(1)}, kNow).value();
  EXPECT_TRUE(TokenKey::load(file, true)->verify(token, kNow));
}

}  // namespace
}  // namespace camspan::hub
