/// Memory that a callback gave.
#pragma once

#include <camspan/bytes.hpp>
#include <utility>

#include "iv_cm.h"

namespace camspan::iv {

/// Freed exactly once, with the values it came with, when the last byte is taken or the chunk is destroyed.
class Chunk {
 public:
  explicit Chunk(const iv_cm_memory_s& memory)
      : memory_(memory), rest_(std::as_bytes(std::span(memory.buf, memory.buf != nullptr ? memory.size : 0))) {}
  ~Chunk() { free(); }
  Chunk(Chunk&& other) noexcept
      : memory_(std::exchange(other.memory_, {})),
        copy_(std::move(other.copy_)),
        rest_(std::exchange(other.rest_, {})) {}
  Chunk& operator=(Chunk&&) = delete;

  /// What is not taken yet.
  ByteView rest() const { return rest_; }

  void take(std::size_t bytes) {
    rest_ = rest_.subspan(bytes);
    if (rest_.empty()) free();
  }

  /// The program will use memory that nobody frees again: what is not taken is copied.
  void keep() {
    if (memory_.buf == nullptr || memory_.buf_free_fn != nullptr || rest_.empty()) return;
    copy_.assign(rest_.begin(), rest_.end());
    rest_ = copy_;
    memory_ = {};
  }

 private:
  void free() {
    const iv_cm_memory_s memory = std::exchange(memory_, {});
    if (memory.buf != nullptr && memory.buf_free_fn != nullptr) memory.buf_free_fn(memory.buf, memory.size);
    rest_ = {};
  }

  iv_cm_memory_s memory_;
  Bytes copy_;
  ByteView rest_;
};

}  // namespace camspan::iv
