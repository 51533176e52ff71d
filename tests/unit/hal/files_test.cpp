#include "support/temp_folder.hpp"

#include <camspan/hal.h>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <filesystem>
#include <limits>
#include <string>

namespace {

using camspan::test::TempFolder;

class FilesTest : public testing::Test {
 protected:
  int open(const std::string& path, int flags) {
    int fd = -1;
    EXPECT_EQ(hal()->file_open(path.c_str(), flags, &fd), 0) << path;
    return fd;
  }
  static std::string read(int fd, size_t size, uint64_t offset) {
    std::string text(size, '?');
    size_t count = 0;
    EXPECT_EQ(hal()->file_read(fd, text.data(), size, offset, &count), 0);
    text.resize(count);
    return text;
  }

  const TempFolder folder_;
};

TEST_F(FilesTest, WritesAndReadsAtAnOffset) {
  const int fd = open(folder_.file("a"), HAL_FILE_READ | HAL_FILE_WRITE | HAL_FILE_CREATE);
  size_t written = 0;
  EXPECT_EQ(hal()->file_write(fd, "hello", 5, 0, &written), 0);
  EXPECT_EQ(written, 5u);
  EXPECT_EQ(hal()->file_write(fd, "J", 1, 0, nullptr), 0);
  EXPECT_EQ(read(fd, 100, 0), "Jello");
  EXPECT_EQ(read(fd, 2, 3), "lo");
  EXPECT_EQ(read(fd, 2, 5), "");
  EXPECT_EQ(hal()->file_sync(fd), 0);
  const int disk = hal()->disk_sync(fd);
  EXPECT_TRUE(disk == 0 || disk == ENOSYS) << disk;
  uint64_t size = 0;
  EXPECT_EQ(hal()->file_size(fd, &size), 0);
  EXPECT_EQ(size, 5u);
  EXPECT_EQ(hal()->file_truncate(fd, 2), 0);
  EXPECT_EQ(read(fd, 100, 0), "Je");
  EXPECT_EQ(hal()->file_close(fd), 0);
}

TEST_F(FilesTest, ReachesPast4GiB) {
  const int fd = open(folder_.file("sparse"), HAL_FILE_READ | HAL_FILE_WRITE | HAL_FILE_CREATE);
  const uint64_t far = uint64_t{5} << 30;
  ASSERT_EQ(hal()->file_write(fd, "x", 1, far, nullptr), 0);
  EXPECT_EQ(read(fd, 1, far), "x");
  uint64_t size = 0;
  EXPECT_EQ(hal()->file_size(fd, &size), 0);
  EXPECT_EQ(size, far + 1);
  hal()->file_close(fd);
}

TEST_F(FilesTest, OpenHonoursItsFlags) {
  const std::string path = folder_.write("a", "text");
  int fd = 7;
  EXPECT_EQ(hal()->file_open(folder_.file("none").c_str(), HAL_FILE_READ, &fd), ENOENT);
  EXPECT_EQ(fd, -1);
  EXPECT_EQ(hal()->file_open(path.c_str(), HAL_FILE_WRITE | HAL_FILE_CREATE | HAL_FILE_EXCLUSIVE, &fd), EEXIST);
  EXPECT_EQ(hal()->file_open(path.c_str(), HAL_FILE_CREATE, &fd), EINVAL);

  fd = open(path, HAL_FILE_READ);
  EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(hal()->file_write(fd, "x", 1, 0, nullptr), EBADF);
  hal()->file_close(fd);
  hal()->file_close(open(path, HAL_FILE_WRITE | HAL_FILE_TRUNCATE));
  EXPECT_EQ(std::filesystem::file_size(path), 0u);
}

TEST_F(FilesTest, KeepsOthersOutOfNewFilesAndFolders) {
  const mode_t before = umask(0);
  hal()->file_close(open(folder_.file("a"), HAL_FILE_WRITE | HAL_FILE_CREATE));
  EXPECT_EQ(hal()->folder_create(folder_.file("f").c_str()), 0);
  umask(before);
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(folder_.file("a")).permissions(), perms{0640});
  EXPECT_EQ(std::filesystem::status(folder_.file("f")).permissions(), perms{0750});
}

TEST_F(FilesTest, TellsHowMuchWentInBeforeAnError) {
  int fd = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  if (fd < 0) GTEST_SKIP() << "no /dev/full";
  size_t written = 9;
  EXPECT_EQ(hal()->file_write(fd, "abc", 3, 0, &written), ENOSPC);
  EXPECT_EQ(written, 0u);
  hal()->file_close(fd);
}

TEST_F(FilesTest, RefusesAnOffsetNoFileHas) {
  const int fd = open(folder_.file("a"), HAL_FILE_WRITE | HAL_FILE_CREATE);
  EXPECT_EQ(hal()->file_write(fd, "x", 1, std::numeric_limits<uint64_t>::max() - 1, nullptr), EINVAL);
  hal()->file_close(fd);
}

TEST_F(FilesTest, RenameReplacesTheTarget) {
  const std::string from = folder_.write("a.part", "new");
  const std::string to = folder_.write("a", "old");
  EXPECT_EQ(hal()->file_rename(from.c_str(), to.c_str()), 0);
  EXPECT_FALSE(std::filesystem::exists(from));
  const int fd = open(to, HAL_FILE_READ);
  EXPECT_EQ(read(fd, 10, 0), "new");
  hal()->file_close(fd);
  EXPECT_EQ(hal()->file_rename(from.c_str(), to.c_str()), ENOENT);
}

TEST_F(FilesTest, RemovesFilesAndEmptyFolders) {
  std::filesystem::create_directories(folder_.file("f/g"));
  EXPECT_EQ(hal()->file_remove(folder_.file("f").c_str()), ENOTEMPTY);
  EXPECT_EQ(hal()->file_remove(folder_.file("f/g").c_str()), 0);
  EXPECT_EQ(hal()->file_remove(folder_.write("a", "").c_str()), 0);
  EXPECT_EQ(hal()->file_remove(folder_.file("a").c_str()), ENOENT);
}

TEST_F(FilesTest, CreatesAFolderWithItsParents) {
  for (const char* name : {"x/y/z", "x/y/z", "x/w/", "x/./v//u", "x/y/../t"}) {
    EXPECT_EQ(hal()->folder_create(folder_.file(name).c_str()), 0) << name;
    EXPECT_TRUE(std::filesystem::is_directory(folder_.file(name))) << name;
  }
  EXPECT_EQ(hal()->folder_create("/"), 0);
  EXPECT_EQ(hal()->folder_create(""), ENOENT);
}

TEST_F(FilesTest, CreatesNoFolderBelowAFile) {
  folder_.write("a", "");
  EXPECT_EQ(hal()->folder_create(folder_.file("a").c_str()), ENOTDIR);
  EXPECT_EQ(hal()->folder_create(folder_.file("a/b").c_str()), ENOTDIR);
}

TEST_F(FilesTest, WorksInTheCurrentFolder) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  EXPECT_EQ(hal()->folder_create("d/e"), 0);
  folder_.write("a", "x");
  EXPECT_EQ(hal()->file_rename("a", "b"), 0);
  EXPECT_TRUE(std::filesystem::exists("b"));
  std::filesystem::current_path(before);
}

TEST_F(FilesTest, SyncsFoldersOnly) {
  EXPECT_EQ(hal()->folder_sync(folder_.path().c_str()), 0);
  EXPECT_EQ(hal()->folder_sync(folder_.write("a", "").c_str()), ENOTDIR);
  EXPECT_EQ(hal()->folder_sync(folder_.file("none").c_str()), ENOENT);
}

TEST_F(FilesTest, KnowsTheFreeSpace) {
  uint64_t bytes = 0;
  EXPECT_EQ(hal()->space_free(folder_.path().c_str(), &bytes), 0);
  EXPECT_GT(bytes, 0u);
  EXPECT_EQ(hal()->space_free(folder_.file("none").c_str(), &bytes), ENOENT);
}

}  // namespace
