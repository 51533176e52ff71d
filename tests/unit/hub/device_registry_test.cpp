#include "hub/device_registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temp_folder.hpp"

namespace camspan::hub {
namespace {

using testing::HasSubstr;

constexpr UtcTime kAdded{std::chrono::milliseconds(1'800'000'000'123)};

DeviceId id(const char* text) {
  return DeviceId::parse(text).value();
}

class DeviceRegistryTest : public testing::Test {
 protected:
  DeviceRegistry open() { return DeviceRegistry::open(folder_.file("hub.sqlite")).value(); }

  test::TempFolder folder_;
};

TEST_F(DeviceRegistryTest, KeepsDevicesOverReopening) {
  {
    DeviceRegistry registry = open();
    EXPECT_TRUE(registry.add({id("b"), "Back", "s3cret", kAdded, {}}).value());
    EXPECT_TRUE(registry.add({id("a"), "", "", kAdded, {}}).value());
    EXPECT_TRUE(registry.set_last_seen({{id("b"), kAdded + std::chrono::seconds(1)}, {id("nobody"), kAdded}}));
  }
  DeviceRegistry registry = open();
  const auto devices = registry.list().value();
  ASSERT_EQ(devices.size(), 2u);
  EXPECT_EQ(devices[0].id, id("a"));
  EXPECT_FALSE(devices[0].last_seen);
  EXPECT_EQ(devices[1].name, "Back");
  EXPECT_EQ(devices[1].secret, "s3cret");
  EXPECT_EQ(devices[1].added, kAdded);
  EXPECT_EQ(devices[1].last_seen, kAdded + std::chrono::seconds(1));
  EXPECT_EQ(registry.count(), 2u);
}

TEST_F(DeviceRegistryTest, AnotherConnectionSeesChangesAtOnce) {
  DeviceRegistry hub = open();
  DeviceRegistry tool = open();
  EXPECT_FALSE(hub.find(id("a")).value());
  ASSERT_TRUE(tool.add({id("a"), "", "one", kAdded, {}}).value());
  EXPECT_EQ(hub.find(id("a")).value()->secret, "one");
  ASSERT_TRUE(tool.set_secret(id("a"), "two").value());
  EXPECT_EQ(hub.find(id("a")).value()->secret, "two");
  ASSERT_TRUE(tool.remove(id("a")).value());
  EXPECT_FALSE(hub.find(id("a")).value());
}

TEST_F(DeviceRegistryTest, TellsWhetherAnythingChanged) {
  DeviceRegistry registry = open();
  EXPECT_TRUE(registry.add({id("a"), "", "one", kAdded, {}}).value());
  EXPECT_FALSE(registry.add({id("a"), "", "two", kAdded, {}}).value());
  EXPECT_EQ(registry.find(id("a")).value()->secret, "one");
  EXPECT_FALSE(registry.set_secret(id("b"), "x").value());
  EXPECT_FALSE(registry.remove(id("b")).value());
  EXPECT_TRUE(registry.remove(id("a")).value());
}

TEST_F(DeviceRegistryTest, OnlyItsUserReadsTheSecrets) {
  DeviceRegistry registry = open();
  ASSERT_TRUE(registry.add({id("a"), "", "one", kAdded, {}}));
  for (const char* name : {"hub.sqlite", "hub.sqlite-wal", "hub.sqlite-shm"}) {
    struct stat status {};
    ASSERT_EQ(stat(folder_.file(name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 0777, 0600u) << name;
  }
}

TEST_F(DeviceRegistryTest, ADamagedFileIsASentenceWithTheFix) {
  const auto file = folder_.write("hub.sqlite", std::string(4096, 'x'));
  const auto registry = DeviceRegistry::open(file);
  ASSERT_FALSE(registry);
  EXPECT_THAT(registry.error().sentence, AllOf(HasSubstr(file), HasSubstr("Move it away")));
}

TEST_F(DeviceRegistryTest, AFolderThatIsNotThereIsASentence) {
  const auto registry = DeviceRegistry::open(folder_.path() / "nowhere" / "hub.sqlite");
  ASSERT_FALSE(registry);
  EXPECT_THAT(registry.error().sentence, HasSubstr("nowhere/hub.sqlite"));
}

}  // namespace
}  // namespace camspan::hub
