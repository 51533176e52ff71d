#include <camspan/hal.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <array>
#include <cstring>

namespace {

class HalTableTest : public testing::Test {
 protected:
  void TearDown() override { hal_register(nullptr); }

  static hal_ops empty() {
    hal_ops ops;
    memset(&ops, 0, sizeof ops);
    return ops;
  }
};

TEST_F(HalTableTest, IsTheDefaultUntilABoardRegisters) {
  EXPECT_EQ(hal()->resolve, hal_default()->resolve);
  EXPECT_EQ(hal()->log, hal_default()->log);
}

TEST_F(HalTableTest, CallsAnOverriddenEntryAndKeepsTheOthers) {
  hal_ops board = empty();
  board.utc_ns = [] { return int64_t{42}; };
  hal_register(&board);
  EXPECT_EQ(hal()->utc_ns(), 42);
  EXPECT_EQ(hal()->file_open, hal_default()->file_open);
  EXPECT_EQ(hal()->monotonic_ns, hal_default()->monotonic_ns);
}

TEST_F(HalTableTest, FillsEveryEntryOfAnEmptyTable) {
  const hal_ops board = empty();
  hal_register(&board);
  EXPECT_EQ(memcmp(hal(), hal_default(), sizeof(hal_ops)), 0);
}

TEST_F(HalTableTest, CopiesTheTable) {
  hal_ops board = *hal_default();
  board.utc_ns = [] { return int64_t{42}; };
  hal_register(&board);
  board.utc_ns = [] { return int64_t{43}; };
  EXPECT_EQ(hal()->utc_ns(), 42);
}

TEST_F(HalTableTest, RegistersTheTableInUseAgain) {
  hal_ops board = empty();
  board.utc_ns = [] { return int64_t{42}; };
  hal_register(&board);
  hal_register(hal());
  EXPECT_EQ(hal()->utc_ns(), 42);
}

TEST_F(HalTableTest, ClocksGoForwardAndKnowTheEra) {
  const int64_t before = hal()->monotonic_ns();
  EXPECT_GE(hal()->monotonic_ns(), before);
  EXPECT_GT(hal()->utc_ns(), int64_t{1'577'836'800} * 1'000'000'000);  // 2020
}

TEST_F(HalTableTest, RandomFillsAllBytes) {
  std::array<unsigned char, 4096> bytes{};
  ASSERT_EQ(hal()->random(bytes.data(), bytes.size()), 0);
  // 64 zero bytes in a row by chance: 2^-512.
  const std::array<unsigned char, 64> zero{};
  for (size_t i = 0; i < bytes.size(); i += zero.size()) EXPECT_NE(memcmp(&bytes[i], zero.data(), zero.size()), 0);
  EXPECT_EQ(hal()->random(nullptr, 0), 0);
}

class LogTest : public HalTableTest {
 protected:
  /// What the log entry prints at 2026-11-21T08:30:00.007Z.
  static std::string printed(int level, const char* category, const char* message) {
    hal_ops board = empty();
    board.utc_ns = [] { return int64_t{1'795'249'800'007} * 1'000'000; };
    hal_register(&board);
    testing::internal::CaptureStderr();
    hal()->log(level, category, message);
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(LogTest, PrintsTimeLevelCategoryAndMessageOnOneLine) {
  EXPECT_EQ(printed(HAL_LOG_WARN, "net", "no route"), "2026-11-21T08:30:00.007Z WARN net no route\n");
  EXPECT_EQ(printed(HAL_LOG_ERROR, "tls", "bad"), "2026-11-21T08:30:00.007Z ERROR tls bad\n");
}

TEST_F(LogTest, TakesALevelOutOfRangeForTheNearest) {
  EXPECT_THAT(printed(99, "net", "x"), testing::HasSubstr(" TRACE net x"));
  EXPECT_THAT(printed(-1, "net", "x"), testing::HasSubstr(" ERROR net x"));
}

TEST_F(LogTest, KeepsControlCharactersOutOfTheLine) {
  EXPECT_THAT(printed(HAL_LOG_INFO, "net", "a\nb\x1b[31m\x7f caf\xc3\xa9"),
              testing::EndsWith(" a b [31m  caf\xc3\xa9\n"));
}

TEST_F(LogTest, CutsALineThatIsTooLong) {
  const std::string line = printed(HAL_LOG_INFO, "net", std::string(10'000, 'x').c_str());
  EXPECT_LE(line.size(), 4096u);
  EXPECT_GT(line.size(), 4000u);
  EXPECT_THAT(line, testing::EndsWith("x\n"));
}

}  // namespace
