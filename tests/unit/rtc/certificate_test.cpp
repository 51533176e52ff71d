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

TEST(CertificateTest, IsRenewedEachDayAndStaysWithThoseWhoHaveIt) {
  const TimePoint begin{std::chrono::hours(1)};
  RenewedCertificate renewed(Certificate::make().value(), begin);
  const auto first = renewed.current();
  renewed.renew(begin + RenewedCertificate::kLife - std::chrono::seconds(1));
  EXPECT_EQ(renewed.current(), first);
  renewed.renew(begin + RenewedCertificate::kLife);
  const auto second = renewed.current();
  EXPECT_NE(second->fingerprint(), first->fingerprint());
  EXPECT_NE(first->context(), nullptr);
  renewed.renew(begin + RenewedCertificate::kLife + std::chrono::hours(1));
  EXPECT_EQ(renewed.current(), second);
}

}  // namespace
}  // namespace camspan::rtc
