#include "hub/device_id.hpp"

#include <gtest/gtest.h>

namespace camspan::hub {
namespace {

TEST(DeviceIdTest, TakesWhatTheGrammarAllowsAndNothingElse) {
  const std::string longest(64, 'a');
  for (const std::string text : {"cam1", "A", "0", "front-door", "a_b.c", "pk.name", "x.flvx", "a..b", longest.c_str()})
    EXPECT_TRUE(DeviceId::parse(text)) << text;
  const std::string too_long(65, 'a');
  for (const std::string text :
       {"", ".", "..", ".a", "-a", "_a", "a/b", "a b", "cam1.flv", "a\n", "ä", "*", "a%2f", "a\\b", too_long.c_str()})
    EXPECT_FALSE(DeviceId::parse(text)) << text;
  EXPECT_FALSE(DeviceId::parse(std::string_view("a\0b", 3)));
}

TEST(DeviceIdTest, BareNameAndOwnProductKeyAreOneDevice) {
  EXPECT_EQ(DeviceId::parse("camspan.cam1").value(), DeviceId::parse("cam1").value());
  EXPECT_EQ(DeviceId::parse("camspan.cam1")->str(), "cam1");
  EXPECT_EQ(DeviceId::parse("cam1")->product_key(), "camspan");
  EXPECT_EQ(DeviceId::parse("cam1")->device_name(), "cam1");
}

TEST(DeviceIdTest, KeepsTheProductKeyWhereTheBareNameWouldBeAnotherDevice) {
  const auto id = DeviceId::parse("camspan.a.b").value();
  EXPECT_EQ(id.str(), "camspan.a.b");
  EXPECT_EQ(id.product_key(), "camspan");
  EXPECT_EQ(id.device_name(), "a.b");
  EXPECT_EQ(DeviceId::parse("camspan.-x")->str(), "camspan.-x");
}

TEST(DeviceIdTest, SplitsAtTheFirstDot) {
  const auto id = DeviceId::parse("pk.door.1").value();
  EXPECT_EQ(id.product_key(), "pk");
  EXPECT_EQ(id.device_name(), "door.1");
  EXPECT_EQ(DeviceId::parse("a.")->product_key(), "camspan");
  EXPECT_EQ(DeviceId::parse("a.")->device_name(), "a.");
}

TEST(DeviceIdTest, MakesIdsOfTriples) {
  EXPECT_EQ(DeviceId::of_triple("pk", "door")->str(), "pk.door");
  EXPECT_EQ(DeviceId::of_triple("camspan", "door")->str(), "door");
  EXPECT_EQ(DeviceId::of_triple("camspan", std::string(64, 'a'))->str(), std::string(64, 'a'));
  EXPECT_EQ(DeviceId::of_triple("camspan", "a.b")->str(), "camspan.a.b");
  for (const char* text :
       {"cam1", "pk.door", "a.", "camspan.", "camspan.a.", "camspan.a.b", "a..b", "camspan.camspan.x"}) {
    const auto id = DeviceId::parse(text).value();
    EXPECT_EQ(DeviceId::of_triple(id.product_key(), id.device_name()).value(), id) << text;
  }
  EXPECT_FALSE(DeviceId::of_triple("p.k", "door"));
  EXPECT_FALSE(DeviceId::of_triple("", "door"));
  EXPECT_FALSE(DeviceId::of_triple("pk", ""));
}

}  // namespace
}  // namespace camspan::hub
