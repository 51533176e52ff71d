// The programs in compile/, which are also the test that the headers compile as C and as C++.
#include <gtest/gtest.h>

#include "support/temp_folder.hpp"
#include "unit/vendor/compile/programs.hpp"

namespace camspan::linkkit {
namespace {

TEST(LinkKitHeadersTest, NameWhatThereIsOfSdk2) {
  EXPECT_TRUE(linkkit_2_3_c(nullptr));
  EXPECT_TRUE(linkkit_2_3_cpp(nullptr));
  EXPECT_TRUE(low_level_2_3_c());
  EXPECT_TRUE(low_level_2_3_cpp());
}

TEST(LinkKitHeadersTest, NameWhatThereIsOfSdk3) {
  EXPECT_TRUE(upload_3_x_c());
  EXPECT_TRUE(upload_3_x_cpp());
}

TEST(LinkKitHeadersTest, NameABoardThatWorks) {
  const test::TempFolder folder;
  EXPECT_TRUE(hal_2_3_c(folder.file("c").c_str()));
  EXPECT_TRUE(hal_2_3_cpp(folder.file("cpp").c_str()));
}

}  // namespace
}  // namespace camspan::linkkit
