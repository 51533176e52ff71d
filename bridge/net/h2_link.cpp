#include "net/h2_link.hpp"

#include "core/log.hpp"
#include "net/h2_server_session.hpp"

namespace camspan::net {

void H2ServerControl::go_away() {
  going_away_ = true;
  if (session_) session_->go_away();
}

void H2ServerControl::abort() {
  aborted_ = true;
  if (session_) session_->abort();
}

std::size_t H2ServerControl::running() const {
  return session_ ? session_->running() : 0;
}

asio::awaitable<void> H2ServerLink::run(std::unique_ptr<ByteStream> stream, Bytes already_read,
                                        HttpServer::Handler handler, HttpServerLimits limits,
                                        H2ServerControl& control) {
  try {
    const auto session = std::make_shared<H2ServerSession>(std::move(stream), std::move(handler), limits);
    co_await session->run(std::move(already_read), control);
  } catch (const std::exception& error) {
    log::error("http2", "a connection could not be served: ", error.what());
  }
}

}  // namespace camspan::net
