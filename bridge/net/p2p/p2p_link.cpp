#include "net/p2p/p2p_link.hpp"

#include <random>

#include "core/log.hpp"
#include "net/p2p/ice_agent.hpp"
#include "net/p2p/ice_path.hpp"
#include "proto/rtc/peer.hpp"

namespace camspan::net {
namespace {

using std::chrono::steady_clock;

// From the offer to an association, whatever the peer does. Above what trickling over a slow phone takes.
constexpr std::chrono::seconds kOpenDeadline{30};
// What we take in one message: a command is at most 64 KiB (camspan-wire.md section 5).
constexpr std::size_t kMaxMessage = 64 << 10;

// A viewer has one link, which is to be filled at any round trip; a camera has many, on which little comes in.
constexpr std::size_t kViewerReceiveSpace = 1 << 20;
// With no more than this waiting, a queue that was full counts as drained: a live stream always has something on its
// way.
constexpr std::size_t kDrained = 64 << 10;
// As much as this waiting is worth giving back afterwards.
constexpr std::size_t kMuch = 2 * kDrained;

std::uint64_t random_session_id() {
  std::random_device source;
  return (std::uint64_t{source()} << 32 | source()) >> 2;
}

std::chrono::milliseconds since(TimePoint begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - begin);
}

// Timers of all links come due together, so that usrsctp's clock moves once for all of them.
TimePoint on_grid(TimePoint when) {
  return TimePoint(when.time_since_epoch() / rtc::kSctpTick * rtc::kSctpTick);
}

}  // namespace

struct P2pLink::Impl final : IceTransport::Observer {
  Impl(P2pThread& thread, std::shared_ptr<const rtc::Certificate> certificate, IceSettings settings,
       P2pLink::Observer& observer);

  rtc::LocalTransport local_transport();
  Result<> make_agent(IceAgent::Role role);
  Result<> gather(const std::vector<IceServer>& servers);
  void tell_early_candidates();
  void connect(const rtc::Description& remote, rtc::Dtls::Role role);
  Result<rtc::IceCredentials> restart(const std::vector<IceServer>& servers);
  void add_candidate(std::string_view line);

  void on_ice_candidate(std::string_view line) override;
  void on_ice_path(const PathInfo& path) override;
  void on_ice_datagram(ByteView datagram) override;
  void on_ice_lost() override;

  void pump();
  void flush();
  void take(rtc::Peer::Event& event);
  void take_ended(std::error_code reason);
  void on_timer();
  void give_back_memory();
  void arm(TimePoint now);
  void end(const Failure& why);
  void close();

  P2pThread& thread;
  std::shared_ptr<const rtc::Certificate> certificate;
  IceSettings settings;
  P2pLink::Observer& observer;
  std::unique_ptr<IcePath> ice;
  std::unique_ptr<rtc::Peer> peer;
  P2pThread::Timer timer;
  P2pThread::Timer news;  // what was found while gathering is told from the loop, never from within a call
  std::vector<std::string> early_candidates;
  TimePoint begun{};
  LinkStats counted;
  bool watches = false;        // offer() was called: we are the viewer
  bool gathering_now = false;  // within a call
  bool gathered = false;
  bool pumping = false;
  bool connected = false;
  bool over = false;
  bool was_full = false;  // much waited, and has not drained since
};

P2pLink::Impl::Impl(P2pThread& on, std::shared_ptr<const rtc::Certificate> with, IceSettings ice_settings,
                    P2pLink::Observer& told)
    : thread(on),
      certificate(std::move(with)),
      settings(std::move(ice_settings)),
      observer(told),
      timer(on, [this] { on_timer(); }),
      news(on, [this] { tell_early_candidates(); }) {}

Result<> P2pLink::Impl::make_agent(IceAgent::Role role) {
  if (ice != nullptr || over) return fail(Errc::closed);
  begun = steady_clock::now();
  const auto make = [this, role](IceTransport::Observer& told) -> std::unique_ptr<IceTransport> {
    return std::make_unique<IceAgent>(thread, settings, role, told);
  };
  ice = std::make_unique<IcePath>(make, *this);
  timer.set(begun + kOpenDeadline);
  return {};
}

/// Candidates that are found at once wait: for the description, or for the loop.
Result<> P2pLink::Impl::gather(const std::vector<IceServer>& servers) {
  gathered = false;
  gathering_now = true;
  auto result = ice->gather(servers);
  gathering_now = false;
  news.set(steady_clock::now());
  return result;
}

void P2pLink::Impl::tell_early_candidates() {
  for (const auto& line : std::exchange(early_candidates, {}))
    if (!over) observer.on_candidate(line);
  if (gathered && !over) observer.on_candidate("");
}

rtc::LocalTransport P2pLink::Impl::local_transport() {
  rtc::LocalTransport local;
  local.ice = ice->local();
  local.fingerprint = certificate->fingerprint();
  local.session_id = random_session_id();
  local.max_message_size = kMaxMessage;
  local.candidates = std::exchange(early_candidates, {});
  local.end_of_candidates = gathered;
  return local;
}

void P2pLink::Impl::connect(const rtc::Description& remote, rtc::Dtls::Role role) {
  rtc::PeerSettings peer_settings;
  peer_settings.role = role;
  peer_settings.remote = remote.fingerprint;
  peer_settings.max_message = remote.max_message_size;
  peer_settings.max_datagram = settings.max_datagram;
  peer_settings.sctp.remote_port = remote.sctp_port;
  peer_settings.sctp.max_message = kMaxMessage;
  if (watches) peer_settings.sctp.receive_space = kViewerReceiveSpace;
  peer = std::make_unique<rtc::Peer>(certificate, peer_settings);
  ice->set_remote(remote.ice);
  for (const auto& line : remote.candidates) add_candidate(line);
  if (remote.end_of_candidates) add_candidate("");
}

void P2pLink::Impl::add_candidate(std::string_view line) {
  if (over || ice == nullptr) return;
  if (line.empty())
    ice->end_remote();
  else if (!ice->add_remote(line))
    ++counted.candidates_ignored;
}

void P2pLink::Impl::on_ice_candidate(std::string_view line) {
  if (over) return;
  if (line.empty()) gathered = true;
  if (!gathering_now)
    observer.on_candidate(line);
  else if (!line.empty())
    early_candidates.emplace_back(line);
}

void P2pLink::Impl::on_ice_path(const PathInfo& path) {
  if (over) return;
  if (!counted.ice) counted.ice = since(begun);
  counted.path = path;
  observer.on_path(path);
  if (over || peer == nullptr) return;
  peer->start();
  pump();
}

void P2pLink::Impl::on_ice_datagram(ByteView datagram) {
  if (over || peer == nullptr) return;
  peer->feed(datagram);
  pump();
}

Result<rtc::IceCredentials> P2pLink::Impl::restart(const std::vector<IceServer>& servers) {
  if (over || peer == nullptr) return fail(Errc::closed);
  early_candidates.clear();
  ice->restart(steady_clock::now());
  if (const auto begun_anew = gather(servers); !begun_anew) return fail(begun_anew.error());
  arm(steady_clock::now());
  return ice->local();
}

void P2pLink::Impl::on_ice_lost() {
  end({Errc::connection_lost, "The viewer no longer answers"});
}

// Nothing is nested: what the observer does from within an event is sent by the loop that runs.
void P2pLink::Impl::pump() {
  if (std::exchange(pumping, true)) return;
  while (!over) {
    auto event = peer->poll();
    if (!event) break;
    take(*event);
  }
  pumping = false;
  if (over) return;
  flush();
  arm(steady_clock::now());
}

void P2pLink::Impl::flush() {
  auto& datagrams = peer->output();
  if (datagrams.empty()) return;
  counted.datagrams_refused += ice->send(datagrams);
  datagrams.clear();
}

void P2pLink::Impl::take(rtc::Peer::Event& event) {
  if (std::holds_alternative<rtc::Peer::Secured>(event)) {
    counted.dtls = since(begun);
  } else if (std::holds_alternative<rtc::Peer::Connected>(event)) {
    connected = true;
    thread.trim_memory_soon();  // of what the handshake and the first pictures took
  } else if (const auto* channel = std::get_if<ChannelOpen>(&event)) {
    if (!counted.open) counted.open = since(begun);
    observer.on_channel(*channel);
  } else if (const auto* message = std::get_if<rtc::DataChannels::Message>(&event)) {
    observer.on_message(message->channel, message->text, message->data);
  } else if (const auto* closed = std::get_if<rtc::DataChannels::Closed>(&event)) {
    observer.on_channel_closed(closed->channel);
  } else if (std::holds_alternative<rtc::Peer::Writable>(event)) {
    observer.on_writable();
  } else if (const auto* ended = std::get_if<rtc::Peer::Ended>(&event)) {
    flush();
    take_ended(ended->reason);
  }
}

void P2pLink::Impl::take_ended(std::error_code reason) {
  if (reason == Errc::closed) return end({reason, "The viewer left"});
  if (reason == Errc::tls_untrusted)
    return end({reason, "The peer's certificate is not the one that its description names by its fingerprint"});
  if (reason == Errc::connection_lost) return end({reason, "The viewer no longer answers"});
  if (reason == Errc::too_large) return end({reason, "The viewer sent a message over the limit of 65536 bytes"});
  end({reason, "The connection to the viewer failed: " + reason.message()});
}

void P2pLink::Impl::on_timer() {
  if (over) return;
  const auto now = steady_clock::now();
  if (!connected && now >= begun + kOpenDeadline) {
    const bool path = counted.ice.has_value();
    return end({Errc::timed_out, path ? "The viewer did not complete the connection within 30 s"
                                      : "No path to the viewer was found within 30 s: a TURN server may be needed"});
  }
  if (peer != nullptr) {
    ice->on_timeout(now);
    if (over) return;
    peer->on_timeout(now);
    give_back_memory();
    pump();
  } else {
    arm(now);
  }
}

// What a viewer's collapsed link has cost is free again once the queue has drained.
void P2pLink::Impl::give_back_memory() {
  if (!was_full || peer->buffered() > kDrained) return;
  was_full = false;
  thread.trim_memory_soon();
}

void P2pLink::Impl::arm(TimePoint now) {
  if (connected && timer.is_set()) return;  // a datagram must not put off the tick that is due
  auto next = connected ? TimePoint::max() : begun + kOpenDeadline;
  if (peer != nullptr) next = std::min(next, peer->next_timeout(now).value_or(TimePoint::max()));
  if (next == TimePoint::max()) return timer.cancel();
  timer.set(connected ? on_grid(next) : next);
}

void P2pLink::Impl::end(const Failure& why) {
  if (std::exchange(over, true)) return;
  timer.cancel();
  observer.on_ended(why);
}

void P2pLink::Impl::close() {
  if (std::exchange(over, true)) return;
  timer.cancel();
  news.cancel();
  if (peer == nullptr) return;
  peer->close();
  flush();
}

P2pLink::P2pLink(P2pThread& thread, std::shared_ptr<const rtc::Certificate> certificate, IceSettings settings,
                 Observer& observer)
    : impl_(std::make_unique<Impl>(thread, std::move(certificate), std::move(settings), observer)) {}

P2pLink::~P2pLink() {
  impl_->close();
  impl_->thread.trim_memory_soon();
}

Result<std::string> P2pLink::answer(const rtc::Description& offer) {
  if (offer.data_section() == nullptr) return fail(Errc::unsupported);
  if (const auto made = impl_->make_agent(IceAgent::Role::controlled); !made) return fail(made.error());
  if (const auto gathered = impl_->gather(impl_->settings.servers); !gathered) return fail(gathered.error());
  const auto local = impl_->local_transport();
  const bool client = rtc::answered_setup(offer, local) == rtc::Setup::active;
  impl_->connect(offer, client ? rtc::Dtls::Role::client : rtc::Dtls::Role::server);
  return rtc::write_answer(offer, local);
}

Result<std::string> P2pLink::offer() {
  impl_->watches = true;
  if (const auto made = impl_->make_agent(IceAgent::Role::controlling); !made) return fail(made.error());
  if (!impl_->settings.servers_come)
    if (const auto gathered = impl_->gather(impl_->settings.servers); !gathered) return fail(gathered.error());
  return rtc::write_offer(impl_->local_transport());
}

Result<> P2pLink::take_answer(const rtc::Description& answer, const std::vector<IceServer>& servers) {
  if (impl_->over || impl_->ice == nullptr || impl_->peer != nullptr) return fail(Errc::closed);
  if (answer.data_section() == nullptr) return fail(Errc::unsupported);
  if (impl_->settings.servers_come)
    if (const auto gathered = impl_->gather(servers); !gathered) return fail(gathered.error());
  const bool client = answer.setup == rtc::Setup::passive;
  impl_->connect(answer, client ? rtc::Dtls::Role::client : rtc::Dtls::Role::server);
  return {};
}

void P2pLink::add_candidate(std::string_view line) {
  impl_->add_candidate(line);
}

Result<rtc::IceCredentials> P2pLink::restart(const std::vector<IceServer>& servers) {
  return impl_->restart(servers);
}

void P2pLink::answer_restart(const rtc::IceCredentials& remote) {
  if (!impl_->over && impl_->ice != nullptr && impl_->ice->restart_asked()) impl_->ice->set_remote(remote);
}

bool P2pLink::restart_asked() const {
  return !impl_->over && impl_->ice != nullptr && impl_->ice->restart_asked();
}

bool P2pLink::moved() const {
  return !impl_->over && impl_->peer != nullptr && impl_->ice->moved();
}

Result<ChannelId> P2pLink::open_channel(const rtc::ChannelSettings& channel) {
  if (impl_->over || impl_->peer == nullptr) return fail(Errc::closed);
  auto id = impl_->peer->open_channel(channel);
  if (id && !impl_->pumping) impl_->flush();
  return id;
}

Result<> P2pLink::send(ChannelId channel, bool text, ByteView message, Delivery delivery,
                       std::chrono::milliseconds lifetime) {
  if (impl_->over || impl_->peer == nullptr) return fail(Errc::closed);
  auto sent = impl_->peer->send(channel, text, message, delivery, lifetime);
  if (!sent && sent.error() == Errc::queue_full) impl_->was_full = true;
  if (!impl_->pumping) impl_->flush();
  return sent;
}

bool P2pLink::has_room(std::size_t bytes, std::chrono::milliseconds within) {
  if (impl_->over || impl_->peer == nullptr) return true;  // for send() to say what it is
  if (impl_->peer->has_room(bytes, within)) return true;
  impl_->was_full = impl_->was_full || impl_->peer->buffered() > kMuch;
  return false;
}

std::size_t P2pLink::buffered() const {
  return impl_->peer == nullptr ? 0 : impl_->peer->buffered();
}

void P2pLink::close_channel(ChannelId channel) {
  if (impl_->over || impl_->peer == nullptr) return;
  impl_->peer->close_channel(channel);
  if (!impl_->pumping) impl_->flush();
}

void P2pLink::close() {
  impl_->close();
}

LinkStats P2pLink::stats() const {
  LinkStats stats = impl_->counted;
  if (impl_->peer == nullptr) return stats;
  const auto sctp = impl_->peer->sctp_stats();
  stats.rtt = sctp.rtt;
  stats.cwnd = sctp.cwnd;
  stats.buffered_bytes = impl_->peer->buffered();
  stats.bytes_sent = impl_->peer->bytes_sent();
  stats.bytes_received = impl_->peer->bytes_received();
  const auto chunks = sctp.chunks_sent + sctp.chunks_sent_again;
  if (chunks != 0) stats.loss = static_cast<double>(sctp.chunks_sent_again) / static_cast<double>(chunks);
  return stats;
}

}  // namespace camspan::net
