#include "vendor/iv/lan_probe.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace camspan::iv {
namespace {

const LanName kWho{"PRODUCT1", "cam1"};

/// A datagram of viewers' programs, with the length in either order.
Bytes datagram(std::string_view json, bool low_byte_first = true, std::byte type = std::byte{1}) {
  Bytes bytes{type, std::byte{0x11}, std::byte{0}, std::byte{0}};
  const std::size_t size = json.size();
  store_be<2>(&bytes[2], low_byte_first ? (size & 0xff) << 8 | size >> 8 : size);
  const ByteView text = as_bytes(json);
  bytes.insert(bytes.end(), text.begin(), text.end());
  return bytes;
}

std::string probe(const std::string& params) {
  return R"({"method":"probe","clientToken":"t-1","timestamp":1764000000000,"timeoutMs":5000,"params":)" + params + "}";
}

TEST(LanProbeTest, HearsWhoIsAskedFor) {
  const auto means_us = [](const std::string& params) {
    return read_lan_probe(datagram(probe(params)), kWho).has_value();
  };
  EXPECT_TRUE(means_us(R"({"productId":"PRODUCT1"})")) << "all of the product";
  EXPECT_TRUE(means_us(R"({"productId":"PRODUCT1","deviceName":"cam1"})"));
  EXPECT_TRUE(means_us(R"({"productId":"PRODUCT1","deviceName":"other,cam1"})"));
  EXPECT_FALSE(means_us(R"({"productId":"PRODUCT1","deviceName":"cam11,am1"})"));
  EXPECT_FALSE(means_us(R"({"productId":"PRODUCT1","deviceName":""})"));
  EXPECT_FALSE(means_us(R"({"productId":"PRODUCT2","deviceName":"cam1"})"));
  EXPECT_FALSE(means_us(R"({"deviceName":"cam1"})"));
  EXPECT_FALSE(means_us("[]"));
}

TEST(LanProbeTest, AnswersInTheByteOrderOfTheQuestion) {
  for (const bool low_first : {true, false}) {
    const auto asked = read_lan_probe(datagram(probe(R"({"productId":"PRODUCT1"})"), low_first), kWho);
    ASSERT_TRUE(asked);
    const Bytes answer = lan_answer(*asked, kWho, "192.0.2.7", 34567, 1764000000123);
    EXPECT_EQ(answer[0], std::byte{2});
    EXPECT_EQ(answer[1], std::byte{0x11});
    const std::size_t size = answer.size() - kLanHeadBytes;
    EXPECT_EQ(load_be<2>(&answer[2]), low_first ? (size & 0xff) << 8 | size >> 8 : size);
    const auto told = nlohmann::json::parse(as_text(ByteView(answer).subspan(kLanHeadBytes)));
    EXPECT_EQ(told, nlohmann::json::parse(R"({"method":"probeMatch","clientToken":"t-1","timestamp":1764000000123,
        "params":{"deviceName":"cam1","address":"192.0.2.7","port":34567},"code":0,"status":""})"));
  }
}

TEST(LanProbeTest, PassesOverWhatIsNoQuestion) {
  const std::string good = probe(R"({"productId":"PRODUCT1"})");
  Bytes cut = datagram(good);
  cut.pop_back();
  Bytes longer = datagram(good);
  longer.push_back(std::byte{' '});
  const std::vector<Bytes> wrong{
      {},
      Bytes(3),
      Bytes(4),
      cut,
      longer,
      datagram(good, true, std::byte{2}),
      datagram("{"),
      datagram("[1]"),
      datagram(R"({"method":"probe"})"),
      datagram(R"({"method":"probeMatch","params":{"productId":"PRODUCT1"}})"),
      datagram(probe(R"({"productId":"PRODUCT1","x":")" + std::string(kMaxLanBytes, 'x') + "\"}")),
      datagram(R"({"method":"probe","clientToken":")" + std::string(200, 't') +
               R"(","params":{"productId":"PRODUCT1"}})"),
  };
  for (const Bytes& bytes : wrong) EXPECT_FALSE(read_lan_probe(bytes, kWho)) << as_text(bytes);
}

}  // namespace
}  // namespace camspan::iv
