/// The server behind the Gecko OS stream API: one for the process.
#pragma once

#include <camspan/error.hpp>
#include <memory>
#include <string>

#include "gos/pages.hpp"
#include "gos/settings.hpp"
#include "gos/table.hpp"
#include "net/http_server.hpp"
#include "net/io_thread.hpp"
#include "net/ws_rest.hpp"
#include "net/ws_streams.hpp"

struct ssl_ctx_st;

namespace camspan::gos {

/// Streams of the program on one side, clients on the other. The network runs on a thread of its own, what the program
/// gave on the application thread, in order: a handler may wait for a client there.
class Server final : public net::WsStreamsUser {
 public:
  static tl::expected<std::unique_ptr<Server>, Failure> start(const Settings& settings);
  /// Says 1001 to the clients. Not from the application thread.
  ~Server() override;

  Table& table() { return table_; }
  const std::string& address() const { return address_; }

  // Threads of the program; these block, for `timeout` at most.
  gos_result_t flush(std::unique_ptr<StreamContext> context, std::chrono::milliseconds timeout);
  /// @param method  list or read  @param value  receives what the client answered
  gos_result_t ask(net::ClientId client, const ws_message::Request& request, std::chrono::milliseconds timeout,
                   Bytes& value);
  gos_result_t close(net::ClientId client);

  // On the I/O thread.
  asio::awaitable<bool> accept(const net::RequestHead& request) override;
  void connected(net::ClientId client) override;
  void disconnected(net::ClientId client) override;
  void requested(net::StreamRequest request) override;

  /// True on the application thread.
  static bool is_application_thread();

 private:
  explicit Server(const Settings& settings);
  Result<> listen(const Settings& settings, Failure& failure);
  asio::awaitable<void> handle(net::HttpExchange& exchange);
  void run_handler(net::StreamRequest request);
  void read_by_handler(const Stream& stream, net::StreamRequest request);
  void flush_later(gos_msgpack_context_t* context);
  gos_result_t answer(StreamContext& context, Bytes value, std::chrono::milliseconds timeout);
  gos_result_t notify(const StreamContext& context, Bytes value);
  gos_result_t write(const StreamContext& context, Bytes value, std::chrono::milliseconds timeout);

  struct FreeTls {
    void operator()(ssl_ctx_st* tls) const noexcept;
  };

  Table table_;
  std::string address_;
  std::unique_ptr<ssl_ctx_st, FreeTls> tls_;
  net::IoThread io_{"camspan-gos"};
  Pages pages_;
  std::unique_ptr<net::WsStreams> streams_;
  std::unique_ptr<net::WsRest> rest_;
  std::unique_ptr<net::HttpServer> server_;
  bool stopped_ = false;  // on the I/O thread: the application thread may be gone
  net::IoThread application_{"camspan-gos-app"};
};

/// The server, started by the first call. @return null when it cannot start, which the log says
Server* server();
/// Ends it, if there is one; the next call of server() starts another. Tests, and the end of the process.
void stop_server();

}  // namespace camspan::gos
