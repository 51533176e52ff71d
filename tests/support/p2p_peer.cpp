// Cameras or viewers without media, told what to do by lines on standard input, for tests and measurements with other
// programs' peers. One process holds any number of links, which gather on ADDRESS (127.0.0.1) or on all that the host
// has. Descriptions travel in base64, with their candidates in them.
//   p2p_peer camera|viewer [ADDRESS|all]
// Lines in:                     Lines out:
//   offer ID SDP                  answer ID SDP            camera: somebody wants to watch
//   connect ID LABEL              offer ID SDP             viewer: wants to watch; LABEL is its channel's,
//                                                            LABEL|LABEL those of several; each is told by `open`
//   answer ID SDP                 open ID MS               viewer: from `answer` to the open channel
//   leave ID                      ended ID SENTENCE        the other side is gone
//   stats                         stats KEY=VALUE ...      of the process and all links
// A camera does what the label of a channel says: `send=BYTES` (as fast as it goes, in messages of 16 KiB; then
// `done`), `rate=BITS` (a second, 25 messages each), `echo=1`. Viewers tell `done ID BYTES MS` after `expect=BYTES` of
// a label.
#include <openssl/evp.h>
#include <cstdio>
#include <iostream>
#include <map>
#include <sstream>

#include "net/p2p/p2p_link.hpp"
#include "support/process_stats.hpp"

namespace camspan {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kMessage = 16384;
constexpr milliseconds kFrame{40};

std::string to_base64(const std::string& text) {
  std::string out((text.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string from_base64(const std::string& text) {
  std::string out(text.size(), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  out.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return out.c_str();  // without the padding
}

std::uint64_t number_of(const std::string& label, const std::string& key) {
  const auto at = label.find(key + "=");
  return at == std::string::npos ? 0 : std::strtoull(label.c_str() + at + key.size() + 1, nullptr, 10);
}

void say(const std::string& line) {
  std::cout << line << '\n' << std::flush;
}

class Peers;

class End : public net::Link::Observer {
 public:
  End(Peers& peers, std::string id, std::string label);

  void on_candidate(std::string_view /*line*/) override {}
  void on_path(const net::PathInfo& /*path*/) override {}
  void on_channel(const rtc::ChannelOpen& channel) override;
  void on_message(rtc::ChannelId channel, bool text, ByteView message) override;
  void on_writable() override { fill(); }
  void on_channel_closed(rtc::ChannelId /*channel*/) override { frames_.cancel(); }
  void on_ended(const Failure& why) override;
  void answered(const rtc::Description& answer);

  std::unique_ptr<net::P2pLink> link;

 private:
  void fill();
  void send_frame();
  long elapsed_ms() const {
    return static_cast<long>(std::chrono::duration_cast<milliseconds>(Clock::now() - begun_).count());
  }

  Peers& peers_;
  std::string id_;
  std::string label_;  // of the channel; a camera learns it
  rtc::ChannelId channel_ = 0;
  net::P2pThread::Timer frames_;
  Clock::time_point begun_{};
  Clock::time_point next_frame_{};
  std::size_t sent_ = 0;
  std::size_t received_ = 0;
};

class Peers {
 public:
  Peers(bool camera, const std::string& address) : camera_(camera) {
    if (address == "all")
      settings_.loopback = true;
    else
      settings_.addresses = {address};
  }
  ~Peers() {
    thread.run([this] { ends_.clear(); });
  }

  void take(const std::string& line);
  void ended(const std::string& id, const std::string& why) {
    say("ended " + id + " " + why);
    thread.post([this, id] { ends_.erase(id); });
  }

  net::P2pThread thread;
  std::string message = std::string(1 << 20, 'm');

 private:
  End& add(const std::string& id, const std::string& label);
  void take_offer(const std::string& id, const std::string& sdp);
  void say_stats() const;

  bool camera_;
  net::IceSettings settings_;
  std::shared_ptr<const rtc::Certificate> certificate_ = rtc::Certificate::make().value();
  std::map<std::string, std::unique_ptr<End>> ends_;
};

End::End(Peers& peers, std::string id, std::string label)
    : peers_(peers), id_(std::move(id)), label_(std::move(label)), frames_(peers.thread, [this] { send_frame(); }) {}

void End::on_channel(const rtc::ChannelOpen& channel) {
  channel_ = channel.id;
  if (!channel.by_peer) return say("open " + id_ + " " + std::to_string(elapsed_ms()));
  label_ = channel.label;
  if (number_of(label_, "rate") != 0) {
    next_frame_ = Clock::now();
    send_frame();
  }
  fill();
}

void End::fill() {
  const std::size_t wanted = number_of(label_, "send");
  if (sent_ >= wanted) return;
  const ByteView message = as_bytes(peers_.message).first(kMessage);
  while (sent_ < wanted && link->send(channel_, false, message)) sent_ += message.size();
}

// What has no room is left out, as a camera does.
void End::send_frame() {
  const std::size_t size = number_of(label_, "rate") / 8 / 25;
  for (std::size_t at = 0; at < size; at += kMessage)
    if (!link->send(channel_, false, as_bytes(peers_.message).first(std::min(kMessage, size - at)))) break;
  next_frame_ += kFrame;
  frames_.set(next_frame_);
}

void End::on_message(rtc::ChannelId channel, bool text, ByteView message) {
  received_ += message.size();
  if (number_of(label_, "echo") != 0 && link->send(channel, text, message)) return;
  const std::size_t expected = number_of(label_, "expect");
  if (expected != 0 && received_ >= expected && received_ - message.size() < expected)
    say("done " + id_ + " " + std::to_string(received_) + " " + std::to_string(elapsed_ms()));
}

void End::on_ended(const Failure& why) {
  frames_.cancel();
  peers_.ended(id_, why.sentence);
}

void End::answered(const rtc::Description& answer) {
  begun_ = Clock::now();
  bool taken = link->take_answer(answer).has_value();
  std::istringstream labels(label_);
  for (std::string label; taken && std::getline(labels, label, '|');) taken = link->open_channel({label}).has_value();
  if (!taken) say("ended " + id_ + " not taken");
}

End& Peers::add(const std::string& id, const std::string& label) {
  auto& end = ends_[id];
  end = std::make_unique<End>(*this, id, label);
  end->link = std::make_unique<net::P2pLink>(thread, certificate_, settings_, *end);
  return *end;
}

void Peers::take_offer(const std::string& id, const std::string& sdp) {
  const auto offer = rtc::parse_description(sdp);
  if (!offer) return say("ended " + id + " " + offer.error().sentence);
  const auto answer = add(id, "").link->answer(*offer);
  say(answer ? "answer " + id + " " + to_base64(*answer) : "ended " + id + " " + answer.error().message());
}

void Peers::take(const std::string& line) {
  std::istringstream words(line);
  std::string verb;
  std::string id;
  std::string rest;
  words >> verb >> id >> rest;
  if (verb == "stats") return say_stats();
  if (verb == "leave") return void(ends_.erase(id));
  if (camera_ && verb == "offer") return take_offer(id, from_base64(rest));
  if (verb == "connect") return say("offer " + id + " " + to_base64(add(id, rest).link->offer().value()));
  if (verb == "answer") return ends_.at(id)->answered(rtc::parse_description(from_base64(rest)).value());
}

void Peers::say_stats() const {
  std::uint64_t sent = 0;
  std::uint64_t refused = 0;
  std::size_t buffered = 0;
  double loss = 0;
  std::size_t cwnd = 0;
  milliseconds rtt{0};
  for (const auto& [id, end] : ends_) {
    const auto stats = end->link->stats();
    sent += stats.bytes_sent;
    refused += stats.datagrams_refused;
    buffered += stats.buffered_bytes;
    loss = std::max(loss, stats.loss);
    cwnd = std::max(cwnd, stats.cwnd);
    rtt = std::max(rtt, std::chrono::duration_cast<milliseconds>(stats.rtt));
  }
  say("stats links=" + std::to_string(ends_.size()) + test::process_stats() + " sent=" + std::to_string(sent) +
      " buffered=" + std::to_string(buffered) + " refused=" + std::to_string(refused) +
      " loss=" + std::to_string(loss) + " cwnd=" + std::to_string(cwnd) + " rtt_ms=" + std::to_string(rtt.count()));
}

int run(int argc, char** argv) {
  if (argc < 2) return 2;
  Peers peers(std::string_view(argv[1]) == "camera", argc > 2 ? argv[2] : "127.0.0.1");
  for (std::string line; std::getline(std::cin, line);) peers.thread.run([&] { peers.take(line); });
  return 0;
}

}  // namespace
}  // namespace camspan

int main(int argc, char** argv) {
  return camspan::run(argc, argv);
}
