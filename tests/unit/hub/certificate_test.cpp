#include "hub/certificate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temp_folder.hpp"
#include "support/test_certificates.hpp"

namespace camspan::hub {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

class CertificateTest : public testing::Test {
 protected:
  DataFolder open() { return DataFolder::open(folder_.path() / "data", DataFolder::Lock::none).value(); }

  test::TempFolder folder_;
};

TEST_F(CertificateTest, MakesOneOnceAndKeepsIt) {
  const DataFolder folder = open();
  ASSERT_TRUE(make_tls_context({}, folder));
  const auto first = fingerprint(folder.certificate()).value();
  EXPECT_THAT(first, MatchesRegex("([0-9A-F]{2}:){31}[0-9A-F]{2}"));
  ASSERT_TRUE(make_tls_context({}, folder));
  EXPECT_EQ(fingerprint(folder.certificate()), first);
  struct stat status {};
  ASSERT_EQ(stat(folder.certificate_key().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(CertificateTest, MakesANewOneWhenTheOldOneEndsOrIsBroken) {
  const DataFolder folder = open();
  test::TestCertificates authority;
  const auto old = authority.expired({"localhost"});
  std::filesystem::copy_file(old.cert_file, folder.certificate());
  std::filesystem::copy_file(old.key_file, folder.certificate_key());
  const auto before = fingerprint(folder.certificate()).value();
  ASSERT_TRUE(make_tls_context({}, folder));
  EXPECT_NE(fingerprint(folder.certificate()).value(), before);
  std::filesystem::remove(folder.certificate_key());
  ASSERT_TRUE(make_tls_context({}, folder));
}

TEST_F(CertificateTest, TakesTheConfiguredOne) {
  const DataFolder folder = open();
  test::TestCertificates authority;
  const auto pair = authority.server({"hub.example"});
  Config::Tls config;
  config.cert = pair.cert_file;
  config.key = pair.key_file;
  config.client_ca = authority.ca_file();
  EXPECT_TRUE(make_tls_context(config, folder));
  EXPECT_FALSE(std::filesystem::exists(folder.certificate()));
}

TEST_F(CertificateTest, NamesTheFileThatCannotBeUsed) {
  const DataFolder folder = open();
  Config::Tls config;
  config.cert = "/nowhere.crt";
  config.key = "/nowhere.key";
  const auto context = make_tls_context(config, folder);
  ASSERT_FALSE(context);
  EXPECT_EQ(context.error().code, Errc::bad_setting);
  EXPECT_THAT(context.error().sentence, HasSubstr("/nowhere.crt"));
  EXPECT_FALSE(fingerprint("/nowhere.crt"));
}

TEST(DataFolderTest, SecondLockIsRefusedAndTheFirstGoesWithItsHolder) {
  test::TempFolder folder;
  {
    const auto first = DataFolder::open(folder.path() / "d", DataFolder::Lock::exclusive);
    ASSERT_TRUE(first);
    const auto second = DataFolder::open(folder.path() / "d", DataFolder::Lock::exclusive);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::busy);
    EXPECT_TRUE(DataFolder::open(folder.path() / "d", DataFolder::Lock::none)) << "device add runs beside a hub";
  }
  EXPECT_TRUE(DataFolder::open(folder.path() / "d", DataFolder::Lock::exclusive));
}

TEST(DataFolderTest, NamesAFolderThatIsNone) {
  test::TempFolder folder;
  const auto file = folder.write("file", "x");
  const auto opened = DataFolder::open(file, DataFolder::Lock::exclusive);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().sentence, AllOf(HasSubstr(file), HasSubstr("--data")));
}

}  // namespace
}  // namespace camspan::hub
