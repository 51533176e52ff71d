#include "gos/server.hpp"

#include <camspan/hal.h>
#include <camspan/hal_tls.h>
#include <openssl/ssl.h>

#include <array>
#include <asio/co_spawn.hpp>
#include <asio/use_future.hpp>
#include <cstdlib>
#include <mutex>

#include "core/log.hpp"
#include "gos/msgpack_object.hpp"
#include "net/wake_up.hpp"
#include "proto/ws_message/packer.hpp"

namespace camspan::gos {
namespace {

using net::StreamAnswer;
using net::StreamRequest;
using ws_message::Code;

constexpr std::chrono::milliseconds kDrainTime{2000};
// A ping after so much silence; one that is not answered before the next has gone unanswered too ends the link: a
// client is dropped after 30 s without a word.
constexpr std::chrono::milliseconds kPing{10000};

thread_local bool t_is_application = false;

void log_by_hal(log::Level level, const char* category, const char* message) {
  hal()->log(static_cast<int>(level), category, message);
}

void* handle_of(net::ClientId client) {
  return reinterpret_cast<void*>(static_cast<std::uintptr_t>(client));
}

net::WsStreamsSettings streams_settings(const Settings& settings) {
  net::WsStreamsSettings streams;
  streams.max_clients = settings.max_clients;
  streams.allowed_origins = settings.origins;
  return streams;
}

/// The verdict of the program on a client, which comes from the application thread.
struct Verdict {
  explicit Verdict(const asio::any_io_executor& executor) : wake(executor) {}

  net::WakeUp wake;
  bool welcome = false;
};

void ask_program(net::IoThread& application, net::IoThread& io, gos_hs_stream_ws_accept_callback_t accept,
                 std::shared_ptr<Verdict> verdict) {
  application.post([&io, accept, verdict = std::move(verdict)] {
    const bool welcome = accept();
    io.post([verdict, welcome] {
      verdict->welcome = welcome;
      verdict->wake.notify();
    });
  });
}

}  // namespace

void Server::FreeTls::operator()(ssl_ctx_st* tls) const noexcept {
  SSL_CTX_free(tls);
}

bool Server::is_application_thread() {
  return t_is_application;
}

Server::Server(const Settings& settings) {
  application_.post([] { t_is_application = true; });
  io_.run([&] {
    const auto executor = io_.executor();
    streams_ = std::make_unique<net::WsStreams>(executor, *this, streams_settings(settings));
    rest_ = std::make_unique<net::WsRest>(
        executor, [this](StreamRequest request) { requested(std::move(request)); }, streams_settings(settings),
        "/appdata");
    net::HttpServerLimits limits;
    limits.websocket_ping = kPing;
    limits.max_websocket_message_bytes = ws_message::Limits{}.max_bytes;
    server_ = std::make_unique<net::HttpServer>(
        executor, [this](net::HttpExchange& exchange) { return handle(exchange); }, limits);
  });
}

tl::expected<std::unique_ptr<Server>, Failure> Server::start(const Settings& settings) {
  auto pages = Pages::load(settings.pages);
  if (!pages) return tl::unexpected<Failure>(std::move(pages.error()));
  std::unique_ptr<Server> server(new Server(settings));
  server->pages_ = std::move(*pages);
  Failure failure;
  if (!server->listen(settings, failure)) return tl::unexpected<Failure>(std::move(failure));
  return server;
}

Result<> Server::listen(const Settings& settings, Failure& failure) {
  if (!settings.cert_file.empty()) {
    std::array<char, 256> why{};
    const hal_tls_options options{nullptr, settings.cert_file.c_str(), settings.key_file.c_str(), "http/1.1", 0};
    tls_.reset(hal_tls_context(HAL_TLS_SERVER, &options, why.data(), why.size()));
    failure = {Errc::bad_setting, why.data(), 0};
    if (tls_ == nullptr) return fail(failure.code);
  }
  io_.run([&] {
    auto bound = server_->listen(settings.host, settings.port, tls_.get());
    if (bound)
      address_ = *bound;
    else
      failure = std::move(bound.error());
  });
  if (address_.empty()) return fail(failure.code);
  log::info("gos", "streams are at ", tls_ ? "https://" : "http://", address_, "/appdata");
  return {};
}

Server::~Server() {
  io_.run([this] { streams_->stop(); });
  asio::co_spawn(io_.executor(), server_->drain(kDrainTime), asio::use_future).get();
  io_.run([this] {
    server_.reset();
    stopped_ = true;
  });
}

asio::awaitable<void> Server::handle(net::HttpExchange& exchange) {
  const std::string& path = exchange.request().path;
  if (path == "/appdata" && exchange.wants_websocket())
    co_await streams_->serve(exchange);
  else if (rest_->is_for(path))
    co_await rest_->serve(exchange);
  else
    co_await pages_.serve(exchange);
}

asio::awaitable<bool> Server::accept(const net::RequestHead&) {
  const auto callback = table_.accept();
  if (callback == nullptr) co_return true;
  const auto verdict = std::make_shared<Verdict>(io_.executor());
  ask_program(application_, io_, callback, verdict);
  co_await verdict->wake.wait();
  co_return verdict->welcome;
}

void Server::connected(net::ClientId client) {
  table_.add_client(client);
  application_.post([this, client] {
    if (const auto connect = table_.handlers().connect) connect(handle_of(client));
  });
}

void Server::disconnected(net::ClientId client) {
  application_.post([this, client] {
    if (const auto disconnect = table_.handlers().disconnect) disconnect(handle_of(client));
    table_.remove_client(client);
  });
}

void Server::requested(StreamRequest request) {
  if (request.method == StreamRequest::Method::list) {
    StreamAnswer answer{Code::success, {}, {}};
    const auto names = table_.names();
    ws_message::Packer packer(answer.data);
    packer.array_header(static_cast<std::uint32_t>(names.size()));
    for (const std::string& name : names) packer.str(name);
    return request.answer(std::move(answer));
  }
  const auto stream = table_.find(request.stream);
  const bool reads = request.method == StreamRequest::Method::read;
  const unsigned right = reads ? GOS_HS_STREAM_PERMISSION_READ : GOS_HS_STREAM_PERMISSION_WRITE;
  if (!stream || (stream->permissions & right) == 0) return request.answer({Code::not_listening, {}, {}});
  const auto shared = std::make_shared<StreamRequest>(std::move(request));
  application_.post([this, shared] { run_handler(std::move(*shared)); });
}

/// On the application thread.
void Server::run_handler(StreamRequest request) {
  const auto stream = table_.find(request.stream);  // it may have been unregistered meanwhile
  StreamAnswer answer{Code::not_listening, {}, {}};
  if (stream && request.method == StreamRequest::Method::read) return read_by_handler(*stream, std::move(request));
  if (stream) {
    const NodePtr value = read_value(request.data);
    answer.code = value != nullptr ? Code::success : Code::error;
    if (value != nullptr) stream->handler(request.stream.c_str(), &value->base, nullptr, stream->arg);
  }
  io_.post([answer = std::move(answer), to = std::move(request.answer)] { to(answer); });
}

void Server::read_by_handler(const Stream& stream, StreamRequest request) {
  auto context = std::make_unique<StreamContext>();
  context->answer = std::move(request.answer);
  const StreamContext& filled = *context;
  gos_msgpack_context_t* const handle = table_.add_context(std::move(context));
  stream.handler(request.stream.c_str(), nullptr, handle, stream.arg);
  if (table_.find_context(handle) != &filled) return;
  const bool whole = ws_message::check_value(filled.packed, {SIZE_MAX, ws_message::kMaxNesting, SIZE_MAX}).has_value();
  if (whole)
    flush(table_.take_context(handle), {});
  else
    flush_later(handle);
}

gos_result_t Server::close(net::ClientId client) {
  Result<> closed;
  io_.run([&] { closed = streams_->close(client, 1000, ""); });
  return closed ? GOS_SUCCESS : GOS_ERROR;
}

namespace {

/// A class with a lock: the first calls of a program may come from any of its threads.
struct Instance {
  std::mutex mutex;
  std::unique_ptr<Server> server;
  bool stops_at_exit = false;
};

/// Never destroyed: threads of the program may call until the very end.
Instance& instance() {
  static auto* const made = new Instance;
  return *made;
}

std::unique_ptr<Server> start_server() {
  log::set_sink(log_by_hal);
  const auto settings = settings_from_environment();
  if (!settings) {
    log::error("gos", settings.error().sentence);
    return nullptr;
  }
  auto server = Server::start(*settings);
  if (!server) log::error("gos", server.error().sentence);
  return server ? std::move(*server) : nullptr;
}

}  // namespace

Server* server() {
  Instance& one = instance();
  const std::lock_guard lock(one.mutex);
  if (one.server == nullptr) one.server = start_server();
  if (!std::exchange(one.stops_at_exit, true)) std::atexit(stop_server);
  return one.server.get();
}

void stop_server() {
  Instance& one = instance();
  std::unique_ptr<Server> ended;
  {
    const std::lock_guard lock(one.mutex);
    ended = std::move(one.server);
  }
  // A handler that ends the process cannot wait for itself.
  if (Server::is_application_thread()) static_cast<void>(ended.release());
}

}  // namespace camspan::gos
