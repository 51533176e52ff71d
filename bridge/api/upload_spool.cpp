#include "api/upload_spool.hpp"

#include "core/log.hpp"

namespace camspan {
namespace {

using Clock = std::chrono::steady_clock;

Failure failure_of(std::error_code error, const std::string& location) {
  const std::string name = "The spool in " + location;
  if (error == Errc::no_space)
    return {error, name +
                       " cannot grow: the disk is full, or one group of pictures is larger than spool-max-bytes. Free "
                       "space there, or choose another spool-location. Until then only memory holds what waits."};
  return {error, name + " cannot be written: " + error.message() +
                     ". Check that the disk is there and may be written to. Until then only memory holds what waits."};
}

}  // namespace

UploadSpool::UploadSpool(asio::any_io_executor executor, const H2PushConfig& config, MediaQueue& queue,
                         recordings::Spool& spool, Notifier notify, SpoolLane::Surroundings surroundings,
                         std::function<void()> wake)
    : config_(config),
      queue_(queue),
      spool_(spool),
      notify_(std::move(notify)),
      wake_(std::move(wake)),
      lane_(std::make_shared<SpoolLane>(executor, spool, std::move(surroundings))),
      executor_(std::move(executor)) {
  lane_->set_share(config.spool_share);
}

void UploadSpool::start() {
  SpoolTap::Events events;
  events.stored = [weak = weak_from_this()](std::uint64_t number) {
    if (const auto self = weak.lock()) self->on_stored(number);
  };
  events.failed = [weak = weak_from_this()](std::error_code error) {
    if (const auto self = weak.lock()) self->on_failed(error);
  };
  events.worked = [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->on_worked();
  };
  tap_ = std::make_shared<SpoolTap>(executor_, queue_, spool_, std::move(events));
  lane_->start();
}

void UploadSpool::update(const H2PushConfig& config) {
  config_.spool_order = config.spool_order;
  config_.spool_share = config.spool_share;
  config_.leaky = config.leaky;
  lane_->set_share(config.spool_share);
}

/// With leaky = no nothing is dropped: what waits in the queue makes push() wait.
bool UploadSpool::full() const {
  constexpr std::uint64_t kRoom = 2 << 20;
  return config_.leaky == H2PushLeaky::no &&
         level_.bytes + std::min<std::uint64_t>(kRoom, config_.spool_max_bytes / 4) > config_.spool_max_bytes;
}

void UploadSpool::on_level(recordings::SpoolLevel level) {
  level_ = std::move(level);
  lane_->set_segments(level_.segments);
  tap_->set_full(full());
  tell_level();
  wake_();
}

void UploadSpool::tell_level() {
  const bool emptied = level_.bytes == 0 && told_bytes_ != 0;
  if (level_.bytes == told_bytes_ || (!emptied && Clock::now() - told_at_ < std::chrono::seconds(1))) return;
  told_at_ = Clock::now();
  told_bytes_ = level_.bytes;
  notify_(&H2PushEvents::spool, level_.bytes, level_.oldest);
}

void UploadSpool::begin_live(const std::string& stream) {
  lane_->set_live_stream(stream);
  queue_.count_in(spool_.ledger().begin(stream));
  queue_.send_below(always() ? 0 : MediaQueue::kSendAll);
  queue_.write_ahead(always());
  if (always()) {
    tap_->begin(stream);
  } else {
    queue_.untap();
  }
}

void UploadSpool::end_live() {
  if (always() && !diverting_) tap_->finish();
}

void UploadSpool::divert(const std::string& stream) {
  if (std::exchange(diverting_, true)) return tap_->go_on();
  log::info("spool", "what comes goes to disk");
  queue_.send_below(queue_.next_number());
  if (always()) {
    queue_.acknowledge(tap_->stored());
  } else {
    tap_->begin(stream);
  }
}

void UploadSpool::on_stored(std::uint64_t number) {
  if (diverting_) {
    queue_.acknowledge(number);
  } else if (always()) {
    queue_.send_below(number);
  }
  wake_();
}

void UploadSpool::on_worked() {
  failed_told_ = false;
  queue_.write_ahead(always());
}

void UploadSpool::on_failed(std::error_code error) {
  queue_.write_ahead(false);
  if (!std::exchange(failed_told_, true))
    notify_(&H2PushEvents::spool_failed, failure_of(error, config_.spool_location));
  if (!diverting_) queue_.send_below(MediaQueue::kSendAll);
  wake_();
}

bool UploadSpool::back_to_live(bool stream_ended) {
  if (stream_ended) {
    tap_->finish();
  } else if (config_.spool_order == H2PushSpoolOrder::live_first || level_.segments.empty()) {
    tap_->stop_at_key();
  }
  return tap_->stopped();
}

std::string UploadSpool::streams_before() {
  // A header of some hundred bytes; the others follow with the next request.
  constexpr std::size_t kMost = 16;
  telling_.clear();
  std::string text;
  for (const auto& [name, tags] : spool_.ledger().before()) {
    if (telling_.size() == kMost) break;
    text += (text.empty() ? "" : ", ") + name + ";" + std::to_string(tags);
    telling_.push_back(name);
  }
  return text;
}

void UploadSpool::acknowledged(const std::string& stream, std::uint64_t tags) {
  // Whoever acknowledges a tag of a request has taken its head.
  for (const std::string& told : std::exchange(telling_, {})) spool_.ledger().settle(told);
  if (always()) spool_.acknowledged(stream, tags);
}

void UploadSpool::drop() {
  // What is only written ahead is in memory, and live sends it.
  spool_.drop(diverting_);
}

void UploadSpool::let_go(const std::string& stream) {
  lane_->stop();
  if (!diverting_ && !always() && !queue_.empty()) tap_->begin(stream);
  tap_->let_go();
  queue_.count_in(nullptr);
}

void UploadSpool::fill(H2PushStats& stats) const {
  stats.bytes_sent += lane_->total().bytes_sent;
  stats.bytes_acked += lane_->total().bytes_acked;
  stats.bytes_dropped_spool = level_.dropped_bytes;
  stats.units_dropped = level_.dropped_tags;
  stats.spool_bytes = level_.bytes;
  stats.spool_oldest = level_.oldest;
}

}  // namespace camspan
