#include "hub/problem.hpp"

#include <gtest/gtest.h>

namespace camspan::hub {
namespace {

TEST(ProblemTest, IsOneLineOfProblemJson) {
  const Problem problem{
      Cause::gap, "Send from \"5\".", {{"expected", std::uint64_t{5}}, {"before", std::string("x")}}, {}};
  EXPECT_EQ(problem.json(), R"({"type":"/problems/gap","title":"Tags are missing before this","status":409,)"
                            R"("detail":"Send from \"5\".","expected":5,"before":"x"})");
}

TEST(ProblemTest, KeepsBrokenUtf8OutOfJson) {
  const Problem problem{Cause::unknown_device, "There is no device \xff\xfe here.", {}, {}};
  EXPECT_NE(problem.json().find("no device \xef\xbf\xbd"), std::string::npos);
}

TEST(ProblemTest, EveryCauseHasItsOwnNameAndAnErrorStatus) {
  std::vector<std::string_view> names;
  for (int cause = 0; cause <= static_cast<int>(Cause::disk_full); ++cause) {
    const Problem problem{static_cast<Cause>(cause), "", {}, {}};
    EXPECT_GE(problem.status(), 400);
    EXPECT_EQ(std::count(names.begin(), names.end(), problem.name()), 0) << problem.name();
    names.push_back(problem.name());
  }
}

TEST(ProblemTest, NamesThatProgramsRelyOn) {
  const std::tuple<Cause, const char*, int> rows[] = {{Cause::missing_token, "missing-token", 401},
                                                      {Cause::bad_token, "bad-token", 401},
                                                      {Cause::expired_token, "expired-token", 401},
                                                      {Cause::not_allowed, "not-allowed", 403},
                                                      {Cause::unknown_device, "unknown-device", 404},
                                                      {Cause::gap, "gap", 409},
                                                      {Cause::not_flv, "not-flv", 415},
                                                      {Cause::no_video, "no-video", 503},
                                                      {Cause::max_viewers, "max-viewers", 503},
                                                      {Cause::disk_full, "disk-full", 507}};
  for (const auto& [cause, name, status] : rows) {
    const Problem problem{cause, "", {}, {}};
    EXPECT_EQ(problem.name(), name);
    EXPECT_EQ(problem.status(), status);
  }
}

TEST(ProblemTest, PassingProblemsSayWhenToComeBack) {
  const Problem problem = retry_later(Cause::no_video, "", 5);
  EXPECT_EQ(problem.headers.find("retry-after"), "5");
}

}  // namespace
}  // namespace camspan::hub
