/// The viewer's side of WHEP with trickle ICE (camspan-wire.md section 3), over one HTTP/2 connection.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "api/url.hpp"
#include "net/connect.hpp"
#include "net/h2_client.hpp"
#include "net/wake_up.hpp"
#include "proto/rtc/sdp.hpp"

namespace camspan {

/// One session. On its I/O thread, all of it.
class WhepClient : public std::enable_shared_from_this<WhepClient> {
 public:
  struct Setup {
    Url url;                    ///< of the POST, with its query
    std::string token;          ///< a secret
    ssl_ctx_st* tls = nullptr;  ///< outlives the client; null for http
    rtc::IceCredentials ice;    ///< of the offer, for the fragments
  };
  /// Called on the I/O thread, until leave().
  struct Events {
    std::function<void(std::string sdp)> answered;
    std::function<void(std::string line)> candidate;  ///< of the camera; "" = there are no more
    std::function<void(Failure why)> failed;          ///< before there was an answer; nothing follows
    std::function<void()> done;                       ///< after leave(): the server knows
  };

  WhepClient(const asio::any_io_executor& executor, Setup setup, Events events);

  void start(std::string offer);
  /// A candidate of ours, "" = there are no more.
  void candidate(std::string line);
  /// Deletes the session, if there is one.
  void leave();

 private:
  using Stream = std::unique_ptr<net::H2ClientStream>;

  static asio::awaitable<void> run(std::shared_ptr<WhepClient> self, std::string offer);
  static asio::awaitable<void> listen(std::shared_ptr<WhepClient> self);
  asio::awaitable<tl::expected<std::string, Failure>> join(std::string offer);
  asio::awaitable<tl::expected<std::string, Failure>> read_answer(net::H2ClientStream& stream);
  asio::awaitable<Result<int>> ask(std::string method, http::Headers headers, std::string body);
  asio::awaitable<void> send_candidates();
  http::Headers fields() const;
  void take_event_line(std::string_view line);

  asio::any_io_executor executor_;
  Setup setup_;
  Events events_;
  std::unique_ptr<net::H2Client> client_;
  net::WakeUp wake_;
  std::vector<std::string> pending_;
  std::string session_;  // path of the session
  std::string etag_;
  bool leaving_ = false;
};

}  // namespace camspan
