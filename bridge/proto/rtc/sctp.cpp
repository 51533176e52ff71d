#include "proto/rtc/sctp.hpp"

#include <arpa/inet.h>
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "proto/rtc/crc32c.hpp"
#include "proto/rtc/sctp_impl.hpp"
#include "proto/rtc/usrsctp_stack.hpp"

namespace camspan::rtc {
namespace {

constexpr std::uint16_t kPort = 5000;      // ours; RFC 8841 names it as the default
constexpr std::size_t kCommonHeader = 12;  // RFC 9260 section 3.1
constexpr std::size_t kChecksumAt = 8;
// Two messages: in flight however slow the path is, so that there is always one to send.
constexpr std::size_t kLeastSpace = 32 << 10;
// Of the sources of usrsctp 0.9.5 (netinet/sctp.h), which its installed header leaves out.
constexpr int kGetSendSpaceUse = 0x1101;
struct SendSpaceUse {
  sctp_assoc_t association;
  std::uint32_t send;
  std::uint32_t receive;
};

sockaddr_conn address_of(void* address, std::uint16_t port) {
  sockaddr_conn conn{};
  conn.sconn_family = AF_CONN;
  conn.sconn_port = htons(port);
  conn.sconn_addr = address;
  return conn;
}

// The notification is the same for an ABORT of the peer and for silence.
bool aborted_by_peer(struct socket* socket) {
  int error = 0;
  socklen_t size = sizeof(error);
  return usrsctp_getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == ECONNRESET;
}

// Called from within usrsctp: nothing may be done here but remembering.
void on_upcall(struct socket* socket, void* data, int /*flags*/) noexcept {
  auto& impl = *static_cast<SctpAssociation::Impl*>(data);
  if ((usrsctp_get_events(socket) & (SCTP_EVENT_READ | SCTP_EVENT_ERROR)) != 0) impl.readable = true;
}

}  // namespace

SctpAssociation::Impl::Impl(const SctpSettings& from) : settings(from) {
  address = UsrsctpStack::instance().add(*this);
  socket = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, nullptr, nullptr, 0, nullptr);
  if (socket == nullptr) {
    over = true;
    return;
  }
  usrsctp_set_non_blocking(socket, 1);
  usrsctp_set_upcall(socket, &on_upcall, this);
  set_options();
}

SctpAssociation::Impl::~Impl() {
  if (socket != nullptr) usrsctp_close(socket);
  UsrsctpStack::instance().remove(address);
}

template <class Value>
void SctpAssociation::Impl::set(int level, int name, const Value& value) {
  usrsctp_setsockopt(socket, level, name, &value, sizeof(value));
}

void SctpAssociation::Impl::set_options() {
  // With linger 0 close() ends the association at once, by an ABORT.
  set(SOL_SOCKET, SO_LINGER, linger{1, 0});
  set(SOL_SOCKET, SO_SNDBUF, static_cast<int>(settings.send_space));
  set(SOL_SOCKET, SO_RCVBUF, static_cast<int>(settings.receive_space));
  set(IPPROTO_SCTP, SCTP_NODELAY, 1);
  set(IPPROTO_SCTP, SCTP_RECVRCVINFO, 1);
  set(IPPROTO_SCTP, SCTP_ENABLE_STREAM_RESET, sctp_assoc_value{SCTP_ALL_ASSOC, SCTP_ENABLE_RESET_STREAM_REQ});
  sctp_initmsg init{};
  init.sinit_num_ostreams = kSctpStreams;
  init.sinit_max_instreams = kSctpStreams;
  set(IPPROTO_SCTP, SCTP_INITMSG, init);
  constexpr std::array<std::uint16_t, 4> kEvents{SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT,
                                                 SCTP_PARTIAL_DELIVERY_EVENT, SCTP_SHUTDOWN_EVENT};
  for (const std::uint16_t type : kEvents) set(IPPROTO_SCTP, SCTP_EVENT, sctp_event{SCTP_ALL_ASSOC, type, 1});
}

void SctpAssociation::Impl::close(std::error_code reason) {
  if (over) return;
  over = true;
  events.emplace_back(Closed{reason});
}

void SctpAssociation::Impl::take_output(ByteView packet) {
  if (packet.size() < kCommonHeader) return;
  output.append(packet);
  const auto copy = output.last();
  std::fill_n(copy.begin() + kChecksumAt, 4, std::byte{0});
  const std::uint32_t checksum = crc32c(copy);
  for (std::size_t i = 0; i < 4; ++i) copy[kChecksumAt + i] = static_cast<std::byte>(checksum >> (8 * i) & 0xff);
  count_chunks(packet);
}

// usrsctp counts what it sends again over all associations only.
void SctpAssociation::Impl::count_chunks(ByteView packet) {
  for (std::size_t at = kCommonHeader; at + 8 <= packet.size();) {
    const auto type = std::to_integer<unsigned>(packet[at]);
    const auto length = static_cast<std::size_t>(load_be<2>(&packet[at + 2]));
    if (length < 4) return;
    if (type == SCTP_DATA) {
      const auto tsn = static_cast<std::uint32_t>(load_be<4>(&packet[at + 4]));
      if (!tsn_known || static_cast<std::int32_t>(tsn - next_tsn) >= 0) {
        tsn_known = true;
        next_tsn = tsn + 1;
        ++counted.chunks_sent;
      } else {
        ++counted.chunks_sent_again;
      }
    }
    at += (length + 3) / 4 * 4;
  }
}

bool SctpAssociation::Impl::write_all(StreamId stream, Ppid ppid, ByteView data, Delivery delivery,
                                      std::chrono::milliseconds lifetime) {
  sctp_sendv_spa info{};
  info.sendv_flags = SCTP_SEND_SNDINFO_VALID;
  info.sendv_sndinfo.snd_sid = stream;
  info.sendv_sndinfo.snd_ppid = htonl(static_cast<std::uint32_t>(ppid));
  info.sendv_sndinfo.snd_flags = SCTP_EOR;
  if (delivery == Delivery::timed) {
    info.sendv_flags |= SCTP_SEND_PRINFO_VALID;
    info.sendv_prinfo.pr_policy = SCTP_PR_SCTP_TTL;
    info.sendv_prinfo.pr_value = static_cast<std::uint32_t>(std::max<std::int64_t>(lifetime.count(), 1));
  } else if (delivery == Delivery::unordered) {
    info.sendv_sndinfo.snd_flags |= SCTP_UNORDERED;
    info.sendv_flags |= SCTP_SEND_PRINFO_VALID;
    info.sendv_prinfo.pr_policy = SCTP_PR_SCTP_RTX;
    info.sendv_prinfo.pr_value = 0;
  }
  return usrsctp_sendv(socket, data.data(), data.size(), nullptr, 0, &info, sizeof(info), SCTP_SENDV_SPA, 0) >= 0;
}

std::optional<SctpAssociation::Event> SctpAssociation::Impl::read() {
  auto& buffer = UsrsctpStack::instance().buffer();
  while (readable && socket != nullptr) {
    sctp_rcvinfo info{};
    socklen_t info_size = sizeof(info);
    unsigned info_type = 0;
    int flags = 0;
    sockaddr_conn from{};
    socklen_t from_size = sizeof(from);
    const auto size = usrsctp_recvv(socket, buffer.data(), buffer.size(), reinterpret_cast<sockaddr*>(&from),
                                    &from_size, &info, &info_size, &info_type, &flags);
    if (size <= 0) {
      readable = false;
      break;
    }
    const auto bytes = ByteView(buffer).first(static_cast<std::size_t>(size));
    if ((flags & MSG_NOTIFICATION) != 0) {
      take_notification(bytes);
      if (!events.empty()) return std::nullopt;
      continue;
    }
    auto message = joined(info, bytes, (flags & MSG_EOR) != 0);
    if (message || over) return message;
  }
  return std::nullopt;
}

std::optional<SctpAssociation::Event> SctpAssociation::Impl::joined(const sctp_rcvinfo& info, ByteView part,
                                                                    bool last) {
  const auto ppid = static_cast<Ppid>(ntohl(info.rcv_ppid));
  if (partial.size() + part.size() > settings.max_message) {
    close(Errc::too_large);
    return std::nullopt;
  }
  if (last && partial.empty()) return Message{info.rcv_sid, ppid, part};
  partial.insert(partial.end(), part.begin(), part.end());
  if (!last) return std::nullopt;
  partial_delivered = true;
  return Message{info.rcv_sid, ppid, partial};
}

void SctpAssociation::Impl::take_notification(ByteView bytes) {
  sctp_notification notification{};
  std::memcpy(&notification, bytes.data(), std::min(bytes.size(), sizeof(notification)));
  switch (notification.sn_header.sn_type) {
    case SCTP_ASSOC_CHANGE:
      return take_association_change(notification.sn_assoc_change);
    case SCTP_STREAM_RESET_EVENT:
      return take_stream_reset(*reinterpret_cast<const sctp_stream_reset_event*>(bytes.data()), bytes.size());
    case SCTP_PARTIAL_DELIVERY_EVENT:
      Bytes().swap(partial);  // assigning {} would keep the memory
      return;
    case SCTP_SHUTDOWN_EVENT:
      return close(Errc::closed);
    default:
      return;
  }
}

void SctpAssociation::Impl::take_association_change(const sctp_assoc_change& change) {
  switch (change.sac_state) {
    case SCTP_COMM_UP:
      events.emplace_back(Up{std::min(change.sac_outbound_streams, kSctpStreams)});
      return;
    case SCTP_COMM_LOST:
      return close(aborted_by_peer(socket) ? Errc::closed : Errc::connection_lost);
    case SCTP_SHUTDOWN_COMP:
      return close(Errc::closed);
    case SCTP_CANT_STR_ASSOC:
    case SCTP_RESTART:  // WebRTC knows no restart: the peer would have a new DTLS connection
      return close(Errc::connection_lost);
    default:
      return;
  }
}

void SctpAssociation::Impl::take_stream_reset(const sctp_stream_reset_event& event, std::size_t size) {
  const bool refused_reset = (event.strreset_flags & (SCTP_STREAM_RESET_DENIED | SCTP_STREAM_RESET_FAILED)) != 0;
  const bool incoming = (event.strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN) != 0;
  const bool outgoing = (event.strreset_flags & SCTP_STREAM_RESET_OUTGOING_SSN) != 0;
  if (refused_reset && incoming) return;
  const std::size_t count = (size - sizeof(event)) / sizeof(StreamId);
  for (std::size_t i = 0; i < count; ++i) {
    if (incoming || outgoing) events.emplace_back(StreamClosed{event.strreset_stream_list[i], incoming});
  }
}

void SctpAssociation::Impl::take_write_space() {
  want_space = false;
  events.emplace_back(Writable{});
}

SctpAssociation::SctpAssociation(const SctpSettings& settings) : impl_(std::make_unique<Impl>(settings)) {}
SctpAssociation::~SctpAssociation() = default;

Result<> SctpAssociation::connect() {
  if (impl_->over) return fail(Errc::closed);
  auto local = address_of(impl_->address, kPort);
  if (usrsctp_bind(impl_->socket, reinterpret_cast<sockaddr*>(&local), sizeof(local)) != 0)
    return fail(std::error_code(errno, std::generic_category()));
  // The MTU of what is connected later; it may not be asked of the path, which has no ICMP for us.
  auto remote = address_of(impl_->address, impl_->settings.remote_port);
  sctp_paddrparams path{};
  std::memcpy(&path.spp_address, &remote, sizeof(remote));
  path.spp_flags = SPP_PMTUD_DISABLE;
  // usrsctp counts what comes behind the header, in words.
  const std::size_t packet = std::max(impl_->settings.max_packet, kLeastSctpPacket);
  path.spp_pathmtu = static_cast<std::uint32_t>(packet / 4 * 4 - kCommonHeader);
  const int connected = usrsctp_connect(impl_->socket, reinterpret_cast<sockaddr*>(&remote), sizeof(remote));
  if (connected != 0 && errno != EINPROGRESS) return fail(std::error_code(errno, std::generic_category()));
  impl_->set(IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, path);
  return {};
}

void SctpAssociation::feed(ByteView packet) {
  if (impl_->over || packet.size() < kCommonHeader) return;
  impl_->acknowledged = true;
  usrsctp_conninput(impl_->address, packet.data(), packet.size(), 0);
}

Result<> SctpAssociation::send(StreamId stream, Ppid ppid, ByteView data, Delivery delivery,
                               std::chrono::milliseconds lifetime) {
  if (impl_->over) return fail(Errc::closed);
  if (impl_->write_all(stream, ppid, data, delivery, lifetime)) return {};
  if (errno == EMSGSIZE) return fail(Errc::too_large);
  if (errno != EWOULDBLOCK && errno != EAGAIN && errno != ENOBUFS) return fail(Errc::closed);
  impl_->want_space = true;
  impl_->refused = data.size();
  impl_->within.reset();
  return fail(Errc::queue_full);
}

bool SctpAssociation::has_room(std::size_t bytes, std::chrono::milliseconds within) {
  if (impl_->over) return true;  // for send() to say what it is
  impl_->refused = bytes;
  impl_->within = within;
  impl_->want_space = !impl_->fits();
  return !impl_->want_space;
}

Result<> SctpAssociation::reset(StreamId stream) {
  if (impl_->over) return fail(Errc::closed);
  alignas(sctp_reset_streams) std::array<std::byte, sizeof(sctp_reset_streams) + sizeof(StreamId)> space{};
  auto& request = *reinterpret_cast<sctp_reset_streams*>(space.data());
  request.srs_assoc_id = SCTP_ALL_ASSOC;
  request.srs_flags = SCTP_STREAM_RESET_OUTGOING;
  request.srs_number_streams = 1;
  request.srs_stream_list[0] = stream;
  if (usrsctp_setsockopt(impl_->socket, IPPROTO_SCTP, SCTP_RESET_STREAMS, space.data(), space.size()) == 0) return {};
  return fail(std::error_code(errno, std::generic_category()));
}

void SctpAssociation::abort() {
  impl_->over = true;
  if (impl_->socket != nullptr) usrsctp_close(impl_->socket);
  impl_->socket = nullptr;
}

std::optional<SctpAssociation::Event> SctpAssociation::poll() {
  if (std::exchange(impl_->partial_delivered, false)) Bytes().swap(impl_->partial);
  if (impl_->events.empty() && !impl_->over) {
    auto message = impl_->read();
    if (message) return message;
  }
  if (impl_->events.empty() && impl_->want_space && std::exchange(impl_->acknowledged, false) && impl_->fits())
    impl_->take_write_space();
  if (impl_->events.empty()) return std::nullopt;
  Event event = std::move(impl_->events.front());
  impl_->events.pop_front();
  return event;
}

Datagrams& SctpAssociation::output() {
  return impl_->output;
}

std::size_t SctpAssociation::Impl::buffered() const {
  SendSpaceUse use{};
  socklen_t size = sizeof(use);
  if (socket == nullptr || usrsctp_getsockopt(socket, IPPROTO_SCTP, kGetSendSpaceUse, &use, &size) != 0) return 0;
  return use.send;
}

SctpStats SctpAssociation::Impl::stats() const {
  SctpStats stats = counted;
  sctp_status status{};
  socklen_t size = sizeof(status);
  if (socket == nullptr || usrsctp_getsockopt(socket, IPPROTO_SCTP, SCTP_STATUS, &status, &size) != 0) return stats;
  stats.rtt = std::chrono::milliseconds(status.sstat_primary.spinfo_srtt);
  stats.cwnd = status.sstat_primary.spinfo_cwnd;
  return stats;
}

/// What may be accepted and not acknowledged for the message that had no room.
std::size_t SctpAssociation::Impl::space() const {
  if (!within) return settings.send_space;
  const SctpStats now = stats();
  // Two windows keep the path full: what is acknowledged makes room at once. Where something on the path stores much,
  // the window grows with it, and the round trip says so.
  const auto time = std::max<std::int64_t>(within->count(), 0);
  const double in_time = static_cast<double>(now.cwnd) * static_cast<double>(time) /
                         static_cast<double>(std::max<std::int64_t>(now.rtt.count(), 1));
  const double most = std::min(in_time, 2 * static_cast<double>(now.cwnd));
  const auto least = static_cast<double>(kLeastSpace);
  return static_cast<std::size_t>(std::clamp(most, least, static_cast<double>(settings.send_space)));
}

/// The message that had no room has it now.
bool SctpAssociation::Impl::fits() const {
  const std::size_t held = buffered();
  return held == 0 || held + refused <= space();
}

std::size_t SctpAssociation::buffered() const {
  return impl_->buffered();
}

SctpStats SctpAssociation::stats() const {
  return impl_->stats();
}

}  // namespace camspan::rtc
