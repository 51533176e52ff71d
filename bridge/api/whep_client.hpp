/// The viewer's side of WHEP with trickle ICE (camspan-wire.md section 3), over HTTP/2.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "api/backoff.hpp"
#include "api/url.hpp"
#include "net/connect.hpp"
#include "net/h2_client.hpp"
#include "net/p2p/signalling.hpp"
#include "net/wake_up.hpp"
#include "proto/rtc/sdp.hpp"

namespace camspan {

/// One session, over one connection at a time: when that is lost, another is made and the session goes on. On its I/O
/// thread, all of it.
class WhepClient : public std::enable_shared_from_this<WhepClient> {
 public:
  struct Setup {
    Url url;                    ///< of the POST, with its query
    std::string token;          ///< a secret
    ssl_ctx_st* tls = nullptr;  ///< outlives the client; null for http
    rtc::IceCredentials ice;    ///< of the offer, for the fragments
  };
  struct Answer {
    std::string sdp;
    std::vector<net::IceServer> servers;  ///< that the viewer may use
  };
  /// Called on the I/O thread, until leave().
  struct Events {
    std::function<void(Answer)> answered;
    std::function<void(std::string line)> candidate;          ///< of the camera; "" = there are no more
    std::function<void(rtc::IceCredentials camera)> restart;  ///< it asks for a restart, or answers ours
    std::function<void(Failure why)> failed;                  ///< before there was an answer; nothing follows
    std::function<void()> done;                               ///< after leave(): the server knows
  };

  WhepClient(const asio::any_io_executor& executor, Setup setup, Events events);

  void start(std::string offer);
  /// A candidate of ours, "" = there are no more.
  void candidate(std::string line);
  /// ICE begins again with these credentials of ours; candidates that follow are of them.
  void restart(rtc::IceCredentials own);
  /// The network has changed: a connection from an address that is gone is made anew.
  void network_changed();
  /// Deletes the session, if there is one.
  void leave();

 private:
  static asio::awaitable<void> run(std::shared_ptr<WhepClient> self, std::string offer);
  static asio::awaitable<void> listen(std::shared_ptr<WhepClient> self, std::uint64_t connection);
  asio::awaitable<tl::expected<void, Failure>> connect();
  asio::awaitable<void> reconnect();
  asio::awaitable<tl::expected<Answer, Failure>> join(std::string offer);
  asio::awaitable<tl::expected<Answer, Failure>> read_answer(net::H2ClientStream& stream);
  asio::awaitable<void> keep();
  asio::awaitable<void> tell();
  asio::awaitable<void> read_events();
  asio::awaitable<Result<net::ResponseHead>> ask(std::string method, http::Headers headers, std::string body,
                                                 std::string& answer);
  rtc::SdpFragment fragment_of(const std::vector<std::string>& candidates) const;
  void take_patched(const net::ResponseHead& head, const std::string& answer);
  void take_event(std::string_view event);
  http::Headers patch_fields() const;
  http::Headers fields() const;

  asio::any_io_executor executor_;
  Setup setup_;
  Events events_;
  std::unique_ptr<net::H2Client> client_;
  std::string local_address_;  // of the connection
  std::uint64_t connection_ = 0;
  net::WakeUp wake_;
  Backoff backoff_;
  std::vector<std::string> pending_;
  bool restart_pending_ = false;
  bool changed_ = false;  // the network, since the last try to connect
  bool lost_ = false;     // the connection
  bool gone_ = false;     // the session: there is nothing to signal with any more
  std::string session_;   // path of the session
  std::string etag_;
  bool leaving_ = false;
};

}  // namespace camspan
