#include "api/signal_client.hpp"

#include <camspan/hal_tls.h>
#include <openssl/ssl.h>
#include <array>

#include "api/signal_line.hpp"

namespace camspan {
namespace {

tl::expected<Url, Failure> url_of(const std::string& uri) {
  std::string text = uri;
  if (text.starts_with("wss://")) text.replace(0, 3, "https");
  if (text.starts_with("ws://")) text.replace(0, 2, "http");
  auto url = parse_url(text);
  if (!url)
    return tl::unexpected(Failure{
        Errc::bad_setting, "signaller::uri \"" + uri + "\" is no address of a hub: write wss://HOST:PORT/signal."});
  if (url->path == "/") url->path = "/signal";
  return url;
}

tl::expected<std::shared_ptr<ssl_ctx_st>, Failure> tls_of(const SignalClientConfig& config) {
  hal_tls_options options{};
  options.ca_file = config.ca_file.c_str();
  options.alpn = "http/1.1";
  options.verify = config.tls_verify ? 1 : 0;
  std::array<char, 512> why{};
  ssl_ctx_st* const context = hal_tls_context(HAL_TLS_CLIENT, &options, why.data(), why.size());
  if (context == nullptr) return tl::unexpected(Failure{Errc::bad_setting, why.data()});
  return std::shared_ptr<ssl_ctx_st>(context, SSL_CTX_free);
}

}  // namespace

tl::expected<std::unique_ptr<SignalClient>, Failure> SignalClient::make(SignalClientConfig config,
                                                                        net::SignallingEvents& events,
                                                                        net::PostToP2p post) {
  auto url = url_of(config.uri);
  if (!url) return tl::unexpected(std::move(url.error()));
  std::shared_ptr<ssl_ctx_st> context;
  if (url->tls) {
    auto tls = tls_of(config);
    if (!tls) return tl::unexpected(std::move(tls.error()));
    context = std::move(*tls);
  }
  auto io = net::IoThread::shared();
  auto line = std::make_shared<Line>(io->executor(), std::move(config), std::move(*url), std::move(context), events,
                                     std::move(post));
  return std::unique_ptr<SignalClient>(new SignalClient(std::move(io), std::move(line)));
}

SignalClient::SignalClient(std::shared_ptr<net::IoThread> io, std::shared_ptr<Line> line)
    : io_(std::move(io)), line_(std::move(line)) {}

SignalClient::~SignalClient() {
  line_->mute();
  // The line closes in good order as long as the thread is there, which others may share.
  io_->run([this] { line_->stop(); });
}

void SignalClient::on_io(std::function<void(Line&)> task) {
  io_->post([line = line_, task = std::move(task)] { task(*line); });
}

void SignalClient::describe(net::CameraDescription camera) {
  on_io([camera = std::move(camera)](Line& line) { line.describe(camera); });
}

void SignalClient::start() {
  on_io([](Line& line) { line.start(); });
}

void SignalClient::stop() {
  on_io([](Line& line) { line.stop(); });
}

void SignalClient::say(net::signal::Message message) {
  on_io([message = std::move(message)](Line& line) {
    if (const auto* answer = std::get_if<net::signal::Answer>(&message)) line.answered(answer->session);
    if (const auto* bye = std::get_if<net::signal::Bye>(&message)) line.ended(bye->session);
    line.send(message);
  });
}

void SignalClient::state(unsigned viewers, std::uint64_t bitrate) {
  on_io([state = net::signal::State{viewers, bitrate}](Line& line) { line.set_state(state); });
}

void SignalClient::reconnect() {
  on_io([](Line& line) { line.reconnect(); });
}

}  // namespace camspan
