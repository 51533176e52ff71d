#include "net/h2_client.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <unordered_map>

#include "net/h2_frame_log.hpp"
#include "net/h2_stream.hpp"

namespace camspan::net {
namespace {

using Clock = std::chrono::steady_clock;

class ClientStream;

std::unique_ptr<h2::Connection> make_connection(const H2ClientOptions& options, h2::Observer& observer) {
  const std::size_t window = std::clamp<std::size_t>(options.window_bytes, 65535, 0x7fffffff);
  h2::Limits limits = h2::Limits::client();
  limits.connection_window_bytes = static_cast<std::int32_t>(window);
  limits.max_unread_body_bytes = SIZE_MAX;  // the windows bound it: a stream's opens only as its body is read
  limits.ping_interval = options.ping_interval;
  limits.ping_timeout = options.ping_timeout;
  const auto settings = h2::Settings::client(static_cast<std::uint32_t>(window));
  return h2::Connection::create_client(settings, limits, observer, Clock::now()).value();
}

/// What a client and its streams share: the streams may outlive the client.
class ClientLink final : public h2::Observer, public H2Driver::Owner, public std::enable_shared_from_this<ClientLink> {
 public:
  ClientLink(std::unique_ptr<ByteStream> stream, const H2ClientOptions& options)
      : on_frame_(options.on_frame),
        on_end_(options.on_end),
        connection_(make_connection(options, *this)),
        driver_(std::move(stream), *connection_, *this),
        ended_(driver_.executor()) {}

  void start() { asio::co_spawn(driver_.executor(), run(shared_from_this()), asio::detached); }
  asio::awaitable<void> close(std::chrono::milliseconds deadline);
  void add(ClientStream& stream);
  void remove(ClientStream& stream);
  H2Ending ending() const;
  H2Driver& driver() { return driver_; }
  const H2Driver& driver() const { return driver_; }

  void on_response(h2::StreamId id, h2::Response&& response) override;
  void on_data(h2::StreamId id, ByteView bytes) override;
  void on_remote_closed(h2::StreamId id) override;
  void on_stream_closed(h2::StreamId id, h2::ErrorCode code) override;
  void on_go_away(h2::StreamId, h2::ErrorCode code) override { go_away_ = code; }
  void on_frame(h2::Direction direction, const h2::Frame& frame) override {
    log_frame("server", direction, frame);
    if (on_frame_) on_frame_(direction, frame);
  }
  void input_fed() override {}  // coroutines that wait were woken one by one
  void connection_ended(std::error_code reason) override;

 private:
  asio::awaitable<void> run(std::shared_ptr<ClientLink> keep);
  ClientStream* find(h2::StreamId id);

  const std::function<void(h2::Direction, const h2::Frame&)> on_frame_;
  const std::function<void()> on_end_;
  const std::unique_ptr<h2::Connection> connection_;
  H2Driver driver_;
  std::unordered_map<h2::StreamId, ClientStream*> streams_;
  WakeUp ended_;
  h2::ErrorCode go_away_ = h2::ErrorCode::no_error;  // the server's
  bool finished_ = false;                            // run() is over: the byte stream is closed
};

class ClientStream final : public H2ClientStream {
 public:
  explicit ClientStream(std::shared_ptr<ClientLink> link) : link_(std::move(link)), bodies_(link_->driver()) {}
  ~ClientStream() override {
    reset(static_cast<std::uint32_t>(h2::ErrorCode::cancel));
    link_->remove(*this);
  }

  Result<> open(const h2::Request& request) {
    const auto id = link_->driver().connection().submit_request(request, request.ended ? nullptr : &bodies_);
    if (!id) return fail(id.error());
    bodies_.set_id(*id);
    link_->add(*this);
    link_->driver().flush();
    return {};
  }

  asio::awaitable<Result<>> write(std::span<const ByteView> pieces) override { return bodies_.write(pieces); }
  asio::awaitable<Result<>> finish() override { return bodies_.finish(); }
  void set_length(std::uint64_t bytes) override { bodies_.set_length(bytes); }
  asio::awaitable<Result<ResponseHead>> read_head() override {
    while (!head_) {
      if (bodies_.failure()) co_return fail(bodies_.failure());
      const bool woken = co_await bodies_.wait_for_input();
      if (!woken) co_return fail(Errc::cancelled);
    }
    co_return *head_;
  }
  asio::awaitable<Result<ByteView>> read_body() override { return bodies_.read(); }
  H2Ending ending() const override {
    const H2Ending link = link_->ending();
    return reset_ && link.by == H2Ending::By::line ? H2Ending{H2Ending::By::reset, *reset_} : link;
  }
  void reset(std::uint32_t error_code) override { bodies_.reset(h2::to_error_code(error_code), Errc::cancelled); }
  std::size_t send_window() const override {
    return bodies_.failure() ? 0 : link_->driver().connection().send_window(bodies_.id());
  }
  h2::StreamId id() const override { return bodies_.id(); }

  void answered(h2::Response&& response) {
    head_ = ResponseHead{response.status, std::move(response.headers)};
    bodies_.notify_input();
  }
  void was_reset(h2::ErrorCode code) {
    if (!bodies_.failure()) reset_ = code;
    bodies_.closed(Errc::stream_reset);
  }
  H2Stream& bodies() { return bodies_; }

 private:
  const std::shared_ptr<ClientLink> link_;
  H2Stream bodies_;
  std::optional<ResponseHead> head_;
  std::optional<h2::ErrorCode> reset_;  // the server's
};

asio::awaitable<void> ClientLink::run(std::shared_ptr<ClientLink> keep) {
  co_await driver_.run(keep, Bytes());
  finished_ = true;
  ended_.notify();
}

asio::awaitable<void> ClientLink::close(std::chrono::milliseconds deadline) {
  const TimePoint end = Clock::now() + deadline;
  connection_->shutdown(Clock::now());
  driver_.flush();
  while (!finished_ && Clock::now() < end) co_await ended_.wait_until(end);
  driver_.end(Errc::closed);
}

void ClientLink::add(ClientStream& stream) {
  streams_.emplace(stream.bodies().id(), &stream);
}

void ClientLink::remove(ClientStream& stream) {
  const h2::StreamId id = stream.bodies().id();
  if (streams_.erase(id) != 0) connection_->release(id);
}

ClientStream* ClientLink::find(h2::StreamId id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second;
}

void ClientLink::on_response(h2::StreamId id, h2::Response&& response) {
  if (ClientStream* const stream = find(id)) stream->answered(std::move(response));
}

void ClientLink::on_data(h2::StreamId id, ByteView bytes) {
  if (ClientStream* const stream = find(id)) stream->bodies().received(bytes);
}

void ClientLink::on_remote_closed(h2::StreamId id) {
  if (ClientStream* const stream = find(id)) stream->bodies().remote_closed();
}

void ClientLink::on_stream_closed(h2::StreamId id, h2::ErrorCode code) {
  if (ClientStream* const stream = find(id)) stream->was_reset(code);
}

/// What ends all streams of the connection; "line" when nothing else is known.
H2Ending ClientLink::ending() const {
  if (connection_->timed_out()) return {H2Ending::By::silence, h2::ErrorCode::no_error};
  if (go_away_ != h2::ErrorCode::no_error) return {H2Ending::By::go_away, go_away_};
  if (connection_->error() != h2::ErrorCode::no_error) return {H2Ending::By::broken_rule, connection_->error()};
  return {};
}

void ClientLink::connection_ended(std::error_code) {
  for (const auto& [id, stream] : streams_) stream->bodies().closed(Errc::connection_lost);
  if (on_end_) on_end_();
}

class Client final : public H2Client {
 public:
  Client(std::unique_ptr<ByteStream> stream, const H2ClientOptions& options)
      : link_(std::make_shared<ClientLink>(std::move(stream), options)) {
    link_->start();
  }
  ~Client() override { abort(); }

  Result<std::unique_ptr<H2ClientStream>> open(std::string method, std::string authority, std::string path,
                                               http::Headers headers, bool tls_scheme) override {
    return start(
        {std::move(method), tls_scheme ? "https" : "http", std::move(authority), std::move(path), std::move(headers)});
  }
  Result<std::unique_ptr<H2ClientStream>> ask(std::string method, std::string authority, std::string path,
                                              http::Headers headers, bool tls_scheme) override {
    h2::Request request{std::move(method), tls_scheme ? "https" : "http", std::move(authority), std::move(path),
                        std::move(headers)};
    request.ended = true;
    return start(request);
  }
  asio::awaitable<void> close(std::chrono::milliseconds deadline) override { return link_->close(deadline); }
  void abort() override { link_->driver().end(Errc::closed); }
  bool usable() const override { return !link_->driver().ended() && !link_->driver().connection().closing(); }
  H2Ending ending() const override { return link_->ending(); }
  std::error_code reason() const override { return link_->driver().reason(); }
  std::chrono::microseconds rtt() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(link_->driver().connection().rtt());
  }

 private:
  Result<std::unique_ptr<H2ClientStream>> start(const h2::Request& request) {
    if (link_->driver().ended()) return fail(Errc::connection_lost);
    auto stream = std::make_unique<ClientStream>(link_);
    if (const auto opened = stream->open(request); !opened) return fail(opened.error());
    return stream;
  }

  const std::shared_ptr<ClientLink> link_;
};

}  // namespace

std::unique_ptr<H2Client> H2Client::create(std::unique_ptr<ByteStream> stream, H2ClientOptions options) {
  return std::make_unique<Client>(std::move(stream), options);
}

}  // namespace camspan::net
