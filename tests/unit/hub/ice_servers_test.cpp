#include "hub/ice_servers.hpp"

#include <gmock/gmock.h>

#include "support/temp_folder.hpp"

namespace camspan::hub {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr UtcTime kNow{std::chrono::milliseconds(1'700'000'000'000)};

TEST(IceServersTest, SignsCredentialsAsCoturnDoes) {
  Config::Ice ice;
  ice.stun = {"stun:a:3478"};
  ice.turn = {{"turn:b:3478?transport=tcp", "north"}};
  // Computed with Python's hmac and base64.
  EXPECT_THAT(ice_servers(ice, "cam1", kNow), ElementsAre(net::IceServer{"stun:a:3478", "", ""},
                                                          net::IceServer{"turn:b:3478?transport=tcp", "1700003600:cam1",
                                                                         "ch1NLo+EDrei5CCWer9nC/r8iMM="}));
}

TEST(IceServersTest, KnowsAddressesThatFitIntoLinks) {
  for (const char* url : {"stun:a", "stuns:a:5349", "turn:[::1]:3478", "turns:a?transport=tcp"})
    EXPECT_TRUE(is_ice_url(url)) << url;
  for (const char* url : {"", "stun:", "http://a", "turn:a>", "turn:a b", "turn:a\"", "turn:a;b", "turn"})
    EXPECT_FALSE(is_ice_url(url)) << url;
}

class IceConfigTest : public testing::Test {
 protected:
  tl::expected<Config, Failure> load(std::string_view toml) { return load_config(folder_.write("hub.toml", toml), {}); }
  std::string refusal(std::string_view toml) {
    const auto config = load(toml);
    return config ? "taken" : config.error().sentence;
  }
  test::TempFolder folder_;
};

TEST_F(IceConfigTest, ReadsServersAndSecrets) {
  folder_.write("turn.secret", "north\n");
  const auto config = load(R"(
[ice]
stun = ["stun:a:3478", "stun:b"]
turn = [ { url = "turn:c:3478", secret_file = "turn.secret" } ]
ttl = "10m"
)");
  ASSERT_TRUE(config) << config.error().sentence;
  EXPECT_THAT(config->ice.stun, ElementsAre("stun:a:3478", "stun:b"));
  ASSERT_EQ(config->ice.turn.size(), 1u);
  EXPECT_EQ(config->ice.turn[0].secret, "north");
  EXPECT_EQ(config->ice.ttl, std::chrono::minutes(10));
}

TEST_F(IceConfigTest, RefusesWhatIsNoServer) {
  EXPECT_THAT(refusal("[ice]\nstun = \"stun:a\"\n"), HasSubstr("list"));
  EXPECT_THAT(refusal("[ice]\nstun = [\"turn:a\"]\n"), HasSubstr("stun:host:3478"));
  EXPECT_THAT(refusal("[ice]\nturn = [{ url = \"turn:a\" }]\n"), HasSubstr("secret_file"));
  EXPECT_THAT(refusal("[ice]\nturn = [{ url = \"turn:a\", secret_file = \"none\" }]\n"), HasSubstr("none"));
  EXPECT_THAT(refusal("[ice]\nturn = [{ url = \"turn:a\", password = \"x\" }]\n"), HasSubstr("password"));
}

}  // namespace
}  // namespace camspan::hub
