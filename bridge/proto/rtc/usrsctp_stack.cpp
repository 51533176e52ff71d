#include "proto/rtc/usrsctp_stack.hpp"

#include <sys/time.h>

#include "proto/rtc/sctp_impl.hpp"
#include "proto/rtc/usrsctp_clock.hpp"

namespace camspan::rtc {
namespace {

// usrsctp's second freezes a picture that long at every lost tail. Less than this, and a phone that saves power, or a
// busy host, looks like loss: the window then falls to one packet for nothing. dcSCTP has the same.
constexpr std::uint32_t kRtoMin_ms = 400;
constexpr std::uint32_t kRtoInitial_ms = 400;   // a lost INIT; above the RTT of all but satellites
constexpr std::uint32_t kRtoMax_ms = 3000;      // live goes on at most this long after an outage ends
constexpr std::uint32_t kMaxRetransmits = 8;    // with these: given up after some 15 s without an answer
constexpr std::uint32_t kHeartbeat_ms = 5'000;  // some within the time that a silent peer has
constexpr std::uint32_t kInitialWindow = 10;    // packets, RFC 6928; usrsctp has 3
constexpr std::uint32_t kMaxBurst = 10;         // packets at once after silence
constexpr std::uint32_t kDelayedSack_ms = 20;
constexpr std::uint32_t kMaxChunks = 4096;  // waiting, of one association: bounds the cost of tiny messages

constexpr std::chrono::seconds kLookAgain{1};  // at the round trips

void tune() {
  // None of these extensions has a use over DTLS, and each is memory and bytes in the INIT.
  usrsctp_sysctl_set_sctp_ecn_enable(0);
  usrsctp_sysctl_set_sctp_asconf_enable(0);
  usrsctp_sysctl_set_sctp_auto_asconf(0);
  usrsctp_sysctl_set_sctp_auth_enable(0);
  usrsctp_sysctl_set_sctp_nrsack_enable(0);
  usrsctp_sysctl_set_sctp_pktdrop_enable(0);
  // Packets of associations that are gone are dropped without an answer.
  usrsctp_sysctl_set_sctp_blackhole(2);
  usrsctp_sysctl_set_sctp_rto_min_default(kRtoMin_ms);
  usrsctp_sysctl_set_sctp_rto_initial_default(kRtoInitial_ms);
  usrsctp_sysctl_set_sctp_rto_max_default(kRtoMax_ms);
  usrsctp_sysctl_set_sctp_init_rto_max_default(kRtoMax_ms);
  usrsctp_sysctl_set_sctp_assoc_rtx_max_default(kMaxRetransmits);
  usrsctp_sysctl_set_sctp_path_rtx_max_default(kMaxRetransmits);
  usrsctp_sysctl_set_sctp_init_rtx_max_default(kMaxRetransmits);
  usrsctp_sysctl_set_sctp_heartbeat_interval_default(kHeartbeat_ms);
  usrsctp_sysctl_set_sctp_initial_cwnd(kInitialWindow);
  usrsctp_sysctl_set_sctp_max_burst_default(kMaxBurst);
  usrsctp_sysctl_set_sctp_delayed_sack_time_default(kDelayedSack_ms);
  usrsctp_sysctl_set_sctp_max_chunks_on_queue(kMaxChunks);
}

// How much longer than round trip and variance something is on its way before it is lost.
std::chrono::microseconds patience{0};

timeval to_timeval(std::chrono::microseconds time) {
  return {time.count() / 1'000'000, time.count() % 1'000'000};
}

}  // namespace

// What usrsctp calls by these names (cmake/usrsctp_clock.cmake).
extern "C" {
__attribute__((visibility("hidden"))) extern const in6_addr camspan_usrsctp_any;
const in6_addr camspan_usrsctp_any = IN6ADDR_ANY_INIT;

__attribute__((visibility("hidden"))) int camspan_usrsctp_time(timeval* time, void* /*zone*/) noexcept {
  *time = to_timeval(usrsctp_clock());
  return 0;
}

__attribute__((visibility("hidden"))) int camspan_usrsctp_timeout_time(timeval* time, void* /*zone*/) noexcept {
  *time = to_timeval(usrsctp_clock() - patience);
  return 0;
}
}

UsrsctpStack::UsrsctpStack() {
  // Threads would be three, and raw sockets two, if the program runs as root.
  usrsctp_init_nothreads(0, &UsrsctpStack::output, nullptr);
  // We put the checksum in by the processor's instruction; on input DTLS has authenticated the bytes already.
  usrsctp_enable_crc32c_offload();
  tune();
}

UsrsctpStack& UsrsctpStack::instance() {
  static UsrsctpStack stack;
  return stack;
}

void* UsrsctpStack::add(SctpAssociation::Impl& association) {
  void* address = reinterpret_cast<void*>(++last_);  // NOLINT: a number that usrsctp only compares
  associations_.emplace(address, &association);
  usrsctp_register_address(address);
  return address;
}

void UsrsctpStack::remove(void* address) {
  usrsctp_deregister_address(address);
  associations_.erase(address);
}

void UsrsctpStack::advance(TimePoint now) {
  if (advanced_ == TimePoint{}) advanced_ = now;
  const auto elapsed = std::chrono::floor<std::chrono::milliseconds>(now - advanced_);
  if (elapsed.count() <= 0) return;
  advanced_ += elapsed;
  if (now >= look_again_) measure_patience(now);
  usrsctp_handle_timers(static_cast<std::uint32_t>(elapsed.count()));
  // Messages whose lifetime is over give their space back.
  for (const auto& [address, association] : associations_) association->acknowledged = true;
}

/// The timer fires after the least RTO at the earliest. What was sent when it began must be lost by then, with a
/// variance of half the time that is left beside the round trip; so the longest round trip counts.
void UsrsctpStack::measure_patience(TimePoint now) {
  look_again_ = now + kLookAgain;
  std::chrono::milliseconds longest{0};
  for (const auto& [address, association] : associations_) longest = std::max(longest, association->stats().rtt);
  patience = std::max(std::chrono::milliseconds(kRtoMin_ms) - longest, std::chrono::milliseconds(0)) / 2;
}

int UsrsctpStack::output(void* address, void* packet, size_t size, uint8_t /*tos*/, uint8_t /*set_df*/) noexcept {
  auto& associations = instance().associations_;
  const auto found = associations.find(address);
  if (found == associations.end()) return 0;
  found->second->take_output(ByteView(static_cast<const std::byte*>(packet), size));
  return 0;
}

void sctp_advance(TimePoint now) {
  UsrsctpStack::instance().advance(now);
}

}  // namespace camspan::rtc
