#include "api/whep_client.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include "api/answer.hpp"
#include "api/uuid.hpp"
#include "core/log.hpp"
#include "net/network_watch.hpp"

namespace camspan {
namespace {

constexpr std::chrono::milliseconds kCloseTimeout{300};
constexpr std::size_t kMaxEvent = 16 << 10;
constexpr std::size_t kMaxServers = 16;
constexpr const char* kFragmentType = "application/trickle-ice-sdpfrag";
constexpr int kNotFound = 404;
constexpr int kGone = 410;
// A viewer that has moved is to see its picture again within seconds; the hub has few such viewers at a time.
constexpr Backoff::Limits kAgain{std::chrono::milliseconds(200), std::chrono::milliseconds(5000)};

Failure lost(const Url& url, std::error_code reason) {
  return {reason, url.authority + ": the connection was lost before the camera answered (" + reason.message() + ").",
          0};
}

/// `name` of a Link field's parameters (RFC 8288), without its quotes.
std::string link_parameter(std::string_view link, const std::string& name) {
  const std::string key = name + "=\"";
  const auto at = link.find(key);
  if (at == link.npos) return {};
  link.remove_prefix(at + key.size());
  return std::string(link.substr(0, link.find('"')));
}

/// ICE servers of the answer's Link fields, as WHEP has them.
std::vector<net::IceServer> servers_of(const http::Headers& headers) {
  std::vector<net::IceServer> servers;
  for (const http::Header& field : headers) {
    const std::string_view link = field.value;
    if (field.name != "link" || !link.starts_with('<') || link.find("rel=\"ice-server\"") == link.npos) continue;
    if (servers.size() >= kMaxServers) break;
    servers.push_back({std::string(link.substr(1, link.find('>') - 1)), link_parameter(link, "username"),
                       link_parameter(link, "credential")});
  }
  return servers;
}

}  // namespace

WhepClient::WhepClient(const asio::any_io_executor& executor, Setup setup, Events events)
    : executor_(executor), setup_(std::move(setup)), events_(std::move(events)), wake_(executor), backoff_(kAgain) {}

void WhepClient::start(std::string offer) {
  asio::co_spawn(executor_, run(shared_from_this(), std::move(offer)), asio::detached);
}

void WhepClient::candidate(std::string line) {
  pending_.push_back(std::move(line));
  wake_.notify();
}

void WhepClient::restart(rtc::IceCredentials own) {
  setup_.ice = std::move(own);
  pending_.clear();
  restart_pending_ = true;
  wake_.notify();
}

void WhepClient::network_changed() {
  if (client_ != nullptr && !net::is_own_address(local_address_)) client_->abort();
  changed_ = true;
  wake_.notify();
}

void WhepClient::leave() {
  leaving_ = true;
  wake_.notify();
}

asio::awaitable<void> WhepClient::run(std::shared_ptr<WhepClient> self, std::string offer) {
  auto answer = co_await self->join(std::move(offer));
  if (!answer && !self->leaving_) self->events_.failed(std::move(answer.error()));
  if (answer) {
    if (!self->leaving_) self->events_.answered(std::move(*answer));
    co_await self->keep();
  }
  if (self->client_ != nullptr) co_await self->client_->close(kCloseTimeout);
  while (!self->leaving_) co_await self->wake_.wait();
  self->events_.done();
}

/// Until the viewer leaves, or the session is over.
asio::awaitable<void> WhepClient::keep() {
  if (!session_.starts_with('/')) co_return;
  while (!leaving_ && !gone_) {
    asio::co_spawn(executor_, listen(shared_from_this(), connection_), asio::detached);
    co_await tell();
    if (!leaving_ && !gone_) co_await reconnect();
  }
  if (gone_ || lost_) co_return;
  http::Headers headers = fields();
  std::string nothing;
  (void)co_await ask("DELETE", std::move(headers), std::string(), nothing);
}

http::Headers WhepClient::fields() const {
  http::Headers headers;
  if (!setup_.token.empty()) headers.append("authorization", "Bearer " + setup_.token, true);
  return headers;
}

asio::awaitable<tl::expected<void, Failure>> WhepClient::connect() {
  net::ConnectOptions options;
  options.host = setup_.url.host;
  options.port = setup_.url.port;
  options.tls = setup_.tls;
  auto connected = co_await net::connect(std::move(options));
  if (!connected) co_return tl::unexpected(std::move(connected.error()));
  local_address_ = connected->stream->info().local;
  net::H2ClientOptions h2;
  client_ = net::H2Client::create(std::move(connected->stream), std::move(h2));
  lost_ = false;
  ++connection_;
  co_return tl::expected<void, Failure>();
}

/// Tries again and again, at once when the network has changed.
asio::awaitable<void> WhepClient::reconnect() {
  while (!leaving_) {
    backoff_.lost(std::chrono::steady_clock::now());
    const auto until = std::chrono::steady_clock::now() + backoff_.next(random_32());
    while (!leaving_ && !changed_ && std::chrono::steady_clock::now() < until) co_await wake_.wait_until(until);
    changed_ = false;
    if (leaving_) co_return;
    const auto connected = co_await connect();
    if (connected) co_return;
  }
}

asio::awaitable<tl::expected<WhepClient::Answer, Failure>> WhepClient::join(std::string offer) {
  const auto connected = co_await connect();
  if (!connected) co_return tl::unexpected(connected.error());
  http::Headers headers = fields();
  headers.append("content-type", "application/sdp");
  headers.append("accept", "application/sdp");
  auto stream = client_->open("POST", setup_.url.authority, setup_.url.path, std::move(headers), setup_.url.tls);
  if (!stream) co_return tl::unexpected(lost(setup_.url, stream.error()));
  (*stream)->set_length(offer.size());
  const ByteView body = as_bytes(offer);
  const auto written = co_await (*stream)->write(std::span<const ByteView>(&body, 1));
  if (!written) co_return tl::unexpected(lost(setup_.url, written.error()));
  auto answer = co_await read_answer(**stream);
  co_return answer;
}

asio::awaitable<tl::expected<WhepClient::Answer, Failure>> WhepClient::read_answer(net::H2ClientStream& stream) {
  const auto head = co_await stream.read_head();
  if (!head) co_return tl::unexpected(lost(setup_.url, head.error()));
  if (head->status != 201) {
    const std::string problem = co_await read_problem(stream);
    const std::string detail = detail_of(problem);
    Failure failure{code_of_status(head->status),
                    detail.empty() ? setup_.url.authority + " answered " + std::to_string(head->status) + "." : detail,
                    head->status};
    co_return tl::unexpected(std::move(failure));
  }
  session_ = std::string(head->headers.find("location").value_or(""));
  etag_ = std::string(head->headers.find("etag").value_or(""));
  backoff_.connected(std::chrono::steady_clock::now());
  Answer answer;
  answer.servers = servers_of(head->headers);
  while (answer.sdp.size() <= rtc::kMaxSdpBytes) {
    const auto piece = co_await stream.read_body();
    if (!piece) co_return tl::unexpected(lost(setup_.url, piece.error()));
    if (piece->empty()) break;
    answer.sdp += as_text(*piece);
  }
  co_return answer;
}

/// One request to the session, and the body of its answer, if that is not long.
asio::awaitable<Result<net::ResponseHead>> WhepClient::ask(std::string method, http::Headers headers, std::string body,
                                                           std::string& answer) {
  auto opened =
      body.empty()
          ? client_->ask(std::move(method), setup_.url.authority, session_, std::move(headers), setup_.url.tls)
          : client_->open(std::move(method), setup_.url.authority, session_, std::move(headers), setup_.url.tls);
  if (!opened) co_return fail(opened.error());
  if (!body.empty()) {
    (*opened)->set_length(body.size());
    const ByteView view = as_bytes(body);
    const auto written = co_await (*opened)->write(std::span<const ByteView>(&view, 1));
    if (!written) co_return fail(written.error());
  }
  auto head = co_await (*opened)->read_head();
  if (!head) co_return fail(head.error());
  while (answer.size() <= kMaxEvent) {
    const auto piece = co_await (*opened)->read_body();
    if (!piece || piece->empty()) break;
    answer += as_text(*piece);
  }
  co_return head;
}

http::Headers WhepClient::patch_fields() const {
  http::Headers headers = fields();
  headers.append("content-type", kFragmentType);
  if (!etag_.empty()) headers.append("if-match", etag_);
  return headers;
}

/// Candidates and restarts of ours to the camera, until the viewer leaves or the connection is lost.
asio::awaitable<void> WhepClient::tell() {
  for (;;) {
    while (pending_.empty() && !restart_pending_ && !leaving_ && !lost_ && !gone_) co_await wake_.wait();
    if (leaving_ || lost_ || gone_) co_return;
    const bool restarts = std::exchange(restart_pending_, false);
    // A restart's credentials go alone, so that its candidates do not hold them up.
    std::vector<std::string> candidates;
    if (!restarts) candidates.swap(pending_);
    const rtc::SdpFragment fragment = fragment_of(candidates);
    http::Headers headers = patch_fields();
    std::string body = rtc::write_fragment(fragment);
    std::string answer;
    const auto head = co_await ask("PATCH", std::move(headers), std::move(body), answer);
    if (head) {
      take_patched(*head, answer);
      continue;
    }
    log::debug("view", "the connection for signalling is lost: ", head.error().message());
    lost_ = true;
    if (fragment.ice != setup_.ice) continue;
    restart_pending_ = restart_pending_ || restarts;
    pending_.insert(pending_.begin(), candidates.begin(), candidates.end());
  }
}

rtc::SdpFragment WhepClient::fragment_of(const std::vector<std::string>& candidates) const {
  rtc::SdpFragment fragment;
  fragment.ice = setup_.ice;
  for (const std::string& line : candidates) {
    if (line.empty())
      fragment.end_of_candidates = true;
    else
      fragment.candidates.push_back({"0", line});
  }
  return fragment;
}

void WhepClient::take_patched(const net::ResponseHead& head, const std::string& answer) {
  if (const auto etag = head.headers.find("etag")) etag_ = std::string(*etag);
  if (head.status == kNotFound || head.status == kGone) gone_ = true;
  if (head.status >= 300) log::debug("view", "the camera did not get a candidate of ours: ", head.status);
  if (head.status != 200 || leaving_) return;
  const auto fragment = rtc::parse_fragment(answer);
  if (fragment && !fragment->ice.pwd.empty()) events_.restart(fragment->ice);
}

/// The camera's later candidates and restarts.
asio::awaitable<void> WhepClient::listen(std::shared_ptr<WhepClient> self, std::uint64_t connection) {
  co_await self->read_events();
  if (self->connection_ != connection) co_return;
  self->lost_ = true;
  self->wake_.notify();
}

asio::awaitable<void> WhepClient::read_events() {
  http::Headers headers = fields();
  headers.append("accept", "text/event-stream");
  auto stream = client_->ask("GET", setup_.url.authority, session_, std::move(headers), setup_.url.tls);
  if (!stream) co_return;
  const auto head = co_await (*stream)->read_head();
  if (!head) co_return;
  if (head->status == kNotFound || head->status == kGone) gone_ = true;
  if (head->status != 200) co_return;
  std::string text;
  while (!leaving_ && text.size() <= kMaxEvent) {
    const auto piece = co_await (*stream)->read_body();
    if (!piece || piece->empty()) co_return;
    text += as_text(*piece);
    std::erase(text, '\r');
    for (auto end = text.find("\n\n"); end != std::string::npos; end = text.find("\n\n")) {
      take_event(std::string_view(text).substr(0, end));
      text.erase(0, end + 2);
    }
  }
}

void WhepClient::take_event(std::string_view event) {
  constexpr std::string_view kEvent = "event:";
  constexpr std::string_view kData = "data:";
  std::string_view name;
  std::string data;
  while (!event.empty()) {
    std::string_view line = event.substr(0, event.find('\n'));
    event.remove_prefix(std::min(event.size(), line.size() + 1));
    const auto value_of = [&line](std::string_view key) {
      line.remove_prefix(key.size());
      while (line.starts_with(' ')) line.remove_prefix(1);
      return line;
    };
    if (line.starts_with(kEvent)) name = value_of(kEvent);
    if (line.starts_with(kData)) data += std::string(value_of(kData)) + "\r\n";
  }
  if (name == "bye") gone_ = true;
  const auto fragment = rtc::parse_fragment(data);
  if (leaving_ || !fragment) return;
  if (name == "restart" && !fragment->ice.pwd.empty()) events_.restart(fragment->ice);
  for (const rtc::Candidate& candidate : fragment->candidates) events_.candidate(candidate.line);
  if (fragment->end_of_candidates) events_.candidate({});
}

}  // namespace camspan
