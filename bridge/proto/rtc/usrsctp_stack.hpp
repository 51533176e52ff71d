/// usrsctp's state, which is one for the process. For sctp.cpp alone.
#pragma once

#include <usrsctp.h>
#include <array>
#include <cstdint>
#include <unordered_map>

#include "core/time.hpp"
#include "proto/rtc/sctp.hpp"

namespace camspan::rtc {

class UsrsctpStack {
 public:
  /// Sets usrsctp up at the first call; it is never taken down, since associations of the past may still have timers.
  static UsrsctpStack& instance();

  /// @return what usrsctp is to know the association by; never used twice, so that nothing late reaches another one
  void* add(SctpAssociation::Impl& association);
  void remove(void* address);
  void advance(TimePoint now);
  /// Where a message is read into.
  std::array<std::byte, 64 << 10>& buffer() { return buffer_; }

 private:
  UsrsctpStack();
  void measure_patience(TimePoint now);
  static int output(void* address, void* packet, size_t size, uint8_t tos, uint8_t set_df) noexcept;

  std::unordered_map<void*, SctpAssociation::Impl*> associations_;
  std::uintptr_t last_ = 0;
  TimePoint advanced_{};
  TimePoint look_again_{};
  std::array<std::byte, 64 << 10> buffer_{};
};

}  // namespace camspan::rtc
