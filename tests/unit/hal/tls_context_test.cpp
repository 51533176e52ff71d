#include "../../../hal/posix/tls_session.hpp"
#include "support/test_certificates.hpp"
#include "tls_pair.hpp"

#include <camspan/hal_tls.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <string>

namespace {

using camspan::test::ContextPtr;
using camspan::test::TestCertificates;
using testing::AllOf;
using testing::HasSubstr;

class TlsContextTest : public testing::Test {
 protected:
  void TearDown() override {
    hal_register(nullptr);
    EXPECT_EQ(ERR_peek_error(), 0u) << "left in OpenSSL's queue";
  }
  /// "" when a context is made, else the sentence.
  static std::string why(int role, const hal_tls_options& options) {
    std::array<char, 1024> sentence{};
    const ContextPtr context(hal_tls_context(role, &options, sentence.data(), sentence.size()), SSL_CTX_free);
    EXPECT_EQ(context == nullptr, sentence[0] != '\0');
    return sentence.data();
  }
  std::string file(std::string_view name, std::string_view text) { return certificates_.folder().write(name, text); }

  TestCertificates certificates_;
  TestCertificates::Pair pair_ = certificates_.server({"hub.test"});
};

TEST_F(TlsContextTest, ClientNeedsNoOptions) {
  const ContextPtr context(hal_tls_context(HAL_TLS_CLIENT, nullptr, nullptr, 0), SSL_CTX_free);
  ASSERT_NE(context, nullptr);
  EXPECT_EQ(SSL_CTX_get_verify_mode(context.get()), SSL_VERIFY_PEER);
  EXPECT_EQ(why(HAL_TLS_CLIENT, {"", "", "", "", 1}), "");
}

TEST_F(TlsContextTest, TakesAKeyByUri) {
  const std::string uri = "file:" + pair_.key_file;
  EXPECT_EQ(why(HAL_TLS_SERVER, {nullptr, pair_.cert_file.c_str(), uri.c_str(), nullptr, 0}), "");
}

TEST_F(TlsContextTest, TakesAFileWithAColonInItsNameForAFile) {
  const std::string path = certificates_.folder().file("hub:key.pem");
  std::filesystem::copy(pair_.key_file, path);
  EXPECT_EQ(why(HAL_TLS_SERVER, {nullptr, pair_.cert_file.c_str(), path.c_str(), nullptr, 0}), "");
}

TEST_F(TlsContextTest, KeepsThePinOfAUriToItself) {
  const std::string sentence =
      why(HAL_TLS_SERVER, {nullptr, pair_.cert_file.c_str(), "pkcs11:object=cam?pin-value=123456", nullptr, 0});
  EXPECT_THAT(sentence, AllOf(HasSubstr("no private key at pkcs11:object=cam: "), HasSubstr("openssl.cnf")));
  EXPECT_THAT(sentence, testing::Not(HasSubstr("123456")));
}

TEST_F(TlsContextTest, NamesTheFileThatCannotBeRead) {
  EXPECT_EQ(
      why(HAL_TLS_SERVER, {nullptr, pair_.cert_file.c_str(), "/none/hub.key", nullptr, 0}),
      "cannot read TLS key /none/hub.key: No such file or directory. Name an existing one that this user may read.");
  EXPECT_THAT(why(HAL_TLS_SERVER, {nullptr, "/none/hub.pem", pair_.key_file.c_str(), nullptr, 0}),
              HasSubstr("cannot read TLS certificate /none/hub.pem: No such file"));
  EXPECT_THAT(why(HAL_TLS_CLIENT, {"/none/ca.pem", nullptr, nullptr, nullptr, 1}),
              HasSubstr("cannot read trusted certificates /none/ca.pem: No such file"));
}

TEST_F(TlsContextTest, NamesTheFileThatIsOfTheWrongKind) {
  const std::string text = file("notes.txt", "nothing\n");
  EXPECT_THAT(why(HAL_TLS_SERVER, {nullptr, pair_.cert_file.c_str(), text.c_str(), nullptr, 0}),
              HasSubstr("cannot use TLS key " + text));
  EXPECT_THAT(why(HAL_TLS_SERVER, {nullptr, text.c_str(), pair_.key_file.c_str(), nullptr, 0}),
              HasSubstr("cannot use TLS certificate " + text));
  EXPECT_THAT(why(HAL_TLS_CLIENT, {text.c_str(), nullptr, nullptr, nullptr, 1}),
              HasSubstr("cannot use trusted certificates " + text));
}

TEST_F(TlsContextTest, NeverAsksForAPassphrase) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::string path = certificates_.folder().file("locked.key");
  FILE* out = fopen(path.c_str(), "w");
  ASSERT_NE(out, nullptr);
  const std::string phrase = "phrase";
  PEM_write_PrivateKey(out, key.get(), EVP_aes_128_cbc(), reinterpret_cast<const unsigned char*>(phrase.data()),
                       static_cast<int>(phrase.size()), nullptr, nullptr);
  fclose(out);
  EXPECT_THAT(why(HAL_TLS_SERVER, {nullptr, pair_.cert_file.c_str(), path.c_str(), nullptr, 0}),
              HasSubstr("TLS key " + path + " is encrypted"));
  EXPECT_THAT(why(HAL_TLS_SERVER, {nullptr, pair_.cert_file.c_str(), ("file:" + path).c_str(), nullptr, 0}),
              HasSubstr("no private key at file:"));
}

TEST_F(TlsContextTest, RefusesTheKeyOfAnotherCertificate) {
  const auto other = certificates_.server({"other.test"});
  EXPECT_THAT(why(HAL_TLS_SERVER, {nullptr, pair_.cert_file.c_str(), other.key_file.c_str(), nullptr, 0}),
              HasSubstr("the TLS key does not belong to certificate " + pair_.cert_file));
}

TEST_F(TlsContextTest, RefusesACertificateWithoutItsKey) {
  EXPECT_THAT(why(HAL_TLS_SERVER, {nullptr, pair_.cert_file.c_str(), nullptr, nullptr, 0}), HasSubstr("has no key"));
  EXPECT_THAT(why(HAL_TLS_CLIENT, {nullptr, pair_.cert_file.c_str(), nullptr, nullptr, 1}), HasSubstr("has no key"));
}

TEST_F(TlsContextTest, ServerNeedsACertificate) {
  EXPECT_THAT(why(HAL_TLS_SERVER, {nullptr, nullptr, nullptr, nullptr, 0}), HasSubstr("needs a certificate"));
}

TEST_F(TlsContextTest, ServerVerifiesClientsOnlyByANamedAuthority) {
  EXPECT_THAT(why(HAL_TLS_SERVER, {nullptr, pair_.cert_file.c_str(), pair_.key_file.c_str(), nullptr, 1}),
              HasSubstr("no trust file"));
}

TEST_F(TlsContextTest, TakesAFolderOfTrust) {
  const std::string folder = certificates_.folder().path().string();
  EXPECT_EQ(why(HAL_TLS_CLIENT, {folder.c_str(), nullptr, nullptr, nullptr, 1}), "");
}

TEST_F(TlsContextTest, RefusesAnAlpnNameThatHasNoPlaceOnTheWire) {
  for (const auto& list : {std::string("h2,,http/1.1"), std::string(256, 'x')})
    EXPECT_THAT(why(HAL_TLS_CLIENT, {nullptr, nullptr, nullptr, list.c_str(), 1}), HasSubstr("ALPN"));
}

TEST_F(TlsContextTest, CutsTheSentenceToTheBuffer) {
  std::array<char, 12> sentence{};
  const hal_tls_options options{nullptr, nullptr, nullptr, nullptr, 0};
  EXPECT_EQ(hal_tls_context(HAL_TLS_SERVER, &options, sentence.data(), sentence.size()), nullptr);
  EXPECT_STREQ(sentence.data(), "a TLS serve");
}

TEST_F(TlsContextTest, BoardHasTheLastTouch) {
  static const TestCertificates::Pair* in_element;
  in_element = &pair_;
  hal_ops board = *hal_default();
  board.tls_context = [](void* context, int role) {
    auto* ctx = static_cast<SSL_CTX*>(context);
    if (role != HAL_TLS_SERVER) return EACCES;
    SSL_CTX_use_certificate_chain_file(ctx, in_element->cert_file.c_str());
    return SSL_CTX_use_PrivateKey_file(ctx, in_element->key_file.c_str(), SSL_FILETYPE_PEM) == 1 ? 0 : EIO;
  };
  hal_register(&board);
  EXPECT_EQ(why(HAL_TLS_SERVER, {nullptr, nullptr, nullptr, nullptr, 0}), "");
  EXPECT_THAT(why(HAL_TLS_CLIENT, {nullptr, nullptr, nullptr, nullptr, 1}), HasSubstr("Permission denied"));
}

class SessionStoreTest : public testing::Test {
 protected:
  static camspan::posix::SessionPtr session() { return camspan::posix::SessionPtr(SSL_SESSION_new()); }
  camspan::posix::SessionStore store_;
};

TEST_F(SessionStoreTest, GivesEachSessionOnceTheNewestFirst) {
  auto old = session();
  auto fresh = session();
  const SSL_SESSION* first = fresh.get();
  const SSL_SESSION* second = old.get();
  store_.put("a:1", std::move(old));
  store_.put("a:1", std::move(fresh));
  EXPECT_EQ(store_.take("a:1").get(), first);
  EXPECT_EQ(store_.take("a:1").get(), second);
  EXPECT_EQ(store_.take("a:1"), nullptr);
}

TEST_F(SessionStoreTest, KeepsTwoForAPeer) {
  for (int i = 0; i < 5; ++i) store_.put("a:1", session());
  EXPECT_NE(store_.take("a:1"), nullptr);
  EXPECT_NE(store_.take("a:1"), nullptr);
  EXPECT_EQ(store_.take("a:1"), nullptr);
}

TEST_F(SessionStoreTest, Keeps32InAll) {
  for (int i = 0; i < 40; ++i) store_.put(std::to_string(i), session());
  EXPECT_EQ(store_.take("7"), nullptr);
  EXPECT_NE(store_.take("8"), nullptr);
  EXPECT_NE(store_.take("39"), nullptr);
}

}  // namespace
