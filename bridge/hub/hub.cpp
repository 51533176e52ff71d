#include "hub/hub.hpp"

#include <asio/co_spawn.hpp>
#include <functional>
#include <future>
#include <optional>
#include <utility>

#include "core/log.hpp"
#include "hub/certificate.hpp"
#include "hub/channel_exchange.hpp"
#include "hub/clock.hpp"
#include "hub/housekeeping.hpp"
#include "hub/hub_whep_host.hpp"
#include "hub/ice_servers.hpp"
#include "hub/quantity.hpp"
#include "hub/router.hpp"
#include "net/http_server.hpp"
#include "net/io_thread.hpp"
#include "proto/link/request.hpp"

namespace camspan::hub {
namespace {

using std::chrono::milliseconds;

// Together under the 5 s in which the program ends: uploads are answered, then connections end, then files are synced.
constexpr milliseconds kUploadsDeadline{1500};
constexpr milliseconds kDrainDeadline{750};  // of each port
constexpr milliseconds kHandlersDeadline{500};

// A connection that is given nothing for so long has no business here (h2-stream.md 6.2).
constexpr milliseconds kAdmission{30'000};
// Below half of a stream's window, which is announced again when half of it is read: so Link Kit devices, which lose
// what does not fit in the window, always see more than a MiB of it.
constexpr std::size_t kMaxUnreadBodyBytes = 6 << 20;
constexpr std::size_t kMaxTargetBytes = 8192;

flv::FanOut::Limits viewer_limits(const Config::Limits& limits) {
  flv::FanOut::Limits result;
  result.max_bytes = limits.viewer_queue;
  result.max_delay = limits.viewer_delay;
  result.timeout = limits.viewer_timeout;
  return result;
}

net::HttpServerLimits server_limits(const Config::Limits& limits) {
  net::HttpServerLimits result;
  // A connection for each device and viewer, and as many again for pages, events and tools.
  result.max_connections = 2 * (limits.devices + limits.viewers);
  result.max_connections_per_peer = limits.connections_per_address;
  result.max_unread_body_bytes = kMaxUnreadBodyBytes;
  result.admission = kAdmission;
  result.max_target_bytes = [](std::string_view target) {
    return link::is_stream_target(target) ? link::kMaxTargetBytes : kMaxTargetBytes;
  };
  result.refusal_fields = refusal_fields;
  return result;
}

}  // namespace

/// Declared in the order of need: what is below uses what is above.
struct Hub::Parts {
  Parts(const Config& the_config, DataFolder the_folder, TokenKey key, TlsContext the_tls)
      : config(the_config),
        folder(std::move(the_folder)),
        tls(std::move(the_tls)),
        authorizer(std::move(key), [] { return std::chrono::floor<std::chrono::seconds>(utc_now()); }),
        board(utc_now),
        live(viewer_limits(config.limits)),
        channels({config.limits.channels_per_connection, config.limits.connections_per_device}),
        whep_sessions({config.limits.viewers_per_device, config.limits.viewers}) {}

  const Config config;
  const DataFolder folder;
  const TlsContext tls;
  const Authorizer authorizer;
  EventBroker events;
  StorageHealth health;
  StatusBoard board;
  LiveDirectory live;
  Uploads uploads;
  Channels channels;
  WhepSessions whep_sessions;
  std::unique_ptr<SqliteIndex> index;
  std::optional<UploadRegistry> upload_registry;
  std::unique_ptr<Devices> devices;
  std::unique_ptr<recordings::Recorder> recorder;
  std::optional<UploadServices> services;
  std::unique_ptr<RecordingsRoute> recordings_route;
  std::optional<IngestRoute> ingest_route;
  std::optional<FileService> file_service;
  std::optional<StreamRoute> stream_route;
  std::optional<LiveRoute> live_route;
  std::optional<SignalRoute> signal_route;
  std::optional<HubWhepHost> whep_host;
  std::optional<WhepRoute> whep_route;
  std::optional<ApiRoute> api_route;
  std::optional<DownlinkRoute> downlink_route;
  std::optional<MetricsRoute> metrics_route;
  std::optional<Router> router;
  std::unique_ptr<Housekeeping> housekeeping;
  std::unique_ptr<net::HttpServer> server;
  std::unique_ptr<net::HttpServer> plain_server;
  Addresses addresses;
  bool stopped = false;
  /// Last: when it goes, so does every coroutine, while all that coroutines refer to is there.
  std::optional<net::IoThread> io;

  tl::expected<void, Failure> open_storage();
  void make_routes(std::unique_ptr<IndexReader> reader);
  tl::expected<void, Failure> listen();
  tl::expected<std::string, Failure> bind(std::unique_ptr<net::HttpServer>& server_slot, const std::string& address,
                                          ssl_ctx_st* context);
  net::HttpServerStats server_stats() const;
  asio::awaitable<void> wind_down();
  asio::awaitable<void> wait_until(std::function<bool()> done, milliseconds limit);
  void note_ranges(std::vector<SqliteIndex::Change> changes);
};

/// On the storage thread: tells the board, which lives on the I/O thread.
void Hub::Parts::note_ranges(std::vector<SqliteIndex::Change> changes) {
  io->post([this, changes = std::move(changes)] {
    for (const auto& [device, range, lost_tags] : changes) {
      const auto id = DeviceId::parse(device);
      if (!id) continue;
      board.set_recorded(*id, range, steady_now());
      board.set_lost_tags(*id, lost_tags);
    }
  });
}

tl::expected<void, Failure> Hub::Parts::open_storage() {
  const auto changed = [this](std::vector<SqliteIndex::Change> changes) { note_ranges(std::move(changes)); };
  auto opened = SqliteIndex::open(folder.database(), changed);
  if (!opened) return tl::unexpected(std::move(opened.error()));
  index = std::move(*opened);
  auto opened_devices = Devices::open(folder.database(), config, board, health, events);
  if (!opened_devices) return tl::unexpected(std::move(opened_devices.error()));
  devices = std::move(*opened_devices);
  auto opened_uploads = UploadRegistry::open(folder.database());
  if (!opened_uploads) return tl::unexpected(std::move(opened_uploads.error()));
  upload_registry.emplace(std::move(*opened_uploads));
  sweep_parts(*upload_registry, folder.files());
  auto reader = IndexReader::open(folder.database());
  if (!reader) return tl::unexpected(std::move(reader.error()));

  recordings::RecorderOptions options;
  options.root = folder.recordings();
  options.segment = config.record.segment;
  auto started = recordings::Recorder::start(std::move(options), *index);
  if (!started) return tl::unexpected(std::move(started.error()));
  recorder = std::move(*started);
  recorder->run([this] { index->tell_all(); });
  devices->use(*recorder);
  make_routes(std::move(*reader));
  return {};
}

void Hub::Parts::make_routes(std::unique_ptr<IndexReader> reader) {
  services.emplace(UploadServices{*recorder, *index, live, board, health, uploads, config.record.enabled});
  recordings_route = std::make_unique<RecordingsRoute>(authorizer, *devices, std::move(reader), folder.recordings());
  ingest_route.emplace(authorizer, *devices, *services, FileStore{folder.files(), config.limits.upload_max});
  ResumableFile::Place place{folder.files(), config.limits.uploads_per_device, config.limits.upload_keep};
  file_service.emplace(FileServices{*upload_registry, *recorder, uploads, *ingest_route}, std::move(place),
                       config.limits.upload_max);
  stream_route.emplace(*devices, *ingest_route, channels, *file_service);
  live_route.emplace(authorizer, *devices, live, board, config.limits, io->executor());
  const auto ice = [this](const DeviceId& device) { return ice_servers(config.ice, device.str(), utc_now()); };
  signal_route.emplace(*devices, board, whep_sessions, ice, SignalRoute::Times{});
  whep_host.emplace(authorizer, *devices, *signal_route, config.ice);
  whep_route.emplace(*whep_host, whep_sessions, WhepRoute::Times{});
  api_route.emplace(authorizer, *devices, events, uploads, *signal_route);
  downlink_route.emplace(authorizer, *devices, channels, uploads, config.limits.downlink_timeout);
  metrics_route.emplace(
      authorizer, MetricsSources{board, health, [this] { return devices->known(); }, [this] { return server_stats(); },
                                 utc_now(), whep_sessions, [this] { return signal_route->count(); }});
  router.emplace(*ingest_route, *stream_route, *live_route, *recordings_route, *api_route, *downlink_route,
                 *signal_route, *whep_route, *metrics_route, health);
  housekeeping =
      std::make_unique<Housekeeping>(HousekeepingParts{config, live, board, uploads, health, *devices, *file_service,
                                                       *recorder, *index, folder.recordings()},
                                     io->executor());
}

tl::expected<std::string, Failure> Hub::Parts::bind(std::unique_ptr<net::HttpServer>& server_slot,
                                                    const std::string& address, ssl_ctx_st* context) {
  const auto parsed = parse_host_port(address);
  if (!parsed) return tl::unexpected(Failure{Errc::bad_setting, address + " is not HOST:PORT."});
  server_slot = std::make_unique<net::HttpServer>(
      io->executor(), [this](net::HttpExchange& exchange) { return router->handle(exchange); },
      server_limits(config.limits));
  return server_slot->listen(parsed->host, parsed->port, context);
}

tl::expected<void, Failure> Hub::Parts::listen() {
  auto bound = bind(server, config.listen, tls.get());
  if (!bound) return tl::unexpected(std::move(bound.error()));
  addresses.listen = *bound;
  if (config.plain.empty()) return {};
  auto plain = bind(plain_server, config.plain, nullptr);
  if (!plain) return tl::unexpected(std::move(plain.error()));
  addresses.plain = *plain;
  return {};
}

net::HttpServerStats Hub::Parts::server_stats() const {
  net::HttpServerStats sum;
  for (const auto* running : {&server, &plain_server})
    if (*running) sum += (*running)->stats();
  return sum;
}

asio::awaitable<void> Hub::Parts::wait_until(std::function<bool()> done, milliseconds limit) {
  net::WakeUp tick(io->executor());
  const TimePoint deadline = steady_now() + limit;
  while (!done() && steady_now() < deadline) co_await tick.wait_until(steady_now() + milliseconds(10));
}

asio::awaitable<void> Hub::Parts::wind_down() {
  for (const auto* running : {&server, &plain_server})
    if (*running) (*running)->stop_accepting();
  housekeeping->stop();
  uploads.end_all(
      retry_later(Cause::stopping, "The hub is stopping. Send again from the first tag that was not acknowledged.", 5));
  live.end_viewers();
  whep_sessions.end_all();
  signal_route->end_all();
  events.end_all();
  const std::function<bool()> uploads_over = [this] { return uploads.empty(); };
  co_await wait_until(uploads_over, kUploadsDeadline);
  channels.end_all();
  for (const auto* running : {&server, &plain_server})
    if (*running) co_await (*running)->drain(kDrainDeadline);
  const std::function<bool()> all_over = [this] { return router->active() == 0 && housekeeping->stopped(); };
  co_await wait_until(all_over, kHandlersDeadline);
}

Hub::Hub(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

tl::expected<std::unique_ptr<Hub>, Failure> Hub::start(const Config& config) {
  auto folder = DataFolder::open(config.data, DataFolder::Lock::exclusive);
  if (!folder) return tl::unexpected(std::move(folder.error()));
  const bool own_key = config.auth.jwt_key_file.empty();
  auto key = TokenKey::load(own_key ? folder->token_key() : config.auth.jwt_key_file, own_key);
  if (!key) return tl::unexpected(std::move(key.error()));
  auto tls = make_tls_context(config.tls, *folder);
  if (!tls) return tl::unexpected(std::move(tls.error()));

  std::unique_ptr<Hub> hub(
      new Hub(std::make_unique<Parts>(config, std::move(*folder), std::move(*key), std::move(*tls))));
  Parts& parts = *hub->parts_;
  parts.io.emplace("camspan-io", net::IoThread::Pace::turns);
  if (auto opened = parts.open_storage(); !opened) return tl::unexpected(std::move(opened.error()));
  tl::expected<void, Failure> listening;
  parts.io->run([&] {
    listening = parts.listen();
    if (listening) parts.housekeeping->start();
  });
  if (!listening) return tl::unexpected(std::move(listening.error()));
  return hub;
}

const Hub::Addresses& Hub::addresses() const {
  return parts_->addresses;
}

void Hub::stop() {
  Parts& parts = *parts_;
  if (std::exchange(parts.stopped, true)) return;
  if (parts.router) {
    std::promise<void> done;
    const auto wound_down = [&done](std::exception_ptr) { done.set_value(); };
    asio::co_spawn(parts.io->executor(), parts.wind_down(), wound_down);
    done.get_future().wait();
    parts.io->run([&] {
      parts.server.reset();
      parts.plain_server.reset();
      parts.devices->save_last_seen();
    });
  }
  // Its callbacks go to the I/O thread, which therefore ends after it.
  parts.recorder.reset();
}

Hub::~Hub() {
  stop();
}

}  // namespace camspan::hub
