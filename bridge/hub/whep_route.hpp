/// /whep/<id> and /whep/<id>/<session>: how a viewer joins a camera, goes on and leaves (WHEP). One implementation for
/// the hub and for a camera that serves itself; WhepHost is what differs.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <string>

#include "hub/token.hpp"
#include "hub/whep_session.hpp"
#include "net/http_exchange.hpp"

namespace camspan::hub {

/// Who serves. Lives on the I/O thread.
class WhepHost {
 public:
  struct Viewer {
    std::string subject;  ///< "" = nobody named
    std::vector<std::string> allow;
  };
  virtual ~WhepHost() = default;

  /// The viewer of a request that asks for `right`, or why it may not.
  virtual tl::expected<Viewer, Problem> admit(const net::RequestHead& request, const DeviceId& device, Right right) = 0;
  /// Where an offer goes. Cause::unknown_device, Cause::offline. Valid until the next co_await.
  virtual tl::expected<WhepCamera*, Problem> camera(const DeviceId& device) = 0;
  /// For the viewer: with credentials of its own.
  virtual std::vector<net::IceServer> ice_servers(const WhepSession& session) = 0;
};

/// Lives on the I/O thread; what it refers to outlives it.
class WhepRoute {
 public:
  struct Times {
    std::chrono::milliseconds answer{5000};  ///< for a camera to answer an offer, or a restart
    std::chrono::milliseconds gather{500};   ///< for its last candidate, without _trickle=1 (camspan-wire.md section 3)
  };

  WhepRoute(WhepHost& host, WhepSessions& sessions, Times times) : host_(host), sessions_(sessions), times_(times) {}

  /// @param rest  the path behind "/whep/"
  asio::awaitable<void> handle(net::HttpExchange& exchange, std::string rest);

 private:
  struct Wish {
    DeviceId device;
    net::ViewerOffer offer;  ///< without session
    std::string ufrag;
  };
  using Opened = tl::expected<std::shared_ptr<WhepSession>, Problem>;

  asio::awaitable<void> join(net::HttpExchange& exchange, std::string id);
  asio::awaitable<tl::expected<Wish, Problem>> read_wish(net::HttpExchange& exchange, std::string id);
  Opened offer(Wish wish, const asio::any_io_executor& executor);
  asio::awaitable<bool> send_answer(net::HttpExchange& exchange, std::shared_ptr<WhepSession> session, bool trickle);
  asio::awaitable<void> wait_for_answer(std::shared_ptr<WhepSession> session, bool trickle);
  asio::awaitable<void> refuse(net::HttpExchange& exchange, std::shared_ptr<WhepSession> session);
  asio::awaitable<void> session(net::HttpExchange& exchange, DeviceId device, std::string id);
  asio::awaitable<void> listen(net::HttpExchange& exchange, std::shared_ptr<WhepSession> session);
  asio::awaitable<void> patch(net::HttpExchange& exchange, std::shared_ptr<WhepSession> session);
  asio::awaitable<void> restart(net::HttpExchange& exchange, std::shared_ptr<WhepSession> session);
  asio::awaitable<void> leave(net::HttpExchange& exchange, std::shared_ptr<WhepSession> session);
  void tell_camera(const WhepSession& session, const net::signal::Message& message);

  WhepHost& host_;
  WhepSessions& sessions_;
  const Times times_;
};

/// What a viewer asks for in the query of its POST.
struct WhepRequest {
  std::string params;  ///< as it came, without `token` and keys that begin with '_'
  Right right;         ///< that the action needs
  bool trickle;        ///< _trickle=1
};
/// @return Errc::malformed for an action that is none, or more than 4096 bytes
Result<WhepRequest> parse_whep_request(std::string_view query);

/// Values of `Link` fields with rel="ice-server", one for each server.
std::vector<std::string> ice_links(const std::vector<net::IceServer>& servers);

}  // namespace camspan::hub
