/// What the program may ask about its send handles, from any of its threads, without waiting for the P2P thread: that
/// may be in a callback which waits for the caller.
#pragma once

#include <mutex>
#include <unordered_map>

#include "iv_av.h"

namespace camspan::iv {

class HandleTable {
 public:
  struct Entry {
    std::size_t buffered_bytes = 0;
    iv_p2p_send_stats_s stats{};
  };

  void set(void* handle, const Entry& entry) {
    const std::lock_guard lock(mutex_);
    entries_[handle] = entry;
  }
  void remove(void* handle) {
    const std::lock_guard lock(mutex_);
    entries_.erase(handle);
  }
  /// All zero for an unknown handle.
  Entry get(void* handle) const {
    const std::lock_guard lock(mutex_);
    const auto entry = entries_.find(handle);
    return entry == entries_.end() ? Entry{} : entry->second;
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<void*, Entry> entries_;
};

}  // namespace camspan::iv
