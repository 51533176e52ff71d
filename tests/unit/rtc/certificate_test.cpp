#include "proto/rtc/certificate.hpp"

#include <gtest/gtest.h>

namespace camspan::rtc {
namespace {

TEST(CertificateTest, HasAKeyOfItsOwnEachTime) {
  const auto first = Certificate::make();
  const auto second = Certificate::make();
  ASSERT_TRUE(first);
  ASSERT_TRUE(second);
  EXPECT_NE((*first)->fingerprint(), (*second)->fingerprint());
}

TEST(CertificateTest, TakesNoPemWithoutCertificateAndKey) {
  EXPECT_EQ(Certificate::from_pem("").error(), Errc::bad_setting);
  EXPECT_EQ(Certificate::from_pem("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n").error(),
            Errc::bad_setting);
}

}  // namespace
}  // namespace camspan::rtc
