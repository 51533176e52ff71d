/// The part of Uploader that has to do with its spool.
#include "api/uploader.hpp"
#include "core/log.hpp"

namespace camspan {

using Clock = std::chrono::steady_clock;

void Uploader::use_spool(recordings::Spool& spool, recordings::SpoolLevel level) {
  spool_opening_ = false;
  if (stopping_) return;
  if (std::exchange(spool_missing_, false)) {
    log::info("spool", config_.spool_location, " can be used now");
    notify_(&H2PushEvents::spool, level.bytes, level.oldest);
  }
  SpoolLane::Surroundings surroundings;
  surroundings.setup = [this]() -> std::optional<UploadRequest::Setup> {
    auto authorized = authorize();
    if (!authorized || !flv_) return std::nullopt;
    return request_setup(*authorized);
  };
  if (channel_)
    surroundings.device = [this]() -> std::optional<Triple> {
      const auto triple = read_triple(config_);
      return triple ? std::optional(*triple) : std::nullopt;
    };
  surroundings.live_waits = [this] { return !diverting() && !queue_.all_sent(); };
  surroundings.live_bytes = [this] { return progress_.bytes_sent; };
  surroundings.changed = [this] { wake_.notify(); };
  spool_ = std::make_shared<UploadSpool>(executor_, config_, queue_, spool, notify_, std::move(surroundings), [this] {
    wake_.notify();
    if (request_) request_->wake();
  });
  spool_->start();
  const bool waits = !level.segments.empty();
  spool_->on_level(std::move(level));
  spool_->begin_live(stream_id_);
  const bool spool_first = waits && config_.spool_order == H2PushSpoolOrder::oldest_first;
  if (outage_ || spool_first) spool_->divert(stream_id_);
  if (client_ && !channel_due()) spool_->attach(*client_);
  wake();
}

void Uploader::no_spool(Failure why) {
  spool_opening_ = false;
  spool_missing_ = true;
  queue_.send_below(MediaQueue::kSendAll);
  queue_.write_ahead(false);
  notify_(&H2PushEvents::spool_failed, std::move(why));
  wake();
}

void Uploader::spool_changed(recordings::SpoolLevel level) {
  if (spool_) spool_->on_level(std::move(level));
}

void Uploader::drop_spool() {
  if (spool_) spool_->drop();
}

/// Units have come, or some are sent: hands them to storage, and empties the queue to disk where live cannot keep up.
void Uploader::relieve() {
  if (!spool_ || !flv_) return;
  spool_->pump();
  if (diverting() || config_.leaky == H2PushLeaky::no || !queue_.pressed()) return;
  log::info("upload", "live cannot keep up: what waits goes to the spool");
  spool_->divert(stream_id_);
  if (request_) request_->cut();
}

/// The link is there: live goes on at the next key frame, as another stream.
asio::awaitable<void> Uploader::end_outage() {
  spool_->release_stream();
  notify_(&H2PushEvents::need_key);
  while (!stopping_ && client_->usable() && spool_) {
    if (spool_->failing()) break;
    const bool over = spool_->back_to_live(static_cast<bool>(drained_));
    if (over) break;
    co_await wake_.wait_until(Clock::now() + std::chrono::milliseconds(250));
  }
  if (stopping_ || !spool_ || !client_->usable()) co_return;
  const bool memory_has_all = spool_->nothing_stored();
  spool_->end_diverting();
  if (memory_has_all) {
    queue_.send_below(MediaQueue::kSendAll);
    co_return;
  }
  new_stream();
}

void Uploader::drop_client() {
  if (spool_) spool_->detach();
  client_.reset();
}

}  // namespace camspan
