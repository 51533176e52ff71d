/// What waits for the storage thread. One of the few locked classes: like the media queue it is the seam between two
/// threads, and its lock is never held while calling out.
#pragma once

#include <atomic>
#include <camspan/unit.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

#include "core/time.hpp"

namespace camspan::recordings {

/// What the owner of a recording and the storage thread share: an entry of the recorder's table of open streams.
struct RecordingLink {
  explicit RecordingLink(std::uint64_t number) : id(number) {}

  const std::uint64_t id;
  std::atomic<std::size_t> pending_bytes{0};  ///< appended and not yet written
};

/// Any thread pushes, the storage thread takes; in order.
class StorageQueue {
 public:
  struct Tag {
    std::shared_ptr<RecordingLink> link;
    SharedUnit unit;
    std::uint64_t number = 0;
  };
  using Task = std::function<void()>;
  using Item = std::variant<Tag, Task>;

  /// Tags that were taken and are not yet on stable storage.
  struct Waiting {
    std::optional<TimePoint> since;  ///< when the oldest one came
    std::size_t bytes = 0;
    bool stream_full = false;  ///< one stream alone has as much as may wait
  };
  struct Batch {
    std::vector<Item> items;
    Waiting tags;         ///< those among the items
    bool closed = false;  ///< nothing will come after this
  };

  /// take() returns when a tag is `interval` old, or `bytes` wait, or `stream_bytes` of one stream.
  /// @param eager  it also returns as soon as there is anything new
  StorageQueue(std::chrono::milliseconds interval, std::size_t bytes, std::size_t stream_bytes, bool eager = false)
      : interval_(interval), bytes_(bytes), stream_bytes_(stream_bytes), eager_(eager) {}

  /// @return false after close(): the item was dropped
  bool push(Tag tag);
  bool push(Task task);
  /// Waits until there is a task, or tags are due together with those `held` from before, or the queue is closed.
  Batch take(const Waiting& held);
  /// True when what waits must be committed now.
  bool due(const Waiting& waiting) const;
  void close();

 private:
  const std::chrono::milliseconds interval_;
  const std::size_t bytes_;
  const std::size_t stream_bytes_;
  const bool eager_;
  std::mutex mutex_;
  std::condition_variable wake_;
  Batch batch_;
  bool has_task_ = false;
};

}  // namespace camspan::recordings
