#include "local/local_signaller.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <nlohmann/json.hpp>

#include "core/log.hpp"
#include "hub/clock.hpp"
#include "hub/live_route.hpp"
#include "hub/page_route.hpp"
#include "hub/responses.hpp"
#include "local/local_host.hpp"

namespace camspan {
namespace {

using hub::Cause;
using hub::Problem;
namespace signal = net::signal;

constexpr const char* kStream = "local";  // there is one
constexpr std::chrono::seconds kTick{1};

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host == "[::1]" || host.starts_with("127.");
}

}  // namespace

/// What lives on the I/O thread. Shared by its owner and the requests under way.
class LocalSignaller::Server : public std::enable_shared_from_this<LocalSignaller::Server> {
 public:
  Server(LocalSignallerConfig config, hub::DeviceId device, std::optional<hub::Authorizer> authorizer,
         net::SignallingEvents& events, net::PostToP2p post, const asio::any_io_executor& executor)
      : config_(std::move(config)),
        executor_(executor),
        post_(std::move(post)),
        ears_(std::make_shared<Ears>(Ears{&events})),
        host_(std::move(device), config_.server.token, std::move(authorizer), config_.ice_servers,
              [this](const signal::Message& message) { told(message); }),
        sessions_({config_.max_sessions, config_.max_sessions}),
        whep_(host_, sessions_, {}),
        live_({}),
        rounds_(executor),
        tick_(executor) {}

  /// @return the port, 0 when it cannot be bound
  std::uint16_t start();
  void stop();
  void mute() { ears_->events = nullptr; }
  void take(signal::Message message) { sessions_.take(host_.device(), std::move(message)); }
  void push(SharedUnit tag);
  void describe(const net::CameraDescription& camera) { ptz_ = camera.ptz; }

 private:
  /// Touched on the P2P thread alone.
  struct Ears {
    net::SignallingEvents* events;
  };

  static asio::awaitable<void> serve(std::shared_ptr<Server> self, net::HttpExchange& exchange);
  static asio::awaitable<void> tick(std::shared_ptr<Server> self);
  asio::awaitable<void> watch(net::HttpExchange& exchange, std::string id);
  tl::expected<void, Problem> admit_live(const net::HttpExchange& exchange, const std::string& id);
  void told(const signal::Message& message);
  void hear(std::function<void(net::SignallingEvents&)> what);

  const LocalSignallerConfig config_;
  const asio::any_io_executor executor_;
  const net::PostToP2p post_;
  const std::shared_ptr<Ears> ears_;
  LocalHost host_;
  hub::WhepSessions sessions_;
  hub::WhepRoute whep_;
  hub::LiveStream live_;
  net::WriteRounds rounds_;
  net::WakeUp tick_;
  std::uint64_t tags_ = 0;
  bool ptz_ = false;  ///< the camera can be moved
  bool stopped_ = false;
  std::unique_ptr<net::LocalServer> server_;
};

std::uint16_t LocalSignaller::Server::start() {
  net::LocalServerSettings settings = config_.server;
  settings.token.clear();                              // the routes judge: a JWT may stand in for it
  settings.limits.max_websocket_message_bytes = 4096;  // viewers have nothing to say there
  auto started = net::LocalServer::start(
      executor_, std::move(settings),
      [self = shared_from_this()](net::HttpExchange& exchange) { return serve(self, exchange); });
  if (!started) {
    hear([why = started.error()](net::SignallingEvents& events) { events.state(net::SignalState::lost, why); });
    return 0;
  }
  server_ = std::move(*started);
  asio::co_spawn(executor_, tick(shared_from_this()), asio::detached);
  hear([servers = host_.ice()](net::SignallingEvents& events) {
    events.ready(servers);
    events.state(net::SignalState::connected, {});
  });
  return server_->port();
}

void LocalSignaller::Server::stop() {
  if (std::exchange(stopped_, true)) return;
  sessions_.end_all();
  live_.end_viewers();
  tick_.notify();
  server_.reset();  // and with it what keeps this object
}

asio::awaitable<void> LocalSignaller::Server::tick(std::shared_ptr<Server> self) {
  while (!self->stopped_) {
    self->live_.tick(hub::steady_now());
    co_await self->tick_.wait_until(hub::steady_now() + kTick);
  }
}

void LocalSignaller::Server::push(SharedUnit tag) {
  if (stopped_) return;
  if (tags_ == 0) live_.open(kStream, hub::utc_now());
  live_.push(kStream, tags_++, tag, hub::steady_now());
}

asio::awaitable<void> LocalSignaller::Server::serve(std::shared_ptr<Server> self, net::HttpExchange& exchange) {
  const std::string path = exchange.request().path;
  constexpr std::string_view kWhep = "/whep/";
  constexpr std::string_view kLive = "/live/";
  constexpr std::string_view kFlv = ".flv";
  if (path.starts_with(kWhep)) {
    co_await self->whep_.handle(exchange, path.substr(kWhep.size()));
  } else if (path.starts_with(kLive) && path.ends_with(kFlv) && path.size() > kLive.size() + kFlv.size()) {
    std::string id = path.substr(kLive.size(), path.size() - kLive.size() - kFlv.size());
    co_await self->watch(exchange, std::move(id));
  } else if (path == "/healthz") {
    // The page has no list of cameras here: this is what it knows of the one.
    nlohmann::ordered_json answer{{"status", "ok"}, {"device", self->host_.device().str()}};
    if (self->ptz_) answer["ptz"] = true;
    co_await hub::send_json(exchange, 200, answer.dump());
  } else {
    co_await hub::serve_page(exchange);
  }
}

tl::expected<void, Problem> LocalSignaller::Server::admit_live(const net::HttpExchange& exchange,
                                                               const std::string& id) {
  const net::RequestHead& request = exchange.request();
  if (request.method != "GET")
    return tl::unexpected(Problem{Cause::method_not_allowed, "Watch with GET.", {}, {{"allow", "GET"}}});
  const auto device = hub::DeviceId::parse(id);
  if (!device) return tl::unexpected(Problem{Cause::unknown_device, "There is no device " + id + " here.", {}, {}});
  if (auto viewer = host_.admit(request, *device, hub::Right::live); !viewer)
    return tl::unexpected(std::move(viewer.error()));
  if (auto camera = host_.camera(*device); !camera) return tl::unexpected(std::move(camera.error()));
  if (exchange.wants_websocket() && hub::is_foreign_origin(request))
    return tl::unexpected(
        Problem{Cause::foreign_origin, "Only this camera's own page may open this WebSocket.", {}, {}});
  if (!live_.live())
    return tl::unexpected(hub::retry_later(Cause::no_video, "No video comes from this camera now.", 5));
  return {};
}

asio::awaitable<void> LocalSignaller::Server::watch(net::HttpExchange& exchange, std::string id) {
  auto admitted = admit_live(exchange, id);
  if (!admitted)
    co_await hub::send_problem(exchange, std::move(admitted.error()));
  else if (exchange.wants_websocket())
    co_await hub::view_by_websocket(exchange, live_, rounds_);
  else
    co_await hub::view_by_http(exchange, live_, rounds_);
}

/// A viewer says something: on to the sessions, on their thread.
void LocalSignaller::Server::told(const signal::Message& message) {
  hear([message](net::SignallingEvents& events) {
    if (const auto* offer = std::get_if<net::ViewerOffer>(&message))
      events.offered(*offer);
    else if (const auto* candidate = std::get_if<net::ViewerCandidate>(&message))
      events.candidate(*candidate);
    else if (const auto* restart = std::get_if<net::ViewerRestart>(&message))
      events.restart(*restart);
    else if (const auto* bye = std::get_if<signal::Bye>(&message))
      events.left(bye->session, bye->reason);
  });
}

void LocalSignaller::Server::hear(std::function<void(net::SignallingEvents&)> what) {
  post_([ears = ears_, what = std::move(what)] {
    if (ears->events != nullptr) what(*ears->events);
  });
}

tl::expected<std::unique_ptr<LocalSignaller>, Failure> LocalSignaller::make(LocalSignallerConfig config,
                                                                            net::SignallingEvents& events,
                                                                            net::PostToP2p post) {
  auto device = hub::DeviceId::parse(config.device_id);
  if (!device)
    return tl::unexpected(Failure{Errc::bad_setting, "device-id \"" + config.device_id +
                                                         "\" is no device id: letters, digits, dots, dashes and "
                                                         "underscores, at most 64, not ending in .flv."});
  std::optional<hub::Authorizer> authorizer;
  if (!config.jwt_key_file.empty()) {
    auto key = hub::TokenKey::load(config.jwt_key_file, false);
    if (!key) return tl::unexpected(std::move(key.error()));
    authorizer.emplace(std::move(*key), [] { return std::chrono::floor<std::chrono::seconds>(hub::utc_now()); });
  }
  if (config.server.token.empty() && !authorizer && !is_loopback(config.server.host))
    return tl::unexpected(Failure{Errc::bad_setting, "signaller::host = " + config.server.host +
                                                         " lets others in: set signaller::auth-token-file or "
                                                         "signaller::jwt-key-file, or use 127.0.0.1."});
  auto io = net::IoThread::shared();
  auto server = std::make_shared<Server>(std::move(config), std::move(*device), std::move(authorizer), events,
                                         std::move(post), io->executor());
  return std::unique_ptr<LocalSignaller>(new LocalSignaller(std::move(io), std::move(server)));
}

LocalSignaller::LocalSignaller(std::shared_ptr<net::IoThread> io, std::shared_ptr<Server> server)
    : io_(std::move(io)), server_(std::move(server)) {}

LocalSignaller::~LocalSignaller() {
  server_->mute();
  stop();
}

void LocalSignaller::start() {
  io_->run([this] { port_ = server_->start(); });
}

void LocalSignaller::stop() {
  io_->run([this] { server_->stop(); });
}

void LocalSignaller::describe(net::CameraDescription camera) {
  io_->post([server = server_, camera = std::move(camera)] { server->describe(camera); });
}

void LocalSignaller::say(signal::Message message) {
  io_->post([server = server_, message = std::move(message)] { server->take(message); });
}

void LocalSignaller::state(unsigned, std::uint64_t) {}  // nor anybody who asks

void LocalSignaller::push(SharedUnit tag) {
  io_->post([server = server_, tag = std::move(tag)] { server->push(tag); });
}

}  // namespace camspan
