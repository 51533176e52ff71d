#include <asio/co_spawn.hpp>
#include <atomic>
#include <camspan/ws_publisher.hpp>
#include <future>

#include "api/credentials.hpp"
#include "api/notify_thread.hpp"
#include "api/ws_media_server.hpp"
#include "proto/flv/parser.hpp"

namespace camspan {
namespace {

// How long end() waits for clients.
constexpr std::chrono::seconds kEndTime{1};
// How long a user of the publisher may be at what it is told last.
constexpr std::chrono::milliseconds kTellTime{500};
// Of what was handed over and not yet delivered: beyond it the I/O thread does not come round.
constexpr std::size_t kMaxHandedOver = 16 << 20;

bool begins_flv(ByteView bytes) {
  return as_text(bytes).starts_with("FLV");
}

tl::expected<std::string, Failure> token_for(const WsPublisherConfig& config) {
  if (!config.auth_token.empty() || config.auth_token_file.empty()) return config.auth_token;
  return read_token_file(config.auth_token_file);
}

}  // namespace

/// Lives and dies on the user's threads: what is posted to the I/O thread holds the server only, never the thread.
struct WsPublisher::Impl {
  std::shared_ptr<net::IoThread> io;
  std::shared_ptr<WsMediaServer> server;
  std::shared_ptr<std::atomic<std::size_t>> handed_over = std::make_shared<std::atomic<std::size_t>>(0);
  std::uint16_t port = 0;
  flv::Parser parser;
  bool flv = true;
  bool wait_for_key = false;  ///< units were dropped here
  std::atomic<std::uint64_t> bytes_dropped{0};

  Result<> push_flv(const SharedUnit& piece);
  Result<> hand_over(SharedUnit unit);
  void post(std::function<void(WsMediaServer&)> task) {
    io->post([server = server, task = std::move(task)] { task(*server); });
  }
};

Result<> WsPublisher::Impl::hand_over(SharedUnit unit) {
  const std::size_t bytes = unit->bytes.size();
  if (unit->kind == UnitKind::key) wait_for_key = false;
  const bool over = handed_over->load() + bytes > kMaxHandedOver;
  if (over || (wait_for_key && !flv::Head::belongs(*unit))) {
    wait_for_key = true;
    bytes_dropped.fetch_add(bytes);
    return fail(Errc::queue_full);
  }
  handed_over->fetch_add(bytes);
  io->post([server = server, unit = std::move(unit), handed_over = handed_over, bytes] {
    handed_over->fetch_sub(bytes);
    server->deliver(unit);
  });
  return {};
}

/// Times of units are running time: a tag that shares the piece's time has it, others have what the stream says.
Result<> WsPublisher::Impl::push_flv(const SharedUnit& piece) {
  // A muxer that starts over writes its file header again.
  if (parser.header_seen() && parser.at_boundary() && begins_flv(piece->bytes)) parser = flv::Parser();
  Result<> result = parser.feed(piece);
  while (auto tag = parser.poll()) {
    auto unit = std::make_shared<Unit>(**tag);
    unit->pts = piece->pts;
    unit->dts = piece->dts;
    const Result<> handed = hand_over(std::move(unit));
    if (!handed && result) result = handed;
  }
  return result;
}

tl::expected<std::unique_ptr<WsPublisher>, Failure> WsPublisher::start(WsPublisherConfig config,
                                                                       WsPublisherEvents events) {
  auto token = token_for(config);
  if (!token) return tl::unexpected<Failure>(std::move(token.error()));
  if (config.stream_name.empty() || config.stream_name.size() > 64)
    return tl::unexpected<Failure>({Errc::bad_setting, "stream-name has 1 to 64 bytes."});
  if (config.serve_player && config.encoding != WsEncoding::raw)
    return tl::unexpected<Failure>({Errc::bad_setting, "the page of serve-player plays FLV: set encoding=raw."});
  if (config.user_agent.empty()) config.user_agent = "camspan/" CAMSPAN_VERSION;
  auto impl = std::make_unique<Impl>();
  impl->io = net::IoThread::shared();
  tl::expected<void, Failure> started;
  impl->io->run([&] {
    impl->server =
        std::make_shared<WsMediaServer>(impl->io->executor(), std::move(config), std::move(events), notify_thread());
    started = impl->server->start(std::move(*token));
    if (started) impl->port = impl->server->port();
  });
  if (started) return std::unique_ptr<WsPublisher>(new WsPublisher(std::move(impl)));
  impl->io->run([&] { impl->server.reset(); });
  return tl::unexpected<Failure>(std::move(started.error()));
}

WsPublisher::WsPublisher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

WsPublisher::~WsPublisher() {
  std::promise<void> stopped;
  const auto done = [&stopped](std::exception_ptr) { stopped.set_value(); };
  asio::co_spawn(impl_->io->executor(), impl_->server->stop(), done);
  stopped.get_future().wait();
  // The user hears of those who left by that; but it may be what waits for us.
  const auto told = std::make_shared<std::promise<void>>();
  notify_thread().post([told] { told->set_value(); });
  static_cast<void>(told->get_future().wait_for(kTellTime));
  impl_->server->silence();
  impl_->io->run([this] { impl_->server.reset(); });
}

void WsPublisher::set_format(const std::string& caps, const std::vector<SharedUnit>& headers, bool flv) {
  impl_->flv = flv;
  impl_->post([caps, headers, flv](WsMediaServer& server) { server.set_format(caps, headers, flv); });
}

Result<> WsPublisher::push(const SharedUnit& piece) {
  return impl_->flv ? impl_->push_flv(piece) : impl_->hand_over(piece);
}

void WsPublisher::flush() {
  if (!impl_->parser.at_boundary()) impl_->parser = flv::Parser();
  impl_->post([](WsMediaServer& server) { server.flush(); });
}

void WsPublisher::end() {
  const auto ended = std::make_shared<std::promise<void>>();
  auto done = ended->get_future();
  impl_->post([ended](WsMediaServer& server) { server.end([ended] { ended->set_value(); }); });
  static_cast<void>(done.wait_for(kEndTime));
  impl_->parser = flv::Parser();
}

std::uint16_t WsPublisher::port() const {
  return impl_->port;
}

void WsPublisher::update(const WsPublisherConfig& config) {
  impl_->post([config](WsMediaServer& server) { server.update(config); });
}

void WsPublisher::remove(std::uint32_t id) {
  impl_->post([id](WsMediaServer& server) { server.remove(id); });
}

void WsPublisher::remove_flush(std::uint32_t id) {
  impl_->post([id](WsMediaServer& server) { server.remove_flush(id); });
}

void WsPublisher::clear() {
  impl_->post([](WsMediaServer& server) { server.clear(); });
}

void WsPublisher::send(std::uint32_t id, Bytes message) {
  impl_->post([id, message = std::move(message)](WsMediaServer& server) { server.send(id, message); });
}

WsPublisherStats WsPublisher::stats() const {
  WsPublisherStats stats;
  impl_->io->run([&] { impl_->server->fill(stats); });
  stats.bytes_dropped_input = impl_->bytes_dropped.load();
  stats.bytes_in += stats.bytes_dropped_input;
  return stats;
}

}  // namespace camspan
