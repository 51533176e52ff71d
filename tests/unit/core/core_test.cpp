#include <gtest/gtest.h>

#include <array>
#include <set>

#include <camspan/bytes.hpp>
#include <camspan/error.hpp>

#include "core/log.hpp"
#include "core/memory_budget.hpp"

namespace camspan {
namespace {

TEST(ErrorTest, EveryCodeHasItsOwnMessage) {
  std::set<std::string> messages;
  for (int code = static_cast<int>(Errc::closed); code <= static_cast<int>(Errc::io_error); ++code)
    messages.insert(error_category().message(code));
  EXPECT_EQ(messages.size(), static_cast<std::size_t>(Errc::io_error));
  EXPECT_FALSE(messages.contains("unknown error"));
}

TEST(BytesTest, BigEndianRoundTrips) {
  std::array<std::byte, 8> memory{};
  store_be<3>(memory.data(), 0x010203);
  EXPECT_EQ(load_be<3>(memory.data()), 0x010203u);
  store_be<8>(memory.data(), 0x0102030405060708u);
  EXPECT_EQ(load_be<8>(memory.data()), 0x0102030405060708u);
}

TEST(MemoryBudgetTest, TheSmallestLimitCounts) {
  MemoryBudget budget;
  EXPECT_TRUE(budget.has_room(1u << 30)) << "no limit yet";
  budget.restrict_to(1000);
  budget.restrict_to(2000);
  budget.restrict_to(0);
  budget.take(900);
  EXPECT_TRUE(budget.has_room(100));
  EXPECT_FALSE(budget.has_room(101));
  budget.give_back(900);
  EXPECT_TRUE(budget.has_room(1000));
  EXPECT_FALSE(budget.has_room(1001));
}

std::string* g_line = nullptr;

TEST(LogTest, JoinsPiecesWhenTheLevelIsOn) {
  std::string line;
  g_line = &line;
  log::set_sink(
      [](log::Level, const char* category, const char* message) { *g_line = std::string(category) + ":" + message; });
  log::set_level(log::Level::warn);
  log::info("net", "not this");
  EXPECT_EQ(line, "");
  log::warn("net", "port ", 8443, " of ", std::string("hub"));
  EXPECT_EQ(line, "net:port 8443 of hub");
  log::set_sink(nullptr);
  log::warn("net", "nor this");
  EXPECT_EQ(line, "net:port 8443 of hub");
  log::set_level(log::Level::info);
}

}  // namespace
}  // namespace camspan
