/// A program on the raw API with all that surrounds it: viewers, links, a signaller and the time, in one thread.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/restarting_link.hpp"
#include "vendor/iv/camera.hpp"

namespace camspan::iv {

using namespace std::chrono_literals;

/// A link whose buffer and whose viewer are the test's.
class StandLink final : public test::RestartingLink {
 public:
  struct Message {
    net::ChannelId channel;
    Bytes bytes;
  };

  explicit StandLink(Observer& watched) : observer(watched) {}

  Result<std::string> answer(const rtc::Description&) override { return std::string("the answer"); }
  void add_candidate(std::string_view line) override { candidates.emplace_back(line); }
  Result<net::ChannelId> open_channel(const rtc::ChannelSettings& channel) override {
    if (refuses_channels) return fail(Errc::closed);
    opened.push_back(channel.label);
    return static_cast<net::ChannelId>(2 * opened.size());
  }
  Result<> send(net::ChannelId channel, bool, ByteView message, net::Delivery delivery,
                std::chrono::milliseconds) override {
    EXPECT_EQ(delivery, net::Delivery::reliable);
    EXPECT_LE(message.size(), 64u << 10);
    if (broken) return fail(Errc::not_found);
    if (buffered + message.size() > space) return fail(Errc::queue_full);
    buffered += message.size();
    sent.push_back({channel, Bytes(message.begin(), message.end())});
    return {};
  }
  bool has_room(std::size_t /*bytes*/, std::chrono::milliseconds /*within*/) override { return true; }
  void close_channel(net::ChannelId channel) override { closing.push_back(channel); }
  void close() override { closed = true; }
  net::LinkStats stats() const override {
    net::LinkStats stats;
    stats.buffered_bytes = buffered;
    return stats;
  }

  /// The viewer acknowledges so many bytes, the oldest first.
  void acknowledge(std::size_t bytes) { buffered -= std::min(bytes, buffered); }
  void acknowledge_all() { buffered = 0; }
  std::string stream(net::ChannelId channel) const {
    std::string all;
    for (const Message& message : sent)
      if (message.channel == channel) all += as_text(message.bytes);
    return all;
  }
  void open(net::ChannelId id, std::string label, std::string protocol = "camspan-flv") {
    net::ChannelOpen channel;
    channel.id = id;
    channel.label = std::move(label);
    channel.protocol = std::move(protocol);
    channel.by_peer = true;
    observer.on_channel(channel);
  }
  void say(net::ChannelId id, std::string_view bytes) { observer.on_message(id, false, as_bytes(bytes)); }
  void command(net::ChannelId id, rtc::CommandKind kind, std::uint32_t number, std::string_view text) {
    observer.on_message(id, false, rtc::command_message(kind, number, as_bytes(text)));
  }

  Observer& observer;
  std::size_t space = 1 << 20;
  std::size_t buffered = 0;
  bool broken = false;
  bool refuses_channels = false;
  bool closed = false;
  std::vector<Message> sent;
  std::vector<std::string> candidates, opened;
  std::vector<net::ChannelId> closing;
};

struct StandSignaller final : net::Signaller {
  void describe(net::CameraDescription) override {}
  void start() override {}
  void stop() override {}
  void answer(std::string session, std::string) override { said.push_back("answer " + session); }
  void reject(std::string session, int status, std::string cause) override {
    said.push_back("reject " + session + " " + std::to_string(status) + " " + cause);
  }
  void candidate(net::ViewerCandidate candidate) override {
    said.push_back("candidate " + candidate.session + " " + candidate.candidate);
  }
  void restart(net::ViewerRestart restart) override { said.push_back("restart " + restart.session); }
  void bye(std::string session, std::string reason) override { said.push_back("bye " + session + " " + reason); }
  void state(unsigned viewers, std::uint64_t) override { counts.push_back(viewers); }

  std::vector<std::string> said;
  std::vector<unsigned> counts;
};

/// What the callbacks do, and what was called: one line a call, the handle as its number.
class StandProgram {
 public:
  struct Handle {
    int number;
    std::deque<iv_cm_memory_s> next;  ///< what get_cb gives; nothing = NULL, 0
    int gets = 0;
    int stops = 0;
    std::string voice;
    int ends = 0;
  };

  StandProgram() { current() = this; }
  ~StandProgram() { current() = nullptr; }
  StandProgram(const StandProgram&) = delete;
  StandProgram& operator=(const StandProgram&) = delete;

  static Callbacks callbacks() {
    Callbacks callbacks;
    callbacks.send_init = [](const char* params, const char* peer) { return current()->begin("send", params, peer); };
    callbacks.recv_init = [](const char* params, const char* peer) { return current()->begin("recv", params, peer); };
    callbacks.send_get = [](void* handle) { return current()->get(*static_cast<Handle*>(handle)); };
    callbacks.send_stop = [](void* handle) {
      auto& stopped = *static_cast<Handle*>(handle);
      ++stopped.stops;
      current()->calls.push_back("stop " + std::to_string(stopped.number));
      return 0;
    };
    callbacks.notify = [](iv_avt_event_e event, void* handle) {
      const auto* of = static_cast<Handle*>(handle);
      current()->calls.push_back("event " + std::to_string(event) + (of ? " " + std::to_string(of->number) : ""));
    };
    callbacks.recv_voice = [](void* handle, uint8_t* buf, size_t len) { current()->hear(handle, buf, len); };
    callbacks.command = [](const char* text, size_t length, const char* peer) {
      EXPECT_EQ(text[length], '\0');
      current()->calls.push_back("command " + std::string(text, length) + " " + peer);
      return current()->reply;
    };
    return callbacks;
  }

  /// Memory of its own for get_cb, freed once.
  iv_cm_memory_s owned(const std::string& bytes) {
    auto* copy = new uint8_t[bytes.size() + 1];
    std::copy(bytes.begin(), bytes.end(), copy);
    return {copy, bytes.size(), [](uint8_t* buf, size_t size) {
              ++current()->freed[{buf, size}];
              delete[] buf;
            }};
  }

  static StandProgram*& current() {
    static StandProgram* program = nullptr;
    return program;
  }
  Handle& handle(std::size_t number) { return *handles.at(number); }
  std::size_t frees() const {
    std::size_t count = 0;
    for (const auto& [memory, times] : freed) count += static_cast<std::size_t>(times);
    return count;
  }

  std::vector<std::unique_ptr<Handle>> handles;
  std::vector<std::string> calls;
  std::map<std::pair<uint8_t*, size_t>, int> freed;
  bool refuses = false;
  bool stops_voice = false;
  iv_cm_memory_s reply{nullptr, 0, nullptr};
  std::function<void(Handle&)> on_get;

 private:
  void* begin(const char* kind, const char* params, const char* peer) {
    calls.push_back(std::string(kind) + " " + params + " " + peer);
    if (refuses) return nullptr;
    handles.push_back(std::make_unique<Handle>());
    handles.back()->number = static_cast<int>(handles.size()) - 1;
    return handles.back().get();
  }
  iv_cm_memory_s get(Handle& handle) {
    ++handle.gets;
    if (on_get) on_get(handle);
    if (handle.next.empty()) return {nullptr, 0, nullptr};
    const iv_cm_memory_s memory = handle.next.front();
    handle.next.pop_front();
    return memory;
  }
  void hear(void* handle, const uint8_t* buf, size_t len) {
    auto& of = *static_cast<Handle*>(handle);
    if (buf == nullptr) {
      EXPECT_EQ(len, 0u);
      ++of.ends;
      calls.push_back("voice end " + std::to_string(of.number));
    } else {
      of.voice.append(reinterpret_cast<const char*>(buf), len);
    }
  }
};

class IvStand : public testing::Test {
 protected:
  static constexpr const char* kOffer =
      "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
      "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\n"
      "a=ice-pwd:abcdefghijklmnopqrstuv\r\na=ice-options:trickle\r\na=fingerprint:sha-256 "
      "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F\r\n"
      "a=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n";

  explicit IvStand(Callbacks callbacks = StandProgram::callbacks(), Nanoseconds tick = 10ms)
      : camera(std::make_unique<Camera>(callbacks, tick, ground())), hub(camera->hub()) {
    hub.use(signaller);
  }

  Camera::Ground ground() {
    Camera::Ground ground;
    ground.clock = [this] { return now; };
    ground.wake = [this] { ++wakes; };
    ground.make_link = [this](const std::vector<net::IceServer>& servers, net::Link::Observer& observer) {
      auto link = std::make_unique<StandLink>(observer);
      links.push_back(link.get());
      ice_servers = servers;
      return link;
    };
    return ground;
  }

  StandLink& join(const std::string& session,
                  std::vector<std::string> allow = {"live", "playback", "talk", "command"}) {
    net::ViewerOffer offer;
    offer.session = session;
    offer.sdp = kOffer;
    offer.allow = std::move(allow);
    hub.offered(std::move(offer));
    return *links.back();
  }
  /// A viewer with one stream on channel 1, and its handle.
  StandLink& watch(const std::string& session = "v1") {
    StandLink& link = join(session);
    link.open(1, "action=live&channel=0");
    return link;
  }
  /// Lets time pass, and all happen that is due in it.
  void run(Nanoseconds time) {
    const TimePoint end = now + time;
    for (auto next = camera->next_timeout(); next && *next <= end; next = camera->next_timeout()) {
      now = std::max(now, *next);
      camera->on_timeout();
    }
    now = end;
  }
  std::size_t buffered(std::size_t handle) { return camera->handles().get(&program.handle(handle)).buffered_bytes; }
  iv_p2p_send_stats_s stats(std::size_t handle) { return camera->handles().get(&program.handle(handle)).stats; }
  std::vector<std::string> heard() { return std::exchange(program.calls, {}); }

  TimePoint now{1h};
  int wakes = 0;
  StandProgram program;
  StandSignaller signaller;
  std::vector<StandLink*> links;
  std::vector<net::IceServer> ice_servers;
  std::unique_ptr<Camera> camera;
  Camera::Entrance& hub;
  std::string session = "v1";
};

}  // namespace camspan::iv
