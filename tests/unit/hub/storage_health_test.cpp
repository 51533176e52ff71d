#include "hub/storage_health.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "support/faulty_files.hpp"
#include "support/temp_folder.hpp"

namespace camspan::hub {
namespace {

TEST(StorageHealthTest, IsNewsOnceAndUntilItRecovers) {
  StorageHealth health;
  EXPECT_TRUE(health.fine());
  EXPECT_FALSE(health.recovered());
  EXPECT_TRUE(health.report({Errc::no_space, "The disk is full."}));
  EXPECT_FALSE(health.report({Errc::no_space, "The disk is full."}));
  EXPECT_EQ(health.state(), StorageHealth::State::disk_full);
  EXPECT_TRUE(health.report({Errc::io_error, "The disk is broken."}));
  EXPECT_EQ(health.state(), StorageHealth::State::failed);
  EXPECT_EQ(health.sentence(), "The disk is broken.");
  EXPECT_TRUE(health.recovered());
  EXPECT_TRUE(health.fine());
  EXPECT_EQ(health.sentence(), "");
}

TEST(StorageProbeTest, FindsOutWhetherWritingWorksAndLeavesNothing) {
  test::TempFolder folder;
  EXPECT_TRUE(probe_storage(folder.path()));
  {
    test::FaultyFiles faults;
    faults.room = 100;
    EXPECT_EQ(probe_storage(folder.path()).error(), Errc::no_space);
  }
  {
    test::FaultyFiles faults;
    faults.sync_error = EIO;
    EXPECT_FALSE(probe_storage(folder.path()));
  }
  {
    test::FaultyFiles faults;
    faults.open_error = EDQUOT;
    EXPECT_EQ(probe_storage(folder.path()).error(), Errc::no_space);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_FALSE(probe_storage(folder.path() / "nowhere"));
}

}  // namespace
}  // namespace camspan::hub
