#include "proto/rtc/peer.hpp"

#include "proto/rtc/demux.hpp"

namespace camspan::rtc {
namespace {

// Consent to send (RFC 7675, which allows 30 s) is what the peer authenticates: heartbeats and acknowledgements. Checks
// of STUN on their own are lost among the data of a link that collapses, while some of these still get through.
constexpr std::chrono::seconds kConsent{20};

SctpSettings sctp_of(const PeerSettings& settings) {
  SctpSettings sctp = settings.sctp;
  sctp.max_packet = settings.max_datagram - kDtlsOverhead;
  return sctp;
}

}  // namespace

Peer::Peer(std::shared_ptr<const Certificate> certificate, const PeerSettings& settings)
    : dtls_(std::move(certificate), settings.role, settings.remote, settings.max_datagram),
      association_(sctp_of(settings)),
      channels_(association_, settings.role == Dtls::Role::client, settings.max_message),
      feed_association_([this](ByteView packet) {
        heard_ = true;
        association_.feed(packet);
      }) {}

void Peer::start() {
  if (std::exchange(started_, true) || !running()) return;
  take(dtls_.start());
}

void Peer::take(const Result<>& result) {
  if (!running()) return;
  if (!result) {
    ended_ = result.error();
    return;
  }
  if (!dtls_.connected() || std::exchange(secured_, true)) return;
  heard_ = true;
  if (const auto connected = association_.connect(); !connected)
    ended_ = connected.error();
  else
    channels_.begin();
}

void Peer::feed(ByteView datagram) {
  if (!running() || kind_of(datagram) != DatagramKind::dtls) return;
  take(dtls_.feed(datagram, feed_association_));
}

std::optional<TimePoint> Peer::next_timeout(TimePoint now) const {
  if (!running()) return std::nullopt;
  if (secured_) return now + kSctpTick;
  return dtls_.next_timeout(now);
}

void Peer::on_timeout(TimePoint now) {
  if (!running()) return;
  if (!secured_) take(dtls_.on_timeout());
  if (std::exchange(heard_, false)) last_heard_ = now;
  if (secured_ && now - last_heard_ > kConsent) ended_ = Errc::connection_lost;
  sctp_advance(now);
}

Result<ChannelId> Peer::open_channel(const ChannelSettings& settings) {
  if (!running()) return fail(Errc::closed);
  return channels_.open(settings);
}

Result<> Peer::send(ChannelId channel, bool text, ByteView message, Delivery delivery,
                    std::chrono::milliseconds lifetime) {
  if (!running()) return fail(Errc::closed);
  return channels_.send(channel, text, message, delivery, lifetime);
}

void Peer::close() {
  if (over_) return;
  association_.abort();
  encrypt();
  dtls_.close();
  over_ = true;
}

std::optional<Peer::Event> Peer::poll() {
  if (over_) return std::nullopt;
  if (secured_ && !std::exchange(secured_told_, true)) return Secured{};
  while (const auto event = association_.poll()) {
    if (auto translated = translate(*event)) return translated;
  }
  if (!ended_) return std::nullopt;
  over_ = true;
  return Ended{*ended_};
}

std::optional<Peer::Event> Peer::translate(const SctpAssociation::Event& event) {
  const auto widen = [](auto&& channel_event) -> std::optional<Event> {
    if (!channel_event) return std::nullopt;
    return std::visit([](auto&& one) { return Event(std::move(one)); }, std::move(*channel_event));
  };
  if (const auto* message = std::get_if<SctpAssociation::Message>(&event)) return widen(channels_.take(*message));
  if (const auto* stream = std::get_if<SctpAssociation::StreamClosed>(&event)) return widen(channels_.take(*stream));
  if (const auto* up = std::get_if<SctpAssociation::Up>(&event)) {
    channels_.set_streams(up->streams);
    return Connected{};
  }
  if (const auto* closed = std::get_if<SctpAssociation::Closed>(&event)) {
    if (!ended_) ended_ = closed->reason;
    return std::nullopt;
  }
  channels_.flush();
  return Writable{};
}

void Peer::encrypt() {
  auto& packets = association_.output();
  for (std::size_t i = 0; i < packets.size(); ++i) {
    if (!dtls_.send(packets[i])) break;  // before the handshake and after the end there is nobody to send to
  }
  packets.clear();
}

Datagrams& Peer::output() {
  encrypt();
  return dtls_.output();
}

}  // namespace camspan::rtc
