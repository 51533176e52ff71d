#include "api/ws_media_server.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/player_files.hpp"
#include "core/log.hpp"
#include "core/memory_budget.hpp"
#include "net/responses.hpp"
#include "proto/ws/frame.hpp"
#include "proto/ws_message/message.hpp"
#include "proto/ws_message/packer.hpp"

namespace camspan {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kTick{1};
// A key frame costs many times a delta: encoders are not asked more often (gst-elements.md A12).
constexpr std::chrono::seconds kKeyInterval{1};
// Connections that are no clients yet cost a descriptor and about 2 KiB each; after 10 s without a request they end.
constexpr std::size_t kMaxConnections = 8192;
// One round of a client: what it is behind is to wait in its queue, where it counts.
constexpr int kMaxUnsentBytes = 64 << 10;
// PAUSED to READY takes less than a second.
constexpr milliseconds kStopTime{400};

flv::FanOut::Limits limits_of(const WsPublisherConfig& config) {
  flv::FanOut::Limits limits;
  limits.max_bytes = memory_bound(config.max_bytes);
  limits.max_total_bytes = limits.max_bytes;
  limits.cache_bytes = limits.max_bytes;
  limits.soft_max = config.units_soft_max;
  limits.max_delay = config.units_max;
  limits.timeout = config.timeout;
  limits.sync = config.sync_method;
  limits.recover = config.recover_policy;
  return limits;
}

std::string path_of(const WsPublisherConfig& config) {
  if (!config.path.empty()) return config.path.front() == '/' ? config.path : '/' + config.path;
  return config.encoding == WsEncoding::raw ? "/live.flv" : "/appdata";
}

net::WsStreamsSettings rest_settings(const WsPublisherConfig& config) {
  net::WsStreamsSettings settings;
  settings.message.max_bytes = memory_bound(config.max_inbound_message);
  settings.allowed_origins = config.allow_origins;
  return settings;
}

std::uint64_t units_of(const flv::LossCounts& losses) {
  std::uint64_t units = 0;
  for (const flv::LossCount& count : losses) units += count.units;
  return units;
}

}  // namespace

/// A client while it is there.
class WsMediaServer::Guest {
 public:
  Guest(WsMediaServer& server, net::HttpExchange& exchange)
      : server_(server),
        client_(++server.last_id_, exchange, server.executor_, server.media_, server.fan_out_, server.rounds_) {
    server_.clients_.push_back(&client_);
    ++server_.counts_.accepts;
  }
  ~Guest() { server_.leave(client_); }
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  WsMediaClient& client() { return client_; }

 private:
  WsMediaServer& server_;
  WsMediaClient client_;
};

WsMediaServer::WsMediaServer(asio::any_io_executor executor, WsPublisherConfig config, WsPublisherEvents events,
                             net::IoThread& notify)
    : executor_(executor),
      config_(std::move(config)),
      box_(std::make_shared<Box>()),
      notify_(notify),
      media_(config_.encoding, config_.stream_name),
      fan_out_(
          limits_of(config_), [this](const Unit& unit, std::uint64_t number) { return media_.prefix(unit, number); },
          &MemoryBudget::process()),
      rounds_(executor),
      path_(path_of(config_)),
      rest_(
          executor, [this](net::StreamRequest request) { request.answer(answer_to(request.method, request.stream)); },
          rest_settings(config_), path_),
      timer_(executor) {
  box_->events = std::move(events);
}

template <class Tell>
void WsMediaServer::tell(Tell event) {
  notify_.post([box = box_, event = std::move(event)] {
    if (!box->silent.load()) event(box->events);
  });
}

tl::expected<void, Failure> WsMediaServer::start(std::string token) {
  net::LocalServerSettings settings;
  settings.host = config_.host;
  settings.port = config_.port;
  settings.cert_file = config_.tls_cert_file;
  settings.key_file = config_.tls_key_file;
  settings.token = std::move(token);
  settings.allow_origins = config_.allow_origins;
  settings.interface = config_.interface;
  settings.dscp = config_.dscp;
  settings.max_unsent_bytes = kMaxUnsentBytes;
  settings.limits.max_connections = kMaxConnections;
  settings.limits.websocket_ping = config_.ping_interval;
  settings.limits.max_websocket_message_bytes = memory_bound(config_.max_inbound_message);
  const std::weak_ptr<WsMediaServer> weak = weak_from_this();
  auto started = net::LocalServer::start(executor_, std::move(settings),
                                         [weak](net::HttpExchange& exchange) { return handle(weak.lock(), exchange); });
  if (!started) return tl::unexpected<Failure>(std::move(started.error()));
  server_ = std::move(*started);
  log::info("ws", "serving ", config_.stream_name, " on ", server_->tls() ? "wss://" : "ws://", config_.host, ":",
            server_->port(), path_);
  tick_later();
  return {};
}

asio::awaitable<void> WsMediaServer::stop() {
  stopping_ = true;
  timer_.cancel();
  for (const auto& question : questions_) question->answered.notify();
  for (WsMediaClient* client : clients_) client->close(1001, "the camera stops", WsRemoval::stopped);
  co_await server_->http().drain(kStopTime);
  server_.reset();
}

asio::awaitable<void> WsMediaServer::handle(std::shared_ptr<WsMediaServer> self, net::HttpExchange& exchange) {
  if (!self || self->stopping_) co_return;
  const std::string& path = exchange.request().path;
  const bool below = self->media_.encoding() != WsEncoding::raw && self->rest_.is_for(path);
  if (path == self->path_ || below) {
    co_await self->serve_media(exchange);
    co_return;
  }
  const bool served = co_await self->serve_player(exchange);
  if (served) co_return;
  net::LocalServer::Refusal why{404, "unknown-route", "Nothing here", "The stream of this camera is at another path."};
  co_await self->refuse(exchange, self->counts_.rejects_request, std::move(why));
}

/// The page, which everybody may see. @return whether the request was for it
asio::awaitable<bool> WsMediaServer::serve_player(net::HttpExchange& exchange) {
  const net::RequestHead& request = exchange.request();
  if (!config_.serve_player || (request.method != "GET" && request.method != "HEAD")) co_return false;
  if (request.path == "/player.json") {
    http::Headers headers;
    headers.append("content-type", "application/json");
    headers.append("cache-control", "no-store");
    std::string body = nlohmann::json{{"path", path_}}.dump();
    co_await net::send_body(exchange, 200, std::move(headers), std::move(body));
    co_return true;
  }
  const net::PageFile* const file = net::find_page_file(player_files(), request.path);
  if (!file) co_return false;
  co_await net::send_page_file(exchange, *file);
  co_return true;
}

asio::awaitable<void> WsMediaServer::refuse(net::HttpExchange& exchange, std::uint64_t& counter,
                                            net::LocalServer::Refusal why) {
  ++counter;
  co_await net::send_problem(exchange, why.status, std::move(why.cause), std::move(why.title), std::move(why.detail));
}

asio::awaitable<void> WsMediaServer::serve_media(net::HttpExchange& exchange) {
  const net::RequestHead& request = exchange.request();
  const bool by_rest = media_.encoding() != WsEncoding::raw && (request.path != path_ || !exchange.wants_websocket());
  // A browser that asks whether a page may ask has no token to show (Fetch, section 4.8), and reads no more than that.
  const bool only_asks = by_rest && request.method == "OPTIONS";
  if (auto why = server_->refuse(request); why && !only_asks) {
    std::uint64_t& counter = why->status == 401 ? counts_.rejects_token : counts_.rejects_origin;
    co_await refuse(exchange, counter, std::move(*why));
    co_return;
  }
  if (by_rest) {
    co_await rest_.serve(exchange);
    co_return;
  }
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (!reads) {
    net::LocalServer::Refusal why{405, "method-not-allowed", "Wrong method", "Watch with GET."};
    co_await refuse(exchange, counts_.rejects_request, std::move(why));
    co_return;
  }
  if (request.method == "HEAD") {
    const auto head = co_await exchange.send_head(200, media_headers(request), std::nullopt);
    if (head) static_cast<void>(co_await exchange.finish());
    co_return;
  }
  co_await serve_client(exchange);
}

asio::awaitable<void> WsMediaServer::serve_client(net::HttpExchange& exchange) {
  if (clients_.size() + joining_ >= config_.max_clients || !fan_out_.has_room()) {
    net::LocalServer::Refusal why{503, "max-clients", "Camera is busy",
                                  "As many clients are here as this camera allows. Try again later."};
    co_await refuse(exchange, counts_.rejects_full, std::move(why));
    co_return;
  }
  ++joining_;
  const bool welcome = co_await ask(exchange.request());
  --joining_;
  if (stopping_) co_return;
  if (!welcome) {
    net::LocalServer::Refusal why{403, "not-allowed", "Not let in", "The program of this camera did not let you in."};
    co_await refuse(exchange, counts_.rejects_application, std::move(why));
    co_return;
  }
  std::unique_ptr<net::WsLink> link;
  if (exchange.wants_websocket()) {
    ++joining_;
    auto accepted = co_await exchange.accept_websocket();
    --joining_;
    if (!accepted) {
      ++counts_.rejects_request;
      co_return;  // it has been answered
    }
    link = std::move(*accepted);
  }
  if (stopping_) co_return;
  Guest guest(*this, exchange);
  WsMediaClient& client = guest.client();
  tell([id = client.id(), address = client.address()](const WsPublisherEvents& events) {
    if (events.client_added) events.client_added(id, address);
  });
  if (has_media_) begin(client);
  if (link) {
    WsMediaClient::OnMessage on_message_of = [this](WsMediaClient& from, net::WsLink::Message message) {
      on_message(from, std::move(message));
    };
    co_await client.serve_websocket(std::move(link), std::move(on_message_of));
  } else {
    co_await client.serve_http(media_headers(exchange.request()));
  }
}

void WsMediaServer::begin(WsMediaClient& client) {
  const flv::FanOut::Opening opening = fan_out_.join(client.viewer());
  if (has_media_ && opening.units.empty()) want_key();
  client.begin(media_.opening(opening, caps_, headers_now(opening)));
}

/// Whether the user of the publisher lets the client in.
asio::awaitable<bool> WsMediaServer::ask(const net::RequestHead& request) {
  if (!box_->events.client_connecting) co_return true;
  const auto question = std::make_shared<Question>(executor_);
  questions_.push_back(question);
  WsPublisherEvents::Headers headers;
  if (!request.headers.find("host")) headers.emplace_back("host", request.authority);
  for (const auto& field : request.headers) headers.emplace_back(field.name, field.value);
  const std::weak_ptr<WsMediaServer> weak = weak_from_this();
  notify_.post([box = box_, question, executor = executor_, address = request.peer, path = request.path,
                headers = std::move(headers)] {
    const bool yes = !box->silent.load() && box->events.client_connecting(address, path, headers);
    asio::post(executor, [question, yes] {
      question->yes = yes;
      question->answered.notify();
    });
  });
  co_await question->answered.wait();
  std::erase(questions_, question);
  co_return question->yes;
}

http::Headers WsMediaServer::media_headers(const net::RequestHead& request) const {
  http::Headers headers;
  headers.append("content-type", flv_ ? "video/x-flv" : "application/octet-stream");
  headers.append("cache-control", "no-store");
  headers.append("x-content-type-options", "nosniff");
  headers.append("server", config_.user_agent);
  // It was let in, so it may read.
  if (const auto origin = request.headers.find("origin")) {
    headers.append("access-control-allow-origin", std::string(*origin));
    headers.append("vary", "origin");
  }
  return headers;
}

/// What a client that comes now gets first: of FLV what is in force where it starts, else what the caps say.
std::vector<SharedUnit> WsMediaServer::headers_now(const flv::FanOut::Opening& opening) const {
  return flv_ ? opening.head : headers_;
}

void WsMediaServer::leave(WsMediaClient& client) {
  std::erase(clients_, &client);
  counts_.bytes_served += client.bytes_sent();
  tell([id = client.id(), why = client.removal()](const WsPublisherEvents& events) {
    if (events.client_removed) events.client_removed(id, why);
  });
  if (clients_.empty() && ended_) std::exchange(ended_, {})();
}

void WsMediaServer::on_message(WsMediaClient& client, net::WsLink::Message message) {
  if (media_.encoding() == WsEncoding::msgpack) {
    if (message.text) return client.close(1003, "only binary messages", WsRemoval::error);
    if (answer(client, message.data)) return;
  }
  tell([id = client.id(), data = std::move(message.data)](const WsPublisherEvents& events) {
    if (events.client_message) events.client_message(id, data);
  });
}

/// Answers `list`, and `read` of the stream. @return whether there was nothing more to do
bool WsMediaServer::answer(WsMediaClient& client, ByteView message) {
  const auto decoded = ws_message::decode(message, {});
  if (!decoded) {
    client.close(1007, "not one well-formed map", WsRemoval::error);
    return true;
  }
  const auto* request = std::get_if<ws_message::Request>(&*decoded);
  if (!request || !request->id || !request->method) return false;
  net::StreamAnswer answer;
  if (*request->method == "list")
    answer = answer_to(net::StreamRequest::Method::list, {});
  else if (*request->method == "read")
    answer = answer_to(net::StreamRequest::Method::read, request->stream.value_or(""));
  if (answer.code != ws_message::Code::success) return false;
  ws_message::Response response;
  response.id = *request->id;
  response.code = answer.code;
  response.data = answer.data;
  const Bytes encoded = ws_message::encode(response);
  Bytes frame = ws::frame_header(ws::Opcode::binary, encoded.size());
  frame.insert(frame.end(), encoded.begin(), encoded.end());
  if (!client.send(std::move(frame))) client.close(1013, "answers wait", WsRemoval::slow);
  return true;
}

/// What a client gets that asks, by whichever way. Nothing can be written.
net::StreamAnswer WsMediaServer::answer_to(net::StreamRequest::Method method, std::string_view stream) const {
  using Method = net::StreamRequest::Method;
  net::StreamAnswer answer;
  answer.code = ws_message::Code::success;
  if (method == Method::list) {
    ws_message::Packer packer(answer.data);
    packer.array_header(1);
    packer.str(config_.stream_name);
  } else if (method == Method::read && stream == config_.stream_name) {
    answer.data = media_.init_value(caps_, flv_ ? fan_out_.head() : headers_);
  } else {
    answer.code = ws_message::Code::not_listening;
  }
  return answer;
}

void WsMediaServer::set_format(std::string caps, std::vector<SharedUnit> headers, bool flv) {
  caps_ = std::move(caps);
  headers_ = std::move(headers);
  flv_ = flv;
  const bool changed = std::exchange(has_format_, true);
  fan_out_.clear();  // what was before cannot be decoded with this
  if (changed && media_.encoding() != WsEncoding::raw)
    fan_out_.deliver(media_.init_unit(caps_, headers_), Clock::now());
}

void WsMediaServer::deliver(const SharedUnit& unit) {
  ++counts_.units_in;
  counts_.bytes_in += unit->bytes.size();
  // FLV says in its first bytes what follows: who came early starts when that is known, which is before the first
  // media.
  const bool media = !flv_ || unit->kind == UnitKind::key || unit->kind == UnitKind::audio;
  if (media && !has_media_) {
    for (WsMediaClient* client : clients_)
      if (!client->begun()) begin(*client);
    has_media_ = true;
  }
  fan_out_.deliver(unit, Clock::now());
  if (unit->kind == UnitKind::key) key_wanted_ = false;
}

void WsMediaServer::flush() {
  fan_out_.flush(Clock::now());
}

void WsMediaServer::end(std::function<void()> done) {
  if (clients_.empty()) return done();
  ended_ = std::move(done);
  for (WsMediaClient* client : clients_) client->flush_and_close(1000, "the stream has ended", WsRemoval::stopped);
}

void WsMediaServer::update(const WsPublisherConfig& config) {
  config_.max_clients = config.max_clients;
  config_.sync_method = config.sync_method;
  config_.recover_policy = config.recover_policy;
  config_.units_soft_max = config.units_soft_max;
  config_.units_max = config.units_max;
  config_.timeout = config.timeout;
  config_.max_bytes = config.max_bytes;
  fan_out_.set_limits(limits_of(config_));
}

WsMediaClient* WsMediaServer::find(std::uint32_t id) const {
  const auto found = std::ranges::find_if(clients_, [id](const WsMediaClient* client) { return client->id() == id; });
  return found == clients_.end() ? nullptr : *found;
}

void WsMediaServer::remove(std::uint32_t id) {
  if (WsMediaClient* client = find(id)) client->close(1000, "removed", WsRemoval::removed);
}

void WsMediaServer::remove_flush(std::uint32_t id) {
  if (WsMediaClient* client = find(id)) client->flush_and_close(1000, "removed", WsRemoval::removed);
}

void WsMediaServer::clear() {
  for (WsMediaClient* client : clients_) client->close(1000, "removed", WsRemoval::removed);
}

void WsMediaServer::send(std::uint32_t id, const Bytes& message) {
  WsMediaClient* client = find(id);
  if (!client) return;
  Bytes frame = ws::frame_header(ws::Opcode::binary, message.size());
  frame.insert(frame.end(), message.begin(), message.end());
  if (!client->send(std::move(frame))) log::debug("ws", "a message for client ", id, " was dropped");
}

void WsMediaServer::want_key() {
  const TimePoint now = Clock::now();
  key_wanted_ = now - key_asked_ < kKeyInterval;
  if (key_wanted_) return;  // the tick comes back to it
  key_asked_ = now;
  tell([](const WsPublisherEvents& events) {
    if (events.need_key) events.need_key();
  });
}

void WsMediaServer::watch_drops() {
  const std::uint64_t drops = units_of(fan_out_.losses());
  const bool dropping = std::exchange(drops_told_, drops) != drops;
  if (dropping == std::exchange(dropping_, dropping)) return;
  tell([dropping](const WsPublisherEvents& events) {
    if (events.overflow) events.overflow(dropping);
  });
}

void WsMediaServer::tick_later() {
  timer_.expires_after(kTick);
  timer_.async_wait([weak = weak_from_this()](const std::error_code& error) {
    const auto self = weak.lock();
    if (error || !self || self->stopping_) return;
    const TimePoint now = Clock::now();
    self->fan_out_.tick(now);
    const std::vector<WsMediaClient*> clients = self->clients_;
    for (WsMediaClient* client : clients) client->tick(now, self->config_.timeout);
    self->watch_drops();
    const bool waits =
        std::ranges::any_of(clients, [](WsMediaClient* client) { return client->viewer().waits_for_key(); });
    if (waits || self->key_wanted_) self->want_key();
    self->tick_later();
  });
}

void WsMediaServer::fill(WsPublisherStats& stats) const {
  const TimePoint now = Clock::now();
  const flv::LossCounts losses = fan_out_.losses();
  const auto& soft = losses[static_cast<std::size_t>(flv::Loss::late)];
  const auto& hard = losses[static_cast<std::size_t>(flv::Loss::overflow)];
  stats = counts_;
  for (const WsMediaClient* client : clients_) {
    stats.clients.push_back(client->stats(now));
    stats.bytes_served += client->bytes_sent();
  }
  stats.level_bytes = fan_out_.level_bytes();
  stats.cache_bytes = fan_out_.cached_bytes();
  stats.dropped_soft = soft.units;
  stats.dropped_hard = hard.units;
  stats.bytes_dropped_soft = soft.bytes;
  stats.bytes_dropped_hard = hard.bytes;
  if (server_) stats.rejects_full += server_->http().stats().refused;
}

}  // namespace camspan
