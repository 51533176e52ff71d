#include "send_handle.hpp"

#include <algorithm>
#include <limits>

#include "core/log.hpp"

namespace camspan::iv {
namespace {

// What the link has would be a copy of what lies with the program, or with the chunk: so no more than keeps it busy.
constexpr std::chrono::seconds kInFlight{1};

std::uint32_t to_u32(std::uint64_t value) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

void SendHandle::fetch() {
  if (ended_ || closing_ || watermark_.paused() || buffered_ >= kHardCap) return;
  take(shared_.callbacks.send_get(handle_));
}

void SendHandle::take(const iv_cm_memory_s& memory) {
  Chunk chunk(memory);
  if (memory.buf == nullptr && memory.size != 0) {
    if (memory.size != static_cast<std::size_t>(-1))
      log::warn("iv", "get_cb gave NULL and ", memory.size, " bytes: the stream ends");
    ended_ = true;
  }
  if (chunk.rest().empty()) return;
  buffered_ += chunk.rest().size();
  chunks_.push_back(std::move(chunk));
}

Result<std::size_t> SendHandle::feed(net::Link& link) {
  if (chunks_.empty() || closing_) return 0;
  Chunk& chunk = chunks_.front();
  const ByteView message = chunk.rest().first(std::min(chunk.rest().size(), kMessageBytes));
  const std::size_t bytes = message.size();
  if (!link.has_room(bytes, kInFlight)) return fail(Errc::queue_full);
  if (const Result<> sent = link.send(channel_, false, message, net::Delivery::reliable, std::chrono::milliseconds(0));
      !sent) {
    broken_ = sent.error() != Errc::queue_full;
    return fail(sent.error());
  }
  chunk.take(bytes);
  if (chunk.rest().empty()) chunks_.pop_front();
  return bytes;
}

bool SendHandle::closes_now() {
  if (closing_ || !(broken_ || (ended_ && chunks_.empty()))) return false;
  closing_ = true;
  return true;
}

void SendHandle::keep() {
  // Those before were kept when they were the last.
  if (!chunks_.empty()) chunks_.back().keep();
}

void SendHandle::acknowledge(std::size_t bytes, TimePoint now) {
  buffered_ -= std::min(bytes, buffered_);
  acknowledged_.add(bytes, now);
}

void SendHandle::update_marks() {
  watermark_.update(buffered_, shared_.marks, [this](iv_avt_event_e event) { shared_.callbacks.tell(event, handle_); });
}

iv_p2p_send_stats_s SendHandle::stats(std::uint32_t link_mode, TimePoint now) {
  iv_p2p_send_stats_s stats{};
  stats.inst_net_rate = to_u32(acknowledged_.last_tenth(now));
  stats.ave_sent_rate = to_u32(acknowledged_.average(now));
  stats.sum_sent_acked = acknowledged_.sum();
  stats.link_mode = link_mode;
  return stats;
}

}  // namespace camspan::iv
