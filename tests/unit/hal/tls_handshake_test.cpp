#include "support/test_certificates.hpp"
#include "tls_pair.hpp"

#include <camspan/hal_tls.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <cerrno>
#include <string>

namespace {

using camspan::test::ContextPtr;
using camspan::test::make_context;
using camspan::test::TestCertificates;
using camspan::test::TlsPair;
using testing::HasSubstr;

class TlsHandshakeTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { certificates_ = new TestCertificates; }
  static void TearDownTestSuite() {
    delete certificates_;
    certificates_ = nullptr;
  }
  void TearDown() override { hal_register(nullptr); }

  static ContextPtr server(const TestCertificates::Pair& pair, const char* alpn = nullptr) {
    return make_context(HAL_TLS_SERVER, {nullptr, pair.cert_file.c_str(), pair.key_file.c_str(), alpn, 0});
  }
  static ContextPtr client(const char* alpn = nullptr) {
    return make_context(HAL_TLS_CLIENT, {certificates_->ca_file().c_str(), nullptr, nullptr, alpn, 1});
  }
  /// The error of a handshake, and what the client found when it verified.
  static std::string outcome(SSL_CTX* client, SSL_CTX* server, const char* host) {
    TlsPair pair(client, server, host);
    const std::string error = pair.run();
    return error.empty() ? "" : error + ": " + pair.verify_result();
  }

  static TestCertificates* certificates_;
};

TestCertificates* TlsHandshakeTest::certificates_ = nullptr;

TEST_F(TlsHandshakeTest, VerifiesNamesAndAddresses) {
  const auto at = server(certificates_->server({"hub.test", "*.cams.test", "127.0.0.1", "::1"}));
  const auto from = client();
  for (const char* host : {"hub.test", "HUB.test", "hub.test.", "a.cams.test", "127.0.0.1", "::1", "[::1]"})
    EXPECT_EQ(outcome(from.get(), at.get(), host), "") << host;
}

TEST_F(TlsHandshakeTest, RefusesAnotherNameOrAddress) {
  const auto at = server(certificates_->server({"hub.test", "a*.cams.test", "127.0.0.1"}));
  const auto from = client();
  for (const char* host : {"other.test", "test", "ab.cams.test"})
    EXPECT_THAT(outcome(from.get(), at.get(), host), HasSubstr("hostname mismatch")) << host;
  for (const char* host : {"127.0.0.2", "::1"})
    EXPECT_THAT(outcome(from.get(), at.get(), host), HasSubstr("IP address mismatch")) << host;
}

TEST_F(TlsHandshakeTest, RefusesAnUntrustedAuthority) {
  TestCertificates others;
  const auto at = server(others.server({"hub.test"}));
  EXPECT_THAT(outcome(client().get(), at.get(), "hub.test"), HasSubstr("unable to get local issuer certificate"));
}

TEST_F(TlsHandshakeTest, RefusesAnExpiredCertificate) {
  const auto at = server(certificates_->expired({"hub.test"}));
  EXPECT_THAT(outcome(client().get(), at.get(), "hub.test"), HasSubstr("certificate has expired"));
}

TEST_F(TlsHandshakeTest, RefusesAClientsCertificateOnAServer) {
  const auto at = server(certificates_->client("hub.test"));
  EXPECT_THAT(outcome(client().get(), at.get(), "hub.test"), HasSubstr("unsuitable certificate purpose"));
}

TEST_F(TlsHandshakeTest, TrustsTheServersOwnCertificateWhenItIsNamed) {
  const auto pair = certificates_->server({"hub.test"});
  const auto from = make_context(HAL_TLS_CLIENT, {pair.cert_file.c_str(), nullptr, nullptr, nullptr, 1});
  EXPECT_EQ(outcome(from.get(), server(pair).get(), "hub.test"), "");
}

TEST_F(TlsHandshakeTest, VerifiesNothingOnlyWhenToldSo) {
  TestCertificates others;
  const auto at = server(others.expired({"other.test"}));
  const auto from = make_context(HAL_TLS_CLIENT, {nullptr, nullptr, nullptr, nullptr, 0});
  EXPECT_EQ(outcome(from.get(), at.get(), "hub.test"), "");
}

TEST_F(TlsHandshakeTest, SendsTheNameButNoAddress) {
  const auto at = server(certificates_->server({"hub.test", "127.0.0.1"}));
  const auto from = client();
  TlsPair by_name(from.get(), at.get(), "hub.test.");
  ASSERT_EQ(by_name.run(), "");
  EXPECT_STREQ(SSL_get_servername(by_name.server(), TLSEXT_NAMETYPE_host_name), "hub.test");
  TlsPair by_address(from.get(), at.get(), "127.0.0.1");
  ASSERT_EQ(by_address.run(), "");
  EXPECT_EQ(SSL_get_servername(by_address.server(), TLSEXT_NAMETYPE_host_name), nullptr);
}

TEST_F(TlsHandshakeTest, PrepareRefusesWhatIsNoName) {
  const auto from = client();
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(from.get()), SSL_free);
  for (const auto& host : {std::string(), std::string("."), std::string(254, 'x')})
    EXPECT_EQ(hal_tls_prepare_client(ssl.get(), host.c_str(), 443), EINVAL) << host;
  EXPECT_EQ(hal_tls_prepare_client(ssl.get(), "fe80::1%nosuch0", 443), ENODEV);
  EXPECT_EQ(hal_tls_prepare_client(ssl.get(), nullptr, 443), EINVAL);
}

TEST_F(TlsHandshakeTest, SpeaksTls12AndTls13ButNothingOlder) {
  const auto at = server(certificates_->server({"hub.test"}));
  const auto from = client();
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    SSL_CTX_set_max_proto_version(from.get(), version);
    TlsPair pair(from.get(), at.get(), "hub.test");
    EXPECT_EQ(pair.run(), "");
    EXPECT_EQ(SSL_version(pair.client()), version);
  }
  // OpenSSL 3 has TLS 1.1 at security level 0 only. With all ciphers it is the version alone that is refused.
  for (SSL_CTX* context : {from.get(), at.get()}) SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0");
  for (const auto& [old, current] : {std::pair(from.get(), at.get()), std::pair(at.get(), from.get())}) {
    const bool is_client = old == from.get();
    const ContextPtr peer(SSL_CTX_new(TLS_method()), SSL_CTX_free);
    SSL_CTX_set_cipher_list(peer.get(), "ALL:@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(peer.get(), TLS1_1_VERSION);
    SSL_CTX_set_max_proto_version(peer.get(), TLS1_1_VERSION);
    SSL_CTX_use_certificate(peer.get(), SSL_CTX_get0_certificate(at.get()));
    SSL_CTX_use_PrivateKey(peer.get(), SSL_CTX_get0_privatekey(at.get()));
    const std::string error =
        is_client ? outcome(peer.get(), current, "hub.test") : outcome(current, peer.get(), "hub.test");
    EXPECT_THAT(error, testing::AnyOf(HasSubstr("protocol"), HasSubstr("version"))) << is_client;
  }
}

TEST_F(TlsHandshakeTest, OffersNoCipherThatHttp2Bans) {
  const auto from = client();
  const auto* ciphers = SSL_CTX_get_ciphers(from.get());
  ASSERT_GT(sk_SSL_CIPHER_num(ciphers), 3);
  for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
    const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(ciphers, i);
    EXPECT_EQ(SSL_CIPHER_is_aead(cipher), 1) << SSL_CIPHER_get_name(cipher);
    EXPECT_THAT(SSL_CIPHER_get_name(cipher),
                testing::AnyOf(testing::StartsWith("TLS_"), testing::StartsWith("ECDHE-")));
  }
}

TEST_F(TlsHandshakeTest, SetsTheModesAndOptionsTheStreamsRelyOn) {
  const auto from = client();
  EXPECT_NE(SSL_CTX_get_mode(from.get()) & SSL_MODE_ENABLE_PARTIAL_WRITE, 0);
  EXPECT_NE(SSL_CTX_get_mode(from.get()) & SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER, 0);
  EXPECT_NE(SSL_CTX_get_mode(from.get()) & SSL_MODE_RELEASE_BUFFERS, 0);
  EXPECT_NE(SSL_CTX_get_options(from.get()) & SSL_OP_NO_RENEGOTIATION, 0u);
  EXPECT_NE(SSL_CTX_get_options(from.get()) & SSL_OP_NO_COMPRESSION, 0u);
}

TEST_F(TlsHandshakeTest, ChoosesAlpnByTheServersOrder) {
  const auto at = server(certificates_->server({"hub.test"}), "h2,http/1.1");
  for (const auto& [offered, chosen] :
       {std::pair("http/1.1,h2", "h2"), std::pair("http/1.1", "http/1.1"), std::pair("spdy/1,h2", "h2")}) {
    const auto from = client(offered);
    TlsPair pair(from.get(), at.get(), "hub.test");
    EXPECT_EQ(pair.run(), "");
    EXPECT_EQ(pair.alpn(), chosen);
  }
}

TEST_F(TlsHandshakeTest, LetsInAClientWithoutAlpn) {
  const auto at = server(certificates_->server({"hub.test"}), "h2,http/1.1");
  const auto from = client();
  TlsPair pair(from.get(), at.get(), "hub.test");
  EXPECT_EQ(pair.run(), "");
  EXPECT_EQ(pair.alpn(), "");
}

TEST_F(TlsHandshakeTest, RefusesAClientThatOffersOnlyUnknownProtocols) {
  const auto at = server(certificates_->server({"hub.test"}), "h2,http/1.1");
  EXPECT_THAT(outcome(client("spdy/1").get(), at.get(), "hub.test"), HasSubstr("no application protocol"));
}

TEST_F(TlsHandshakeTest, RequiresAClientCertificateOfTheNamedAuthority) {
  const auto pair = certificates_->server({"hub.test"});
  const std::string ca = certificates_->ca_file();
  const auto at = make_context(HAL_TLS_SERVER, {ca.c_str(), pair.cert_file.c_str(), pair.key_file.c_str(), nullptr, 1});
  EXPECT_THAT(outcome(client().get(), at.get(), "hub.test"), HasSubstr("peer did not return a certificate"));

  const auto known = certificates_->client("a1.cam");
  const auto with =
      make_context(HAL_TLS_CLIENT, {ca.c_str(), known.cert_file.c_str(), known.key_file.c_str(), nullptr, 1});
  EXPECT_EQ(outcome(with.get(), at.get(), "hub.test"), "");
  TlsPair again(with.get(), at.get(), "hub.test");
  EXPECT_EQ(again.run(), "");
  EXPECT_TRUE(again.resumed());

  TestCertificates others;
  const auto unknown = others.client("a1.cam");
  const auto without =
      make_context(HAL_TLS_CLIENT, {ca.c_str(), unknown.cert_file.c_str(), unknown.key_file.c_str(), nullptr, 1});
  EXPECT_THAT(outcome(without.get(), at.get(), "hub.test"), HasSubstr("certificate verify failed"));
}

class TlsResumptionTest : public TlsHandshakeTest, public testing::WithParamInterface<int> {
 protected:
  TlsResumptionTest() : from_(client()), at_(server(certificates_->server({"hub.test", "two.test"}))) {
    SSL_CTX_set_max_proto_version(from_.get(), GetParam());
  }
  bool resumes(const char* host, uint16_t port = 443) {
    TlsPair pair(from_.get(), at_.get(), host, port);
    EXPECT_EQ(pair.run(), "");
    return pair.resumed();
  }

  ContextPtr from_;
  ContextPtr at_;
};

TEST_P(TlsResumptionTest, ResumesAfterAConnectionThatWasCutOff) {
  EXPECT_FALSE(resumes("hub.test"));
  EXPECT_TRUE(resumes("hub.test"));
}

TEST_P(TlsResumptionTest, KeepsSessionsApartByHostAndPort) {
  EXPECT_FALSE(resumes("hub.test"));
  EXPECT_FALSE(resumes("two.test"));
  EXPECT_FALSE(resumes("hub.test", 8443));
  EXPECT_TRUE(resumes("two.test"));
}

TEST_P(TlsResumptionTest, ShakesHandsInFullWithAServerThatForgot) {
  EXPECT_FALSE(resumes("hub.test"));
  at_ = server(certificates_->server({"hub.test"}));
  EXPECT_FALSE(resumes("hub.test"));
  EXPECT_TRUE(resumes("hub.test"));
}

TEST_P(TlsResumptionTest, IsNotSharedBetweenContexts) {
  EXPECT_FALSE(resumes("hub.test"));
  from_ = client();
  EXPECT_FALSE(resumes("hub.test"));
}

INSTANTIATE_TEST_SUITE_P(Versions, TlsResumptionTest, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& info) { return info.index == 0 ? "Tls12" : "Tls13"; });

}  // namespace
