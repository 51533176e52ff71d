/// Two links in one process, and what each has heard. Loopback only.
#pragma once

#include <camspan/bytes.hpp>
#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "net/p2p/p2p_link.hpp"

namespace camspan::test {

/// One side. Its fields are written on the P2P thread, under its lock; tests look at them by wait() and look().
class P2pEnd : public net::Link::Observer {
 public:
  explicit P2pEnd(net::P2pThread& thread) : thread_(thread) {}
  ~P2pEnd() override {
    thread_.run([this] { link.reset(); });
  }

  void make(std::shared_ptr<const rtc::Certificate> certificate, const net::IceSettings& settings) {
    link = std::make_unique<net::P2pLink>(thread_, std::move(certificate), settings, *this);
  }

  void on_candidate(std::string_view line) override {
    note([&] { candidates.emplace_back(line); });
    if (other != nullptr && other->link != nullptr) other->link->add_candidate(line);
  }
  void on_path(const net::PathInfo& info) override {
    note([&] { path = info; });
  }
  void on_channel(const rtc::ChannelOpen& channel) override {
    note([&] { channels.push_back(channel); });
  }
  void on_message(rtc::ChannelId /*channel*/, bool /*is_text*/, ByteView message) override {
    note([&] {
      received += message.size();
      if (text.size() < kKept) text += as_text(message);
    });
  }
  void on_writable() override {
    note([&] { ++writable; });
    if (refill) refill();
  }
  void on_channel_closed(rtc::ChannelId channel) override {
    note([&] { closed.push_back(channel); });
  }
  void on_ended(const Failure& why) override {
    note([&] { ended.push_back(why); });
  }

  template <class Condition>
  bool wait(Condition condition, std::chrono::seconds limit = std::chrono::seconds(20)) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return condition(*this); });
  }
  template <class Look>
  auto look(Look look_at) {
    const std::lock_guard lock(mutex_);
    return look_at(*this);
  }

  Result<rtc::ChannelId> try_open(const rtc::ChannelSettings& channel) {
    Result<rtc::ChannelId> id = fail(Errc::closed);
    thread_.run([&] { id = link->open_channel(channel); });
    return id;
  }
  rtc::ChannelId open_channel(const rtc::ChannelSettings& channel) { return try_open(channel).value(); }
  Result<> send(rtc::ChannelId channel, std::string_view message, rtc::Delivery delivery = rtc::Delivery::reliable) {
    Result<> result;
    thread_.run([&] { result = link->send(channel, false, as_bytes(message), delivery, std::chrono::seconds(1)); });
    return result;
  }
  void run(const std::function<void(net::P2pLink&)>& task) {
    thread_.run([&] { task(*link); });
  }

  std::unique_ptr<net::P2pLink> link;  // used on the P2P thread
  P2pEnd* other = nullptr;             // gets our candidates
  std::function<void()> refill;
  std::vector<std::string> candidates;
  net::PathInfo path;
  std::vector<rtc::ChannelOpen> channels;
  std::vector<rtc::ChannelId> closed;
  std::vector<Failure> ended;
  std::string text;
  std::size_t received = 0;
  unsigned writable = 0;

 private:
  static constexpr std::size_t kKept = 1 << 16;

  template <class Change>
  void note(Change change) {
    {
      const std::lock_guard lock(mutex_);
      change();
    }
    changed_.notify_all();
  }

  net::P2pThread& thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
};

struct P2pPair {
  explicit P2pPair(net::IceSettings settings = loopback()) {
    thread.run([&] {
      camera.make(rtc::Certificate::make().value(), settings);
      viewer.make(rtc::Certificate::make().value(), settings);
      camera.other = &viewer;
      viewer.other = &camera;
    });
  }

  static net::IceSettings loopback() {
    net::IceSettings settings;
    settings.addresses = {"127.0.0.1"};
    return settings;
  }

  /// Offer and answer, as the signalling would carry them.
  void connect(const std::function<void(rtc::Description&)>& change_offer = nullptr) {
    thread.run([&] {
      auto offer = rtc::parse_description(viewer.link->offer().value()).value();
      if (change_offer) change_offer(offer);
      const auto answer = rtc::parse_description(camera.link->answer(offer).value()).value();
      if (!viewer.link->take_answer(answer)) throw std::runtime_error("the answer was not taken");
    });
  }

  net::P2pThread thread;
  P2pEnd camera{thread};
  P2pEnd viewer{thread};
};

}  // namespace camspan::test
