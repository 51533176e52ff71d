#include "api/signal_client.hpp"

#include <gmock/gmock.h>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include "net/http_server.hpp"
#include "net/signalling/signal_message.hpp"
#include "net/wake_up.hpp"
#include "net/ws_link.hpp"
#include "support/heard_signals.hpp"
#include "support/reserved_port.hpp"

namespace camspan {
namespace {

using net::SignalState;
using test::HeardSignals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
namespace signal = net::signal;

/// Takes the camera's connection, and says `ready` to its hello.
class FakeHub {
 public:
  explicit FakeHub(std::uint16_t port, bool lets_in = true) : lets_in_(lets_in) {
    thread_.run([&] {
      server_ = std::make_unique<net::HttpServer>(
          thread_.executor(), [this](net::HttpExchange& exchange) { return serve(exchange); }, net::HttpServerLimits{});
      if (!server_->listen("127.0.0.1", port, nullptr)) throw std::runtime_error("the port is not free");
    });
  }
  ~FakeHub() {
    thread_.run([this] {
      deaf_ = false;
      hears_again_.notify();
    });
    thread_.run([this] { server_.reset(); });
  }
  /// From the next hello on it takes nothing in, and so answers no ping either.
  void be_deaf() {
    thread_.run([this] { deaf_ = true; });
  }

  /// The next message of that kind; throws after 20 s.
  template <class Wanted>
  Wanted next() {
    std::unique_lock lock(mutex_);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    for (;;) {
      while (!heard_.empty()) {
        signal::Message message = std::move(heard_.front());
        heard_.pop_front();
        if (auto* wanted = std::get_if<Wanted>(&message)) return std::move(*wanted);
      }
      if (changed_.wait_until(lock, deadline) == std::cv_status::timeout) throw std::runtime_error("nothing came");
    }
  }
  void send(const signal::Message& message) { send_text(signal::write(message)); }
  void send_text(std::string text) {
    thread_.post([this, text = std::move(text)] { asio::co_spawn(thread_.executor(), write(text), asio::detached); });
  }

 private:
  asio::awaitable<void> serve(net::HttpExchange& exchange) {
    if (!lets_in_) {
      http::Headers headers{{"camspan-problem", "bad-credentials"}};
      const auto head = co_await exchange.send_head(401, std::move(headers), 0);
      if (head) static_cast<void>(co_await exchange.finish());
      co_return;
    }
    auto link = co_await exchange.accept_websocket();
    if (!link) co_return;
    link_ = link->get();
    for (;;) {
      const auto message = co_await (*link)->read();
      if (!message) break;
      auto parsed = signal::parse(as_text(message->data));
      if (!parsed) break;
      if (std::holds_alternative<signal::Hello>(*parsed)) {
        const std::string ready = signal::write(signal::Ready{{{"stun:s", "", ""}}, 20000});
        co_await write(ready);
        if (deaf_) co_await hears_again_.wait();
      }
      const std::lock_guard lock(mutex_);
      heard_.push_back(std::move(*parsed));
      changed_.notify_all();
    }
    link_ = nullptr;
  }
  asio::awaitable<void> write(std::string text) {
    if (link_ == nullptr) co_return;
    const Bytes header = ws::frame_header(ws::Opcode::text, text.size());
    const std::vector<ByteView> frame{header, as_bytes(text)};
    static_cast<void>(co_await link_->write(frame));
  }

  const bool lets_in_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<signal::Message> heard_;
  net::WsLink* link_ = nullptr;
  std::unique_ptr<net::HttpServer> server_;
  bool deaf_ = false;
  net::IoThread thread_{"fake-hub"};
  net::WakeUp hears_again_{thread_.executor()};
};

class SignalClientTest : public testing::Test {
 protected:
  ~SignalClientTest() override {
    if (client_) heard_.run_there([this] { client_.reset(); });
  }
  SignalClientConfig config() {
    SignalClientConfig config;
    config.uri = "ws://127.0.0.1:" + std::to_string(port_.number());
    config.triple = {"pk", "cam", "secret"};
    config.agent = "test";
    config.backoff = {std::chrono::milliseconds(1), std::chrono::milliseconds(50), -1};
    return config;
  }
  void start() { start(config()); }
  void start(SignalClientConfig with) {
    auto made = SignalClient::make(std::move(with), heard_, heard_.poster());
    ASSERT_TRUE(made) << made.error().sentence;
    client_ = std::move(*made);
    client_->describe({{{0, "h264", 640, 480, 25, "aac", 44100, 1}}, 4, "Door", false, true});
    client_->start();
  }

  test::ReservedPort port_;
  HeardSignals heard_;
  std::unique_ptr<SignalClient> client_;
};

TEST_F(SignalClientTest, SaysWhoItIsAndHearsThatTheHubIsReady) {
  FakeHub hub(port_.number());
  start();
  const auto hello = hub.next<signal::Hello>();
  EXPECT_EQ(hello.device, "pk.cam");
  EXPECT_EQ(hello.agent, "test");
  EXPECT_EQ(hello.camera.name, "Door");
  EXPECT_EQ(hello.camera.channels[0].video, "h264");
  EXPECT_NE(hello.time, "");
  EXPECT_THAT(hello.sessions, IsEmpty());
  EXPECT_THAT(heard_.next<HeardSignals::Ready>().servers, ElementsAre(net::IceServer{"stun:s", "", ""}));
  heard_.next_state(SignalState::connected);
}

TEST_F(SignalClientTest, CarriesWhatHubAndCameraSay) {
  FakeHub hub(port_.number());
  start();
  heard_.next_state(SignalState::connected);
  hub.send(net::ViewerOffer{"one", "me", {"live"}, "action=live", "v=0", true});
  EXPECT_EQ(heard_.next<net::ViewerOffer>().params, "action=live");
  hub.send(net::ViewerCandidate{"one", "candidate:1", "0", "u"});
  EXPECT_EQ(heard_.next<net::ViewerCandidate>().candidate, "candidate:1");
  hub.send(net::ViewerRestart{"one", "ufrag", "pwd"});
  EXPECT_EQ(heard_.next<net::ViewerRestart>().ufrag, "ufrag");
  hub.send(signal::RequestKeyframe{2});
  EXPECT_EQ(heard_.next<HeardSignals::Keyframe>().channel, 2u);
  hub.send(signal::Bye{"one", "viewer-left"});
  EXPECT_EQ(heard_.next<HeardSignals::Left>().reason, "viewer-left");

  client_->answer("two", "v=0");
  EXPECT_EQ(hub.next<signal::Answer>().session, "two");
  client_->candidate({"two", "candidate:2", "0", "u"});
  EXPECT_EQ(hub.next<net::ViewerCandidate>().candidate, "candidate:2");
  client_->restart({"two", "mine", "pwd"});
  EXPECT_EQ(hub.next<net::ViewerRestart>().ufrag, "mine");
  client_->reject("three", 503, "max-viewers");
  EXPECT_EQ(hub.next<signal::Reject>().status, 503);
  client_->bye("two", "ended");
  EXPECT_EQ(hub.next<signal::Bye>().reason, "ended");
  client_->state(3, 1000);
  EXPECT_EQ(hub.next<signal::State>().viewers, 3u);
  client_->describe({});
  EXPECT_EQ(hub.next<signal::Hello>().camera.name, "");
}

TEST_F(SignalClientTest, ConnectsAnewAndNamesTheSessionsThatGoOn) {
  {
    FakeHub hub(port_.number());
    start();
    heard_.next_state(SignalState::connected);
    client_->answer("kept", "v=0");
    client_->answer("ended", "v=0");
    client_->answer("left", "v=0");
    client_->bye("ended", "");
    hub.next<signal::Bye>();
    hub.send(signal::Bye{"left", ""});
    EXPECT_EQ(heard_.next<HeardSignals::Left>().session, "left");
  }
  EXPECT_NE(heard_.next_state(SignalState::lost).why.sentence, "");
  FakeHub hub(port_.number());
  EXPECT_THAT(hub.next<signal::Hello>().sessions, ElementsAre("kept"));
  heard_.next_state(SignalState::connected);
}

TEST_F(SignalClientTest, SaysTheStateAgainAfterItConnectsAnew) {
  {
    FakeHub hub(port_.number());
    start();
    client_->state(1, 77);
    EXPECT_EQ(hub.next<signal::State>().bitrate, 77u);
  }
  FakeHub hub(port_.number());
  EXPECT_EQ(hub.next<signal::State>().bitrate, 77u);
}

TEST_F(SignalClientTest, AsksAHubThatIsSilentAndLeavesItWhenItDoesNotAnswer) {
  FakeHub hub(port_.number());
  hub.be_deaf();
  SignalClientConfig probing = config();
  probing.probe_after = std::chrono::milliseconds(20);
  probing.probes = 3;
  start(probing);
  heard_.next_state(SignalState::connected);
  const auto begin = std::chrono::steady_clock::now();
  const auto lost = heard_.next_state(SignalState::lost);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 3 * probing.probe_after);
  EXPECT_EQ(lost.why.code, Errc::timed_out);
}

TEST_F(SignalClientTest, NamesTheCauseWhenTheHubDoesNotKnowIt) {
  FakeHub hub(port_.number(), false);
  start();
  const auto lost = heard_.next_state(SignalState::lost);
  EXPECT_EQ(lost.why.code, Errc::not_authenticated);
  EXPECT_EQ(lost.why.http_status, 401);
  EXPECT_THAT(lost.why.sentence, HasSubstr("bad-credentials"));
}

TEST_F(SignalClientTest, GoesOnTryingWhereNobodyListens) {
  start();
  heard_.next_state(SignalState::lost);
  heard_.next_state(SignalState::lost);
  client_->reconnect();
  FakeHub hub(port_.number());
  heard_.next_state(SignalState::connected);
}

TEST_F(SignalClientTest, LeavesAHubThatBreaksTheProtocol) {
  FakeHub hub(port_.number());
  start();
  heard_.next_state(SignalState::connected);
  hub.send_text("not JSON");
  EXPECT_EQ(heard_.next_state(SignalState::lost).why.code, Errc::malformed);
  heard_.next_state(SignalState::connected);
}

TEST_F(SignalClientTest, CallsNothingAfterItsEnd) {
  FakeHub hub(port_.number());
  for (int i = 0; i < 20; ++i) {
    start();
    heard_.run_there([this] { client_.reset(); });
  }
}

TEST(SignalClientSettingsTest, RefusesWhatIsNoAddress) {
  HeardSignals heard;
  for (const char* uri : {"", "hub:8443", "ftp://hub", "wss://", "wss://hub:0/signal"}) {
    SignalClientConfig config;
    config.uri = uri;
    EXPECT_FALSE(SignalClient::make(config, heard, heard.poster())) << uri;
  }
  SignalClientConfig config;
  config.uri = "wss://hub";
  config.ca_file = "/nowhere/ca.pem";
  EXPECT_THAT(SignalClient::make(config, heard, heard.poster()).error().sentence, HasSubstr("/nowhere/ca.pem"));
}

}  // namespace
}  // namespace camspan
