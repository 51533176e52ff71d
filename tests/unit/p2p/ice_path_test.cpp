#include "net/p2p/ice_path.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace camspan::net {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

struct FakeAgent final : IceTransport {
  FakeAgent(Observer& watched, std::vector<FakeAgent*>& all) : observer(watched), agents(all) {
    agents.push_back(this);
  }
  ~FakeAgent() override { std::replace(agents.begin(), agents.end(), this, static_cast<FakeAgent*>(nullptr)); }

  Result<> gather(const std::vector<IceServer>&) override { return {}; }
  rtc::IceCredentials local() const override { return {"ufrag", "password"}; }
  void set_remote(const rtc::IceCredentials& credentials) override { said.push_back("remote " + credentials.ufrag); }
  bool add_remote(std::string_view line) override {
    said.emplace_back(line);
    return true;
  }
  void end_remote() override { said.emplace_back("end"); }
  std::size_t send(const rtc::Datagrams& datagrams) override {
    sent += datagrams.size();
    return 0;
  }
  bool moved() const override { return false; }

  Observer& observer;
  std::vector<FakeAgent*>& agents;
  std::vector<std::string> said;
  std::size_t sent = 0;
};

class IcePathTest : public testing::Test, protected IceTransport::Observer {
 protected:
  void on_ice_candidate(std::string_view line) override { heard.emplace_back(line); }
  void on_ice_path(const PathInfo& path) override { heard.push_back("path " + path.local_type); }
  void on_ice_datagram(ByteView) override { heard.emplace_back("datagram"); }
  void on_ice_lost() override { heard.emplace_back("lost"); }

  static PathInfo host() {
    PathInfo path;
    path.local_type = "host";
    return path;
  }
  /// One that has a path, and a restart of it begun.
  void restart() {
    path.set_remote({"first", "password"});
    agents[0]->observer.on_ice_path(host());
    path.restart(now);
    heard.clear();
  }

  TimePoint now{seconds(100)};
  std::vector<FakeAgent*> agents;
  std::vector<std::string> heard;
  IcePath path{[this](IceTransport::Observer& observer) { return std::make_unique<FakeAgent>(observer, agents); },
               *this};
  rtc::Datagrams one = [] {
    rtc::Datagrams datagrams;
    datagrams.append(as_bytes("x"));
    return datagrams;
  }();
};

TEST_F(IcePathTest, SendsByTheOldAgentUntilTheNewOneHasAPath) {
  restart();
  EXPECT_TRUE(path.restart_asked());
  path.send(one);
  EXPECT_EQ(agents[0]->sent, 1u);
  path.set_remote({"second", "password"});
  EXPECT_FALSE(path.restart_asked());
  path.send(one);
  EXPECT_EQ(agents[0]->sent, 2u);
  agents[1]->observer.on_ice_path(host());
  EXPECT_EQ(agents[0], nullptr) << "it is closed";
  path.send(one);
  EXPECT_EQ(agents[1]->sent, 1u);
  EXPECT_THAT(heard, ElementsAre("path host"));
}

TEST_F(IcePathTest, HearsDatagramsOfBothAndCandidatesOfTheNewOne) {
  restart();
  agents[0]->observer.on_ice_datagram(as_bytes("x"));
  agents[1]->observer.on_ice_datagram(as_bytes("x"));
  agents[0]->observer.on_ice_candidate("candidate:old");
  agents[1]->observer.on_ice_candidate("candidate:new");
  EXPECT_THAT(heard, ElementsAre("datagram", "datagram", "candidate:new"));
}

TEST_F(IcePathTest, KeepsCandidatesThatComeBeforeTheCredentials) {
  restart();
  EXPECT_TRUE(path.add_remote("candidate:1"));
  path.end_remote();
  EXPECT_THAT(agents[1]->said, IsEmpty());
  path.set_remote({"second", "password"});
  path.add_remote("candidate:2");
  EXPECT_THAT(agents[1]->said, ElementsAre("remote second", "candidate:1", "end", "candidate:2"));
  EXPECT_THAT(agents[0]->said, ElementsAre("remote first"));
  for (int i = 0; i < 1000; ++i) path.add_remote("candidate:3");
}

TEST_F(IcePathTest, KeepsOnlySoManyOfThem) {
  restart();
  for (int i = 0; i < 1000; ++i) path.add_remote("candidate:1");
  EXPECT_FALSE(path.add_remote("candidate:1"));
  path.set_remote({"second", "password"});
  EXPECT_LT(agents[1]->said.size(), 100u);
}

TEST_F(IcePathTest, WithoutARestartALostPathIsTold) {
  path.set_remote({"first", "password"});
  agents[0]->observer.on_ice_lost();
  EXPECT_THAT(heard, ElementsAre("lost"));
}

TEST_F(IcePathTest, ALostPathWaitsForTheRestart) {
  restart();
  agents[0]->observer.on_ice_lost();
  now += IcePath::kRestart - seconds(1);
  path.on_timeout(now);
  EXPECT_THAT(heard, IsEmpty());
  now += seconds(1);
  path.on_timeout(now);
  EXPECT_THAT(heard, ElementsAre("lost"));
  EXPECT_EQ(agents[1], nullptr);
}

TEST_F(IcePathTest, GivesUpTheRestartOfAPathThatStillWorks) {
  restart();
  agents[0]->observer.on_ice_datagram(as_bytes("x"));
  heard.clear();
  path.on_timeout(now + IcePath::kRestart);
  EXPECT_THAT(heard, IsEmpty());
  EXPECT_NE(agents[0], nullptr);
  EXPECT_EQ(agents[1], nullptr);
}

TEST_F(IcePathTest, TheNewestRestartCounts) {
  restart();
  path.set_remote({"second", "password"});
  now += seconds(10);
  path.restart(now);
  EXPECT_EQ(agents[1], nullptr);
  EXPECT_TRUE(path.restart_asked());
  path.on_timeout(now + seconds(5));
  EXPECT_THAT(heard, IsEmpty()) << "its time begins anew";
  path.set_remote({"third", "password"});
  agents[2]->observer.on_ice_path(host());
  EXPECT_EQ(agents[0], nullptr);
  agents[2]->observer.on_ice_lost();
  EXPECT_THAT(heard, ElementsAre("path host", "lost"));
}

}  // namespace
}  // namespace camspan::net
