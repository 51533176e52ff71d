#include "transport.hpp"

#include <camspan/hal_tls.h>
#include <array>

#include "defaults.hpp"
#include "hal_stream.hpp"
#include "net/connect.hpp"

namespace camspan::linkkit {
namespace {

// Name, TCP and TLS together. The C SDK has 10 s for the handshake alone, and 8 tries at a name.
constexpr std::chrono::milliseconds kConnectTime{10000};

}  // namespace

ssl_ctx_st* make_tls(const Device& device, std::string& why) {
  hal_tls_options options{};
  options.ca_file = device.ca_file.c_str();
  options.alpn = "h2";
  options.verify = 1;
  std::array<char, 512> sentence{};
  ssl_ctx_st* const context = hal_tls_context(HAL_TLS_CLIENT, &options, sentence.data(), sentence.size());
  why = sentence.data();
  return context;
}

asio::awaitable<tl::expected<std::unique_ptr<net::ByteStream>, Failure>> dial(Device device, ssl_ctx_st* tls) {
  if (device.tls ? program_brings_tls() : program_brings_tcp()) {
    auto established = co_await HalStream::establish(device.host, device.port, device.tls);
    co_return established;
  }
  net::ConnectOptions options;
  options.host = device.host;
  options.port = device.port;
  options.tls = tls;
  options.timeout = kConnectTime;
  auto connected = co_await net::connect(std::move(options));
  if (!connected) co_return tl::unexpected<Failure>(std::move(connected.error()));
  const std::string alpn = connected->stream->info().alpn;
  if (!alpn.empty() && alpn != "h2") {
    Failure failure;
    failure.code = Errc::unsupported;
    failure.sentence = device.authority + " speaks " + alpn + ", not HTTP/2. Check the address.";
    co_return tl::unexpected<Failure>(std::move(failure));
  }
  co_return std::move(connected->stream);
}

}  // namespace camspan::linkkit
