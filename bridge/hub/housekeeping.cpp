#include "hub/housekeeping.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include "core/log.hpp"
#include "hub/clock.hpp"
#include "hub/storage_call.hpp"

namespace camspan::hub {
namespace {

constexpr std::chrono::seconds kTick{1};
constexpr int kTicksPerProbe = 5;
constexpr int kTicksPerMinute = 60;

}  // namespace

void Housekeeping::start() {
  running_ = true;
  asio::co_spawn(executor_, run(), asio::detached);
}

void Housekeeping::stop() {
  stopping_ = true;
  if (wake_) wake_->notify();
}

asio::awaitable<void> Housekeeping::run() {
  net::WakeUp wake(executor_);
  wake_ = &wake;
  for (int ticks = 0; !stopping_; ++ticks) {
    const TimePoint now = steady_now();
    parts_.live.tick(now);
    parts_.uploads.end_idle(now, parts_.config.limits.upload_idle);
    parts_.board.tick(now);
    if (ticks % kTicksPerProbe == 0 && !parts_.health.fine()) co_await probe();
    if (ticks % kTicksPerMinute == 0) {
      parts_.devices.save_last_seen();
      parts_.files.expire();
      expire();
    }
    if (!stopping_) co_await wake.wait_until(now + kTick);
  }
  wake_ = nullptr;
  running_ = false;
}

/// Finds out whether storing works again.
asio::awaitable<void> Housekeeping::probe() {
  const auto task = [folder = parts_.recordings] { return probe_storage(folder); };
  const auto works = co_await on_storage(parts_.recorder, task);
  if (!works || !parts_.health.recovered()) co_return;
  parts_.board.recording_changed();
  parts_.uploads.storage_back();
}

/// Removes what is older or more than the configuration keeps.
void Housekeeping::expire() {
  const UtcTime oldest = utc_now() - parts_.config.record.max_age;
  parts_.recorder.run(
      [&index = parts_.index, &recorder = parts_.recorder, oldest, most = parts_.config.record.max_bytes] {
        const auto paths = index.expired(oldest, most);
        if (!paths.empty())
          log::info("hub", "removing ", paths.size(), " segments that are older or more than is kept");
        for (const std::string& path : paths) {
          index.put_expired(path);
          recorder.remove(path, [path](const Result<>& removed) {
            if (!removed) log::warn("hub", path, " could not be removed: ", removed.error().message());
          });
        }
      });
}

}  // namespace camspan::hub
