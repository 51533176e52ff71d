#include <camspan/hal_tls.h>
#include <openssl/ssl.h>
#include <array>
#include <camspan/p2p_viewer.hpp>
#include <future>

#include "api/viewer_commands.hpp"
#include "api/whep_client.hpp"
#include "core/log.hpp"
#include "net/io_thread.hpp"
#include "net/network_watch.hpp"
#include "net/p2p/p2p_link.hpp"
#include "proto/rtc/timed_reader.hpp"

namespace camspan {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kLeaveTimeout{1};

struct FreeContext {
  void operator()(ssl_ctx_st* context) const noexcept { SSL_CTX_free(context); }
};
using ContextPtr = std::shared_ptr<ssl_ctx_st>;

tl::expected<ContextPtr, Failure> make_context(const std::string& ca_file) {
  hal_tls_options options{};
  options.ca_file = ca_file.empty() ? nullptr : ca_file.c_str();
  options.alpn = "h2";
  options.verify = 1;
  std::array<char, 512> why{};
  ssl_ctx_st* context = hal_tls_context(HAL_TLS_CLIENT, &options, why.data(), why.size());
  if (context == nullptr) return tl::unexpected<Failure>(Failure{Errc::bad_setting, why.data(), 0});
  return ContextPtr(context, FreeContext{});
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace

/// Lives on the P2P thread; what the I/O thread tells it is posted.
class ViewerCore : public net::Link::Observer, public std::enable_shared_from_this<ViewerCore> {
 public:
  ViewerCore(P2pViewerConfig config, Url url, ContextPtr tls, P2pViewerEvents events)
      : config_(std::move(config)), url_(std::move(url)), tls_(std::move(tls)), events_(std::move(events)) {}

  void start();
  void leave();
  P2pViewerStats stats() const;
  void command(std::string text, milliseconds timeout, ViewerCommands::Answered answered);
  /// Set once the server knows that we left.
  std::future<void> left() { return left_->get_future(); }

  void on_candidate(std::string_view line) override;
  void on_path(const net::PathInfo& path) override;
  void on_channel(const rtc::ChannelOpen& channel) override {
    if (commands_) commands_->on_channel(channel);
  }
  void on_message(rtc::ChannelId channel, bool text, ByteView message) override;
  void on_writable() override {
    if (commands_) commands_->send();
  }
  void on_channel_closed(rtc::ChannelId channel) override;
  void on_ended(const Failure& why) override { end(why); }

 private:
  void signal(const std::string& offer);
  void take_answer(const WhepClient::Answer& answered);
  void take_restart(const rtc::IceCredentials& camera);
  void restart();
  void network_changed();
  void take_timed(ByteView message);
  void give_timed();
  void command_timeout();
  void arm_commands();
  void end(const Failure& why);

  std::shared_ptr<net::P2pThread> p2p_ = net::P2pThread::shared();
  std::shared_ptr<net::IoThread> io_ = net::IoThread::shared();
  P2pViewerConfig config_;
  Url url_;
  ContextPtr tls_;
  P2pViewerEvents events_;
  std::unique_ptr<net::P2pLink> link_;
  std::shared_ptr<WhepClient> whep_;  // used on the I/O thread
  std::shared_ptr<std::promise<void>> left_ = std::make_shared<std::promise<void>>();
  std::optional<net::NetworkWatch> watch_;  // used on the I/O thread
  std::vector<net::IceServer> servers_;
  std::string camera_ufrag_;  // of the newest ICE generation
  std::string path_ufrag_;    // of the generation that has the path
  unsigned restarts_ = 0;
  steady_clock::time_point begun_{};
  std::optional<milliseconds> signalled_;
  /// Asked before there was an answer.
  struct Early {
    std::string text;
    milliseconds timeout;
    ViewerCommands::Answered answered;
  };
  std::vector<Early> early_commands_;
  std::unique_ptr<ViewerCommands> commands_;  // once there is an answer
  std::optional<net::P2pThread::Timer> command_timer_;
  std::optional<rtc::ChannelId> channel_;
  std::optional<rtc::TimedReader> reader_;  // of timed messages
  std::optional<net::P2pThread::Timer> reader_timer_;
  bool over_ = false;

  friend class P2pViewer;
};

void ViewerCore::start() {
  begun_ = steady_clock::now();
  auto certificate = rtc::Certificate::make();
  if (!certificate) return end({certificate.error(), "No certificate could be made for this viewer.", 0});
  net::IceSettings ice;
  ice.loopback = is_loopback(url_.host);
  ice.servers_come = true;
  ice.tcp = true;  // where the camera listens for it and UDP does not pass
  link_ = std::make_unique<net::P2pLink>(*p2p_, std::move(*certificate), std::move(ice), *this);
  const auto offer = link_->offer();
  if (!offer) return end({offer.error(), "This host has no network address to be reached at.", 0});
  signal(*offer);
}

void ViewerCore::signal(const std::string& offer) {
  WhepClient::Setup setup;
  setup.url = url_;
  setup.url.path += url_.path.find('?') == std::string::npos ? "?" : "&";
  if (!config_.params.empty()) setup.url.path += config_.params + "&";
  setup.url.path += "_trickle=1";
  setup.token = config_.token;
  setup.tls = url_.tls ? tls_.get() : nullptr;
  if (const auto own = rtc::parse_description(offer)) setup.ice = own->ice;
  const auto on_thread = [self = weak_from_this(), thread = std::weak_ptr(p2p_)](auto task) {
    const auto running = thread.lock();
    if (running == nullptr) return;
    running->post([self, task = std::move(task)] {
      if (const auto core = self.lock()) task(*core);
    });
  };
  WhepClient::Events events;
  events.answered = [on_thread](WhepClient::Answer answer) {
    on_thread([answer = std::move(answer)](ViewerCore& core) { core.take_answer(answer); });
  };
  events.restart = [on_thread](rtc::IceCredentials camera) {
    on_thread([camera = std::move(camera)](ViewerCore& core) { core.take_restart(camera); });
  };
  events.candidate = [on_thread](std::string line) {
    on_thread([line = std::move(line)](ViewerCore& core) {
      if (core.link_ != nullptr) core.link_->add_candidate(line);
    });
  };
  events.failed = [on_thread](Failure why) { on_thread([why = std::move(why)](ViewerCore& core) { core.end(why); }); };
  events.done = [left = left_, tls = tls_] { left->set_value(); };
  whep_ = std::make_shared<WhepClient>(io_->executor(), std::move(setup), std::move(events));
  const auto changed = [on_thread, whep = std::weak_ptr(whep_)] {
    if (const auto running = whep.lock()) running->network_changed();
    on_thread([](ViewerCore& core) { core.network_changed(); });
  };
  io_->post([self = shared_from_this(), whep = whep_, offer, changed] {
    whep->start(offer);
    self->watch_.emplace(self->io_->executor(), changed);
  });
}

void ViewerCore::take_answer(const WhepClient::Answer& answered) {
  if (over_ || link_ == nullptr) return;
  signalled_ = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begun_);
  const auto answer = rtc::parse_description(answered.sdp);
  if (!answer) return end({Errc::malformed, "The camera's answer cannot be read: " + answer.error().sentence, 0});
  servers_ = answered.servers;
  camera_ufrag_ = answer->ice.ufrag;
  if (const auto taken = link_->take_answer(*answer, servers_); !taken)
    return end({taken.error(),
                taken.error() == make_error_code(Errc::unreachable)
                    ? "This host has no network address to be reached at."
                    : "The camera's answer has no data channels.",
                0});
  commands_ = std::make_unique<ViewerCommands>(*link_, events_.on_command);
  command_timer_.emplace(*p2p_, [this] { command_timeout(); });
  for (Early& early : std::exchange(early_commands_, {}))
    command(std::move(early.text), early.timeout, std::move(early.answered));
  if (config_.params.empty()) return;
  rtc::ChannelSettings channel;
  channel.label = config_.params;
  channel.protocol = config_.timed ? "camspan-flv-timed" : "camspan-flv";
  if (config_.timed) {
    reader_.emplace();
    reader_timer_.emplace(*p2p_, [this] {
      reader_->on_timeout(steady_clock::now());
      give_timed();
    });
  }
  const auto id = link_->open_channel(channel);
  if (!id) return end({id.error(), "The channel could not be asked for: are the parameters too long?", 0});
  channel_ = *id;
}

void ViewerCore::command(std::string text, milliseconds timeout, ViewerCommands::Answered answered) {
  if (over_) return answered({{}, make_error_code(Errc::closed), 0, "There is no connection any more."});
  if (!commands_) return early_commands_.push_back({std::move(text), timeout, std::move(answered)});
  commands_->ask(text, timeout, steady_clock::now(), std::move(answered));
  arm_commands();
}

void ViewerCore::command_timeout() {
  commands_->on_timeout(steady_clock::now());
  arm_commands();
}

void ViewerCore::arm_commands() {
  if (const auto next = commands_->next_timeout())
    command_timer_->set(*next);
  else
    command_timer_->cancel();
}

/// It asks, because it has moved; or it answers us.
void ViewerCore::take_restart(const rtc::IceCredentials& camera) {
  if (over_ || link_ == nullptr || camera.ufrag == camera_ufrag_) return;
  if (!link_->restart_asked()) restart();
  camera_ufrag_ = camera.ufrag;
  link_->answer_restart(camera);
}

void ViewerCore::restart() {
  auto own = link_->restart(servers_);
  if (!own) return log::info("view", "ICE cannot be restarted: ", own.error().message());
  io_->post([whep = whep_, own = std::move(*own)] { whep->restart(own); });
}

void ViewerCore::network_changed() {
  if (!over_ && link_ != nullptr && link_->moved()) restart();
}

void ViewerCore::on_path(const net::PathInfo& /*path*/) {
  if (path_ufrag_ == camera_ufrag_) return;
  if (!std::exchange(path_ufrag_, camera_ufrag_).empty()) ++restarts_;
}

void ViewerCore::on_candidate(std::string_view line) {
  if (whep_ == nullptr) return;
  io_->post([whep = whep_, text = std::string(line)] { whep->candidate(text); });
}

void ViewerCore::on_message(rtc::ChannelId channel, bool /*text*/, ByteView message) {
  if (over_) return;
  if (channel == channel_ && reader_)
    take_timed(message);
  else if (channel == channel_ && events_.on_data)
    events_.on_data(message);
  if (commands_) commands_->on_message(channel, message);
}

void ViewerCore::take_timed(ByteView message) {
  if (const auto fed = reader_->feed(message, steady_clock::now()); !fed)
    return end({fed.error(), "The camera sent what is no part of a timed stream.", 0});
  give_timed();
}

void ViewerCore::give_timed() {
  while (const auto piece = reader_->poll())
    if (events_.on_data) events_.on_data(*piece);
  if (const auto next = reader_->next_timeout())
    reader_timer_->set(*next);
  else
    reader_timer_->cancel();
}

void ViewerCore::on_channel_closed(rtc::ChannelId channel) {
  if (commands_) commands_->on_channel_closed(channel);
  if (channel == channel_) end({Errc::closed, "The camera ended the stream.", 0});
}

void ViewerCore::end(const Failure& why) {
  if (std::exchange(over_, true)) return;
  reader_timer_.reset();
  if (commands_) {
    commands_->end(why.sentence);
    arm_commands();
  }
  for (const Early& early : std::exchange(early_commands_, {}))
    early.answered({{}, make_error_code(Errc::closed), 0, why.sentence});
  if (events_.on_ended) events_.on_ended(why);
}

void ViewerCore::leave() {
  over_ = true;
  reader_timer_.reset();
  command_timer_.reset();
  commands_.reset();
  if (link_ != nullptr) link_->close();
  link_.reset();
  if (whep_ == nullptr) return left_->set_value();
  io_->post([self = shared_from_this(), whep = std::move(whep_)] {
    self->watch_.reset();
    whep->leave();
  });
}

P2pViewerStats ViewerCore::stats() const {
  P2pViewerStats stats;
  stats.signal = signalled_;
  if (link_ == nullptr) return stats;
  const auto link = link_->stats();
  stats.ice = link.ice;
  stats.dtls = link.dtls;
  stats.open = link.open;
  stats.rtt = link.rtt;
  stats.bytes = link.bytes_received;
  if (reader_) stats.tags_lost = reader_->lost_tags();
  stats.relayed = link.path.relayed;
  stats.restarts = restarts_;
  if (!link.path.protocol.empty())
    stats.path = link.path.local_type + "/" + link.path.remote_type + " " + link.path.protocol;
  return stats;
}

struct P2pViewer::Impl {
  std::shared_ptr<net::P2pThread> thread;
  std::shared_ptr<net::IoThread> io;
  std::shared_ptr<ViewerCore> core;
};

tl::expected<std::unique_ptr<P2pViewer>, Failure> P2pViewer::create(P2pViewerConfig config, P2pViewerEvents events) {
  auto url = parse_url(config.url);
  if (!url) return tl::unexpected(std::move(url.error()));
  ContextPtr tls;
  if (url->tls) {
    auto context = make_context(config.ca_file);
    if (!context) return tl::unexpected(std::move(context.error()));
    tls = std::move(*context);
  }
  auto impl = std::make_unique<Impl>();
  impl->core = std::make_shared<ViewerCore>(std::move(config), std::move(*url), std::move(tls), std::move(events));
  impl->thread = impl->core->p2p_;
  impl->io = impl->core->io_;
  return std::unique_ptr<P2pViewer>(new P2pViewer(std::move(impl)));
}

P2pViewer::P2pViewer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

P2pViewer::~P2pViewer() {
  auto left = impl_->core->left();
  impl_->thread->run([this] { impl_->core->leave(); });
  left.wait_for(kLeaveTimeout);
}

void P2pViewer::start() {
  impl_->thread->post([core = impl_->core] { core->start(); });
}

void P2pViewer::command(std::string text, milliseconds timeout, std::function<void(const P2pCommandAnswer&)> answered) {
  impl_->thread->post([core = impl_->core, text = std::move(text), timeout, answered = std::move(answered)] {
    core->command(text, timeout, answered);
  });
}

P2pViewerStats P2pViewer::stats() const {
  P2pViewerStats stats;
  impl_->thread->run([&] { stats = impl_->core->stats(); });
  return stats;
}

}  // namespace camspan
