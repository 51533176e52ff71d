#include "recordings/tag_ledger.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "support/temp_folder.hpp"

namespace camspan::recordings {
namespace {

std::string uuid(int number) {
  return "6ba7b810-9dad-41d1-80b4-00000000" + std::to_string(1000 + number);
}

class TagLedgerTest : public ::testing::Test {
 protected:
  std::unique_ptr<TagLedger> open() {
    auto ledger = TagLedger::open(folder_.file(""));
    EXPECT_TRUE(ledger) << ledger.error().message();
    return ledger ? std::move(*ledger) : nullptr;
  }
  std::string path() const { return folder_.file("streams.ledger"); }
  test::TempFolder folder_;
};

TEST_F(TagLedgerTest, TheNextProgramFindsWhatOneLeft) {
  {
    const auto ledger = open();
    *ledger->begin(uuid(1)) = 7;
    *ledger->begin(uuid(2)) = 9;
    ASSERT_EQ(ledger->before().size(), 1u) << "the one that goes on is none before";
  }
  const auto ledger = open();
  *ledger->begin(uuid(3)) = 1;
  const auto before = ledger->before();
  ASSERT_EQ(before.size(), 2u);
  EXPECT_EQ(before[0].name, uuid(1));
  EXPECT_EQ(before[0].tags, 7u);
  EXPECT_EQ(before[1].tags, 9u);
  ledger->settle(uuid(1));
  EXPECT_EQ(ledger->before().size(), 1u);
}

TEST_F(TagLedgerTest, AStreamWithoutTagsIsNoneToTellOf) {
  const auto ledger = open();
  ledger->begin(uuid(1));
  *ledger->begin(uuid(2)) = 1;
  EXPECT_TRUE(ledger->before().empty());
}

TEST_F(TagLedgerTest, TheOldestMakesRoom) {
  const auto ledger = open();
  for (int i = 0; i < 100; ++i) *ledger->begin(uuid(i)) = 1;
  const auto before = ledger->before();
  ASSERT_EQ(before.size(), 62u);
  EXPECT_EQ(before.front().name, uuid(37));
  EXPECT_EQ(before.back().name, uuid(98));
}

TEST_F(TagLedgerTest, DamageCountsAsNothing) {
  for (const std::string& bytes : {std::string("no ledger"), std::string(), std::string(5000, 'x'),
                                   "csptags1" + std::string(4088, '\xff')}) {
    std::ofstream(path(), std::ios::binary | std::ios::trunc) << bytes;
    const auto ledger = open();
    ASSERT_TRUE(ledger);
    EXPECT_TRUE(ledger->before().empty());
    *ledger->begin(uuid(1)) = 1;
  }
}

TEST_F(TagLedgerTest, AnotherProgramIsKeptOut) {
  auto ledger = open();
  const auto second = TagLedger::open(folder_.file(""));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), make_error_code(Errc::busy));
  ledger.reset();
  EXPECT_TRUE(open());
}

}  // namespace
}  // namespace camspan::recordings
