#include <camspan/hal.h>
#include <camspan/hal_tls.h>
#include <asio/post.hpp>
#include <camspan/h2_push.hpp>

#include <array>
#include <atomic>
#include <future>
#include <thread>

#include "api/credentials.hpp"
#include "api/notify_thread.hpp"
#include "api/triple.hpp"
#include "api/uploader.hpp"
#include "core/log.hpp"
#include "core/memory_budget.hpp"
#include "proto/flv/parser.hpp"
#include "recordings/boot_clock.hpp"
#include "recordings/capture_line.hpp"

namespace camspan {
namespace {

tl::expected<ssl_ctx_st*, Failure> tls_context(const H2PushConfig& config) {
  const auto text = [](const std::string& s) { return s.empty() ? nullptr : s.c_str(); };
  hal_tls_options options{};
  options.ca_file = text(config.ca_file);
  options.cert_file = text(config.cert_file);
  options.key = text(config.key_file);
  options.alpn = "h2";
  options.verify = config.verify ? 1 : 0;
  std::array<char, 512> why{};
  ssl_ctx_st* context = hal_tls_context(HAL_TLS_CLIENT, &options, why.data(), why.size());
  if (!context) return tl::unexpected<Failure>(Failure{Errc::bad_setting, why.data(), 0});
  return context;
}

// Written ahead, a tag is sent later by this much, and a power cut costs as much. CPU per GB beside `outage` at
// 100 Mbit/s (docs/benchmarks.md): 1.65 times with 50 ms, 1.19 with this.
constexpr std::chrono::milliseconds kWriteAheadInterval{100};
// At most this: the queue holds what is not synced, so it must not fill up before.
constexpr std::size_t kWriteAheadBytes = 2 << 20;

recordings::Spool::Options spool_options(const H2PushConfig& config) {
  recordings::Spool::Options options{config.spool_location, config.spool_max_bytes};
  if (config.spool_mode == H2PushSpoolMode::always) {
    options.sync_interval = kWriteAheadInterval;
    options.sync_bytes = std::min(kWriteAheadBytes, memory_bound(config.max_bytes / 2));
  }
  return options;
}

constexpr std::size_t kMagicBytes = 3;
// A disk that is mounted late, or that another program has let go, is used soon.
constexpr std::chrono::seconds kOpenAgain{2};
// What a disk may need for one write: flash that tidies itself up takes some hundred ms.
constexpr std::chrono::milliseconds kWriteLimit{1000};

bool is_media(UnitKind kind) {
  return kind == UnitKind::key || kind == UnitKind::delta || kind == UnitKind::audio;
}

/// Of a tag as the parser gives it.
std::uint32_t timestamp_of(const Unit& tag) {
  return static_cast<std::uint32_t>(*tag.dts / std::chrono::milliseconds(1));
}

bool begins_flv(ByteView bytes) {
  return as_text(bytes).starts_with("FLV");
}

}  // namespace

/// Lives and dies on the user's threads: what is posted to the I/O thread holds the uploader only, never the thread.
struct H2Push::Impl {
  std::shared_ptr<net::IoThread> io;
  std::shared_ptr<Uploader> uploader;
  Notifier notify;
  H2PushContent content;
  flv::Parser parser;
  recordings::CaptureLine capture_line;
  SharedUnit undecided;  ///< the first bytes, until there are enough to tell FLV
  recordings::Spool::Options spool_options;
  std::unique_ptr<recordings::Spool> spool;  ///< made by the opener
  std::thread opener;
  std::promise<void> opener_stop;
  bool started = false;
  bool dropping = false;
  std::atomic<std::uint64_t> bytes_in{0};
  std::atomic<bool> unlocked{false};

  Impl(std::shared_ptr<net::IoThread> thread, std::shared_ptr<Uploader> upload, Notifier notifier, H2PushContent kind)
      : io(std::move(thread)), uploader(std::move(upload)), notify(std::move(notifier)), content(kind) {
    if (kind == H2PushContent::raw) uploader->set_flv(false);
  }

  Result<> push_flv(const SharedUnit& piece);
  Result<> push_decided(const SharedUnit& piece);
  void await_written();
  void decide(bool flv);
  SharedUnit join_undecided(const SharedUnit& piece);
  SharedUnit stamped(SharedUnit tag);
  Result<> queue(SharedUnit unit);
  void start();
  void keep_opening();
  tl::expected<void, Failure> open_spool();
  void end_opener();
  void cancel_drain();
};

void H2Push::Impl::start() {
  if (std::exchange(started, true)) return;
  io->post([uploader = uploader] { uploader->start(); });
  // What lies on a slow disk is read on a thread of its own.
  if (!spool_options.root.empty()) opener = std::thread([this] { keep_opening(); });
}

/// Tells once that the spool cannot be used, and tries until it can be.
void H2Push::Impl::keep_opening() {
  const std::future<void> stop = opener_stop.get_future();
  bool told = false;
  do {
    auto opened = open_spool();
    if (opened) return;
    if (std::exchange(told, true)) continue;
    io->post([uploader = uploader, why = std::move(opened.error())] { uploader->no_spool(why); });
  } while (stop.wait_for(kOpenAgain) == std::future_status::timeout);
}

void H2Push::Impl::end_opener() {
  if (!opener.joinable()) return;
  opener_stop.set_value();
  opener.join();
}

tl::expected<void, Failure> H2Push::Impl::open_spool() {
  const auto first = std::make_shared<recordings::SpoolLevel>();
  const auto opened = std::make_shared<std::atomic<bool>>(false);
  auto result = recordings::Spool::open(
      spool_options, [executor = io->executor(), uploader = uploader, first, opened](recordings::SpoolLevel level) {
        if (!opened->load()) {
          *first = std::move(level);
          return;
        }
        auto shared = std::make_shared<recordings::SpoolLevel>(std::move(level));
        asio::post(executor, [uploader, shared] { uploader->spool_changed(std::move(*shared)); });
      });
  if (!result) return tl::make_unexpected(std::move(result.error()));
  opened->store(true);
  spool = std::move(*result);
  io->post([uploader = uploader, &opened_spool = *spool, first] { uploader->use_spool(opened_spool, *first); });
  return {};
}

/// The unit with the time of its capture, which recordings and the spool go by.
SharedUnit H2Push::Impl::stamped(SharedUnit tag) {
  UtcTime captured = tag->captured ? recordings::as_capture_time(*tag->captured) : recordings::capture_clock();
  // Script and config tags may be from long ago.
  if (is_media(tag->kind)) captured = capture_line.at(captured, timestamp_of(*tag));
  if (tag->captured == captured) return tag;
  auto stamped = std::make_shared<Unit>(*tag);
  stamped->captured = captured;
  return stamped;
}

/// One unit into the queue; tells once when dropping begins and when it is over.
Result<> H2Push::Impl::queue(SharedUnit unit) {
  const auto before = uploader->queue().dropped_units();
  const Result<> pushed = uploader->queue().push(std::move(unit));
  const bool drops = uploader->queue().dropped_units() != before;
  if (drops != dropping && (drops || pushed)) notify(&H2PushEvents::overflow, std::exchange(dropping, drops) == false);
  if (uploader->queue().take_key_request()) notify(&H2PushEvents::need_key);
  return pushed;
}

Result<> H2Push::Impl::push_flv(const SharedUnit& piece) {
  // A muxer that starts over writes its file header again.
  if (parser.header_seen() && parser.at_boundary() && begins_flv(piece->bytes)) parser = flv::Parser();
  Result<> result = parser.feed(piece);
  while (auto tag = parser.poll()) {
    const Result<> pushed = queue(stamped(std::move(*tag)));
    if (!pushed && result) result = pushed;
    if (!pushed && pushed.error() != make_error_code(Errc::queue_full)) break;
  }
  return result;
}

Result<> H2Push::Impl::push_decided(const SharedUnit& piece) {
  if (content != H2PushContent::flv) return queue(piece);
  const Result<> pushed = push_flv(piece);
  await_written();
  return pushed;
}

/// Written ahead, what was taken survives a kill from the moment that push() returns.
void H2Push::Impl::await_written() {
  if (!uploader->queue().await_written(kWriteLimit))
    log::warn("spool", spool_options.root.string(), " takes longer than 1 s for a write: until it has caught up, what ",
              "is on its way there is lost with the program");
}

void H2Push::Impl::decide(bool flv) {
  content = flv ? H2PushContent::flv : H2PushContent::raw;
  uploader->set_flv(flv);
}

/// What came before and was too short to tell, and `piece`.
SharedUnit H2Push::Impl::join_undecided(const SharedUnit& piece) {
  const SharedUnit before = std::exchange(undecided, nullptr);
  if (!before) return piece;
  Bytes both(before->bytes.begin(), before->bytes.end());
  both.insert(both.end(), piece->bytes.begin(), piece->bytes.end());
  auto joined = std::make_shared<Unit>(*make_unit(std::move(both), UnitKind::other));
  joined->captured = before->captured;
  return joined;
}

tl::expected<std::unique_ptr<H2Push>, Failure> H2Push::create(H2PushConfig config, H2PushEvents events) {
  if (!config.proxy.empty()) {
    if (auto proxy = parse_proxy(config.proxy); !proxy) return tl::unexpected<Failure>(std::move(proxy.error()));
  }
  const bool channel = config.mode == H2PushMode::stream;
  auto url = channel ? channel_url(config) : parse_url(config.location);
  if (!url) return tl::unexpected<Failure>(std::move(url.error()));
  if (channel) {
    if (auto triple = read_triple(config); !triple) return tl::unexpected<Failure>(std::move(triple.error()));
    config.method = H2PushMethod::post;
  } else if (auto checked = authorization(config); !checked) {
    // A token file that cannot be read is better told now than after the first connect.
    return tl::unexpected<Failure>(std::move(checked.error()));
  }
  ssl_ctx_st* tls = nullptr;
  if (url->tls) {
    auto context = tls_context(config);
    if (!context) return tl::unexpected<Failure>(std::move(context.error()));
    tls = *context;
  }
  auto io = net::IoThread::shared();
  Notifier notifier(std::move(events));
  const H2PushContent content = config.content;
  recordings::Spool::Options spool = spool_options(config);
  auto uploader = std::make_shared<Uploader>(io->executor(), std::move(config), std::move(*url), tls, notifier);
  auto impl = std::make_unique<Impl>(std::move(io), std::move(uploader), std::move(notifier), content);
  impl->spool_options = std::move(spool);
  return std::unique_ptr<H2Push>(new H2Push(std::move(impl)));
}

H2Push::H2Push(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

H2Push::~H2Push() {
  impl_->notify.silence();
  impl_->end_opener();
  impl_->io->run([uploader = impl_->uploader] { uploader->abort(); });
}

void H2Push::start() {
  impl_->start();
}

Result<> H2Push::push(const SharedUnit& piece) {
  impl_->bytes_in.fetch_add(piece->bytes.size(), std::memory_order_relaxed);
  impl_->start();
  if (impl_->content != H2PushContent::automatic) return impl_->push_decided(piece);
  const SharedUnit first = impl_->join_undecided(piece);
  if (first->bytes.size() < kMagicBytes) {
    impl_->undecided = first;
    return {};
  }
  impl_->decide(begins_flv(first->bytes));
  return impl_->push_decided(first);
}

void H2Push::flush() {
  if (!impl_->parser.at_boundary()) impl_->parser = flv::Parser();
  impl_->uploader->queue().clear();
}

Result<> H2Push::drain() {
  if (const SharedUnit rest = std::exchange(impl_->undecided, nullptr)) {
    // Fewer bytes in all than an FLV file begins with.
    impl_->decide(false);
    if (const auto pushed = impl_->push_decided(rest); !pushed) return pushed;
  }
  auto promise = std::make_shared<std::promise<Result<>>>();
  auto done = promise->get_future();
  impl_->io->post([uploader = impl_->uploader, promise] {
    uploader->drain([promise](Result<> result) { promise->set_value(result); });
  });
  if (impl_->unlocked.load()) impl_->cancel_drain();
  std::chrono::milliseconds timeout{};
  impl_->io->run([&] { timeout = impl_->uploader->drain_timeout(); });
  if (done.wait_for(timeout) != std::future_status::ready) return fail(Errc::timed_out);
  impl_->parser = flv::Parser();
  return done.get();
}

void H2Push::Impl::cancel_drain() {
  io->post([uploader = uploader] { uploader->cancel_drain(); });
}

void H2Push::unlock(bool unlocked) {
  impl_->unlocked.store(unlocked);
  impl_->uploader->queue().unlock(unlocked);
  if (unlocked) impl_->cancel_drain();
}

void H2Push::update(const H2PushConfig& config) {
  impl_->io->post([uploader = impl_->uploader, config] { uploader->update(config); });
}

void H2Push::reconnect() {
  impl_->io->post([uploader = impl_->uploader] { uploader->reconnect(); });
}

void H2Push::split() {
  impl_->io->post([uploader = impl_->uploader] { uploader->split(); });
}

void H2Push::drop_spool() {
  impl_->io->post([uploader = impl_->uploader] { uploader->drop_spool(); });
}

H2PushStats H2Push::stats() const {
  H2PushStats stats;
  impl_->io->run([&] { impl_->uploader->fill(stats); });
  const MediaQueue::Level level = impl_->uploader->queue().level();
  stats.bytes_in = impl_->bytes_in.load(std::memory_order_relaxed);
  stats.bytes_queued = level.bytes;
  stats.bytes_unsent = level.unsent_bytes;
  stats.time_queued = level.time;
  stats.bytes_dropped_overflow = level.dropped_bytes;
  stats.bytes_dropped_error = level.lost_bytes;
  stats.units_dropped += level.dropped_units + level.lost_units;
  return stats;
}

}  // namespace camspan
