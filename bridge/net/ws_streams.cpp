#include "net/ws_streams.hpp"

#include <algorithm>
#include <utility>

#include "core/log.hpp"
#include "net/responses.hpp"
#include "net/ws_streams_client.hpp"

namespace camspan::net {
namespace {

// RFC 6455 section 7.4.1.
constexpr std::uint16_t kGoingAway = 1001;

}  // namespace

WsStreams::WsStreams(const asio::any_io_executor& executor, WsStreamsUser& user, WsStreamsSettings settings)
    : executor_(executor), user_(user), settings_(std::move(settings)), rounds_(executor) {}

WsStreams::~WsStreams() = default;

WsClient* WsStreams::find(ClientId client) const {
  const auto found =
      std::find_if(clients_.begin(), clients_.end(), [&](const auto& one) { return one->id() == client; });
  return found == clients_.end() ? nullptr : found->get();
}

ClientId WsStreams::new_id() {
  do ++last_client_;
  while (last_client_ == 0 || last_client_ == UINT32_MAX || find(ClientId{last_client_}) != nullptr);
  return ClientId{last_client_};
}

/// @return false: the request has been answered
asio::awaitable<bool> WsStreams::admit(HttpExchange& exchange) {
  const RequestHead& request = exchange.request();
  if (is_foreign_origin(request, settings_.allowed_origins)) {
    ++counts_.refused;
    co_await send_problem(exchange, 403, "foreign-origin", "Another site's page may not connect",
                          "Only pages of this server, or of an origin that it allows, may open this WebSocket.");
    co_return false;
  }
  bool room = !stopping_ && clients_.size() + joining_ < settings_.max_clients;
  if (room) {
    ++joining_;
    room = co_await user_.accept(request);
    --joining_;
  }
  if (room && !stopping_) co_return true;
  ++counts_.refused;
  co_await send_problem(exchange, 503, "max-clients", "There is no room for another client",
                        "As many clients are connected as are let in. Try again later.");
  co_return false;
}

asio::awaitable<void> WsStreams::serve(HttpExchange& exchange) {
  const bool admitted = co_await admit(exchange);
  if (!admitted) co_return;
  ++joining_;
  auto link = co_await exchange.accept_websocket();
  --joining_;
  if (!link) co_return;  // it has been answered
  ++counts_.accepted;
  const ClientId id = new_id();
  WsLink& opened = **link;
  auto client = std::make_shared<WsClient>(id, std::move(*link), executor_, rounds_, user_, settings_, counts_);
  clients_.push_back(client);
  log::debug("net", exchange.request().peer, " is WebSocket client ", static_cast<std::uint32_t>(id));
  user_.connected(id);
  if (stopping_) client->close(kGoingAway, "the server stops");
  opened.go_on([this, client] { return run(*this, client); });
}

asio::awaitable<void> WsStreams::run(WsStreams& self, std::shared_ptr<WsClient> client) {
  co_await WsClient::run(client);
  std::erase(self.clients_, client);
  self.user_.disconnected(client->id());
}

Result<> WsStreams::send(ClientId client, ws_message::SharedFrame frame, Sent sent) {
  WsClient* const found = find(client);
  return found != nullptr ? found->send(std::move(frame), std::move(sent)) : fail(Errc::not_found);
}

std::size_t WsStreams::send_all(const ws_message::SharedFrame& frame) {
  return static_cast<std::size_t>(std::count_if(
      clients_.begin(), clients_.end(), [&](const auto& client) { return client->send(frame, {}).has_value(); }));
}

Result<> WsStreams::request(ClientId client, std::uint32_t id, ws_message::SharedFrame frame,
                            std::chrono::milliseconds timeout, Answered answered) {
  WsClient* const found = find(client);
  return found != nullptr ? found->request(id, std::move(frame), timeout, std::move(answered)) : fail(Errc::not_found);
}

Result<> WsStreams::close(ClientId client, std::uint16_t code, std::string reason) {
  WsClient* const found = find(client);
  if (found == nullptr) return fail(Errc::not_found);
  found->close(code, std::move(reason));
  return {};
}

void WsStreams::stop() {
  stopping_ = true;
  for (const auto& client : clients_) client->close(kGoingAway, "the server stops");
}

std::vector<ClientId> WsStreams::clients() const {
  std::vector<ClientId> ids;
  for (const auto& client : clients_) ids.push_back(client->id());
  return ids;
}

WsStreamsStats WsStreams::stats() const {
  WsStreamsStats stats = counts_;
  stats.clients = clients_.size();
  for (const auto& client : clients_) stats.queued_bytes += client->queued_bytes();
  return stats;
}

}  // namespace camspan::net
