#include <atomic>
#include <camspan/p2p_camera.hpp>
#include <fstream>
#include <iterator>

#include "api/event_notifier.hpp"
#include "api/p2p_ice.hpp"
#include "api/p2p_signaller.hpp"
#include "core/log.hpp"
#include "core/media_queue.hpp"
#include "net/p2p/p2p_session.hpp"
#include "net/p2p/p2p_thread.hpp"
#include "proto/flv/parser.hpp"
#include "proto/rtc/certificate.hpp"
#include "proto/rtc/request_label.hpp"

namespace camspan {
namespace {

using P2pNotifier = EventNotifier<P2pCameraEvents>;
using SharedCertificate = std::shared_ptr<const rtc::Certificate>;

tl::unexpected<Failure> bad(std::string sentence) {
  return tl::unexpected<Failure>(Failure{Errc::bad_setting, std::move(sentence), 0});
}

/// Made once for all cameras of the process that bring none of their own.
Result<SharedCertificate> own_certificate() {
  static const Result<SharedCertificate> made = rtc::Certificate::make();
  return made;
}

tl::expected<SharedCertificate, Failure> certificate_of(const P2pCameraConfig& config) {
  const std::string& path = config.certificate_file;
  if (path.empty()) {
    auto made = own_certificate();
    if (made) return *made;
    return tl::unexpected<Failure>(Failure{made.error(), "OpenSSL cannot make a certificate for DTLS.", 0});
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) return bad("cannot read certificate-file " + path + ".");
  const std::string pem((std::istreambuf_iterator<char>(in)), {});
  auto certificate = rtc::Certificate::from_pem(pem);
  if (!certificate) return bad("certificate-file " + path + " holds no ECDSA P-256 certificate with its key (PEM).");
  return *certificate;
}

std::optional<Failure> wrong_bounds(const P2pCameraConfig& config) {
  if (config.min_bitrate <= config.max_bitrate) return std::nullopt;
  return Failure{Errc::bad_setting, "min-bitrate is above max-bitrate.", 0};
}

/// What may wait between the streaming thread and the P2P thread. The latter never waits for anything, so this is used
/// up only when the machine is.
MediaQueue::Bounds hand_over() {
  return {4 << 20, std::chrono::seconds(2), Leaky::downstream};
}

bool begins_flv(ByteView bytes) {
  return as_text(bytes).starts_with("FLV");
}

P2pState to_state(net::SignalState state) {
  if (state == net::SignalState::connected) return P2pState::connected;
  return state == net::SignalState::lost ? P2pState::waiting : P2pState::connecting;
}

net::P2pSessionEvents session_events(const P2pNotifier& notify, const std::weak_ptr<net::P2pThread>& thread,
                                     P2pSignalling signalling);

}  // namespace

/// What runs on the P2P thread, and what hands over to it.
struct P2pCamera::Impl {
  Impl(P2pCameraConfig settings, net::IceSettings ice, SharedCertificate own, P2pCameraEvents events);
  ~Impl();

  tl::expected<void, Failure> connect(const std::vector<net::IceServer>& servers);
  Result<> push(const SharedUnit& piece);
  void take_queued();
  void tick();
  /// On the P2P thread, and waits for it.
  template <class Task>
  void run(Task task) const {
    thread->run(task);
  }

  const P2pCameraConfig config;
  rtc::RenewedCertificate certificate;  ///< P2P thread
  const std::shared_ptr<net::P2pThread> thread;
  const P2pNotifier notify;
  const std::shared_ptr<bool> alive = std::make_shared<bool>(true);  ///< P2P thread
  std::unique_ptr<net::P2pSession> session;                          ///< P2P thread
  std::unique_ptr<net::P2pThread::Timer> timer;                      ///< P2P thread
  P2pSignaller signaller;
  MediaQueue queue;
  flv::Parser parser;    ///< streaming thread
  bool started = false;  ///< streaming thread
};

P2pCamera::Impl::Impl(P2pCameraConfig settings, net::IceSettings ice, SharedCertificate own, P2pCameraEvents events)
    : config(std::move(settings)),
      certificate(std::move(own), std::chrono::steady_clock::now()),
      thread(net::P2pThread::shared()),
      notify(std::move(events)),
      queue(hand_over(), [this, alive = alive] {
        thread->post([this, alive] {
          if (*alive) take_queued();
        });
      }) {
  queue.expect_no_acknowledgement(std::chrono::nanoseconds(0));
  run([&] {
    const auto make_link = [this](const net::IceSettings& now, net::Link::Observer& observer) {
      return std::make_unique<net::P2pLink>(*thread, certificate.current(), now, observer);
    };
    session = std::make_unique<net::P2pSession>(config, std::move(ice), make_link,
                                                session_events(notify, thread, config.signalling),
                                                [] { return std::chrono::steady_clock::now(); });
    timer = std::make_unique<net::P2pThread::Timer>(*thread, [this] { tick(); });
  });
}

P2pCamera::Impl::~Impl() {
  notify.silence();
  run([this] {
    *alive = false;
    timer.reset();
    if (signaller.signaller) session->disconnect_all();
    session.reset();
    signaller.signaller.reset();
  });
}

tl::expected<void, Failure> P2pCamera::Impl::connect(const std::vector<net::IceServer>& servers) {
  const auto post = [thread = thread.get(), alive = alive](std::function<void()> task) {
    thread->post([alive, task = std::move(task)] {
      if (*alive) task();
    });
  };
  tl::expected<void, Failure> connected;
  run([&] {
    auto made = make_signaller(config, servers, *session, post);
    if (!made) {
      connected = tl::unexpected<Failure>(std::move(made.error()));
      return;
    }
    signaller = std::move(*made);
    session->use(*signaller.signaller);
  });
  return connected;
}

void P2pCamera::Impl::tick() {
  session->tick();
  if (config.certificate_file.empty() && session->idle()) certificate.renew(std::chrono::steady_clock::now());
  timer->set_after(net::P2pSession::kTick);
}

void P2pCamera::Impl::take_queued() {
  while (const auto next = queue.next()) {
    session->deliver(next->unit);
    if (signaller.show) signaller.show(next->unit);
  }
  if (queue.take_key_request()) session->keyframe_requested(0);
}

Result<> P2pCamera::Impl::push(const SharedUnit& piece) {
  // A muxer that starts over writes its file header again.
  if (parser.header_seen() && parser.at_boundary() && begins_flv(piece->bytes)) parser = flv::Parser();
  const Result<> fed = parser.feed(piece);
  while (auto tag = parser.poll()) queue.push(std::move(*tag));  // what finds no room is counted there
  return fed;
}

namespace {

P2pCommand command_of(const std::string& text) {
  const auto read = rtc::parse_request_label(text);
  return {text, read ? read->fields : decltype(read->fields){}};
}

/// Events of the session as the user's, on the notify thread.
net::P2pSessionEvents session_events(const P2pNotifier& notify, const std::weak_ptr<net::P2pThread>& thread,
                                     P2pSignalling signalling) {
  net::P2pSessionEvents events;
  events.state = [notify, signalling](net::SignalState state, const Failure& why) {
    const bool lost = state == net::SignalState::lost;
    // A hub comes back; a port that cannot be had does not.
    const bool failed = lost && signalling == P2pSignalling::local;
    notify(&P2pCameraEvents::state, failed ? P2pState::failed : to_state(state));
    if (lost) notify(failed ? &P2pCameraEvents::failed : &P2pCameraEvents::lost, why);
  };
  if (notify.hears(&P2pCameraEvents::viewer_connecting))
    events.viewer_connecting = [notify, thread](const P2pViewerInfo& viewer, std::function<void(bool)> decide) {
      const std::function<void(bool)> answered = [thread, decide = std::move(decide)](bool yes) {
        if (const auto p2p = thread.lock()) p2p->post([decide, yes] { decide(yes); });
      };
      notify.ask(&P2pCameraEvents::viewer_connecting, false, answered, viewer);
    };
  events.viewer_added = [notify](const P2pViewerInfo& viewer) { notify(&P2pCameraEvents::viewer_added, viewer); };
  events.viewer_removed = [notify](const std::string& id, const std::string& reason) {
    notify(&P2pCameraEvents::viewer_removed, id, reason);
  };
  events.viewer_failed = [notify](const std::string& id, const Failure& why) {
    notify(&P2pCameraEvents::viewer_failed, id, why);
  };
  if (notify.hears(&P2pCameraEvents::viewer_message))
    events.viewer_message = [notify](const std::string& id, const std::string& label, ByteView message) {
      notify(&P2pCameraEvents::viewer_message, id, label, Bytes(message.begin(), message.end()));
    };
  if (notify.hears(&P2pCameraEvents::command))
    events.command = [notify, thread](const std::string& id, const std::string& text,
                                      net::ViewerConnection::CommandDone done) {
      const std::function<void(P2pCommandReply)> answered = [thread, done = std::move(done)](P2pCommandReply reply) {
        if (const auto p2p = thread.lock()) p2p->post([done, reply = std::move(reply)] { done(reply); });
      };
      notify.ask(&P2pCameraEvents::command, P2pCommandReply{{}, 503, "stopping"}, answered, id, command_of(text));
    };
  events.need_key = [notify](std::uint64_t count) { notify(&P2pCameraEvents::need_key, count); };
  events.bitrate = [notify](const net::BitratePolicy::Target& target) {
    notify(&P2pCameraEvents::bitrate, target.bits_per_second, target.at_floor);
  };
  events.overflow = [notify](bool dropping, std::size_t level) {
    notify(&P2pCameraEvents::overflow, dropping, std::uint64_t{level});
  };
  return events;
}

}  // namespace

tl::expected<std::unique_ptr<P2pCamera>, Failure> P2pCamera::create(P2pCameraConfig config, P2pCameraEvents events) {
  if (auto wrong = wrong_bounds(config)) return tl::unexpected<Failure>(std::move(*wrong));
  auto ice = ice_settings(config);
  if (!ice) return tl::unexpected<Failure>(std::move(ice.error()));
  auto certificate = certificate_of(config);
  if (!certificate) return tl::unexpected<Failure>(std::move(certificate.error()));
  const std::vector<net::IceServer> servers = ice->servers;
  auto impl = std::make_unique<Impl>(std::move(config), std::move(*ice), std::move(*certificate), std::move(events));
  if (auto connected = impl->connect(servers); !connected) return tl::unexpected<Failure>(std::move(connected.error()));
  return std::unique_ptr<P2pCamera>(new P2pCamera(std::move(impl)));
}

P2pCamera::P2pCamera(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

P2pCamera::~P2pCamera() = default;

void P2pCamera::start() {
  if (std::exchange(impl_->started, true)) return;
  impl_->thread->post([impl = impl_.get(), alive = impl_->alive] {
    if (*alive) impl->tick();
  });
  impl_->signaller.signaller->start();
}

Result<> P2pCamera::push(const SharedUnit& piece) {
  return impl_->push(piece);
}

void P2pCamera::flush() {
  if (!impl_->parser.at_boundary()) impl_->parser = flv::Parser();
  impl_->queue.clear();
  impl_->run([this] { impl_->session->flush(); });
}

void P2pCamera::update(const P2pCameraConfig& config) {
  impl_->run([&] { impl_->session->update(config); });
}

bool P2pCamera::disconnect(const std::string& id) {
  bool found = false;
  impl_->run([&] { found = impl_->session->disconnect(id); });
  return found;
}

Result<> P2pCamera::send_message(const std::string& id, const std::string& label, ByteView message) {
  Result<> sent;
  impl_->run([&] { sent = impl_->session->send_message(id, label, message); });
  return sent;
}

P2pCameraStats P2pCamera::stats() const {
  P2pCameraStats stats;
  impl_->run([&] { impl_->session->fill(stats); });
  stats.input_dropped = impl_->queue.level().dropped_units;
  return stats;
}

std::uint16_t P2pCamera::local_port() const {
  return impl_->signaller.port ? impl_->signaller.port() : std::uint16_t{0};
}

}  // namespace camspan
