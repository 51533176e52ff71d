// Clients that mean harm, beside one that does not.
#include <gmock/gmock.h>

#include <fstream>

#include "gos_server.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Of sanitizer/allocator_interface.h, which g++ does not install.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();  // NOLINT(bugprone-reserved-identifier)
#endif

namespace camspan::gos {
namespace {

using test::RawClient;
using test::WsPeer;

constexpr std::string_view kList("\x82\xa2id\x00\xa6method\xa4list", 17);

/// Memory of this process. A sanitizer keeps what was freed for a while, so it is asked what is in use.
std::size_t used_kib() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return __sanitizer_get_current_allocated_bytes() >> 10;
#else
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("VmRSS:")) return std::stoul(line.substr(6));
  return 0;
#endif
}

class GosHostileTest : public GosServerTest {
 protected:
  static bool answers(WsPeer& peer) {
    peer.send(kList);
    return peer.read_message().find("code") != std::string::npos;
  }
};

TEST_F(GosHostileTest, ServesOthersThroughTenThousandConnectsWithoutARequest) {
  WsPeer good(address());
  for (int i = 0; i < 1000; ++i) RawClient(address()).descriptor();
  const std::size_t before = used_kib();
  for (int i = 0; i < 9000; ++i) {
    RawClient idle(address());
    if (i % 1000 == 0) {
      EXPECT_TRUE(answers(good));
    }
  }
  EXPECT_TRUE(answers(good));
  EXPECT_LT(used_kib(), before + (32 << 10));  // what ends is given back
}

TEST_F(GosHostileTest, ServesOthersWhileManyHeadsTrickleIn) {
  WsPeer good(address());
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 300; ++i) {
    slow.push_back(std::make_unique<RawClient>(address()));
    slow.back()->send("GET /appdata HTTP/1.1\r\n");
  }
  for (int round = 0; round < 10; ++round) {
    for (const auto& client : slow) client->send("x");
    EXPECT_TRUE(answers(good));
  }
}

TEST_F(GosHostileTest, RefusesAMessageOfEightExbibytesBeforeItComes) {
  WsPeer good(address());
  const std::size_t before = used_kib();
  for (int i = 0; i < 100; ++i) {
    WsPeer bad(address());
    bad.raw().send(std::string_view("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00x", 15));
    EXPECT_THAT(bad.read_message(), testing::StartsWith("\x03\xf1"));  // 1009
  }
  EXPECT_TRUE(answers(good));
  EXPECT_LT(used_kib(), before + (32 << 10));
}

}  // namespace
}  // namespace camspan::gos
