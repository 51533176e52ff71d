/// What loss leaves of a connection. A free function: any thread, no state.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>

namespace camspan::net {

/// What one association carries at most by its congestion control, however fast the network is: Mathis, Semke, Mahdavi,
/// Ott, "The macroscopic behavior of the TCP congestion avoidance algorithm", 1997.
/// @param loss  share of the packets, 0..1
/// @return bit/s; 0 = no bound: nothing is lost, or the round trip is not known
inline std::uint64_t loss_bound(double loss, std::chrono::microseconds rtt) {
  constexpr double kConstant = 1.22;
  constexpr double kPacketBits = 1100 * 8;  // of media in one of our datagrams
  const double seconds = std::chrono::duration<double>(rtt).count();
  if (loss <= 0 || seconds <= 0) return 0;
  return static_cast<std::uint64_t>(kConstant * kPacketBits / (seconds * std::sqrt(loss)));
}

}  // namespace camspan::net
