#include "api/whep_client.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include "api/answer.hpp"
#include "core/log.hpp"

namespace camspan {
namespace {

constexpr std::chrono::milliseconds kCloseTimeout{300};
constexpr std::size_t kMaxEventLine = 8 << 10;

Failure lost(const Url& url, std::error_code reason) {
  return {reason, url.authority + ": the connection was lost before the camera answered (" + reason.message() + ").",
          0};
}

}  // namespace

WhepClient::WhepClient(const asio::any_io_executor& executor, Setup setup, Events events)
    : executor_(executor), setup_(std::move(setup)), events_(std::move(events)), wake_(executor) {}

void WhepClient::start(std::string offer) {
  asio::co_spawn(executor_, run(shared_from_this(), std::move(offer)), asio::detached);
}

void WhepClient::candidate(std::string line) {
  pending_.push_back(std::move(line));
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
    asio::co_spawn(self->executor_, listen(self), asio::detached);
    co_await self->send_candidates();
    http::Headers headers = self->fields();
    (void)co_await self->ask("DELETE", std::move(headers), std::string());
  }
  if (self->client_ != nullptr) co_await self->client_->close(kCloseTimeout);
  while (!self->leaving_) co_await self->wake_.wait();
  self->events_.done();
}

http::Headers WhepClient::fields() const {
  http::Headers headers;
  if (!setup_.token.empty()) headers.append("authorization", "Bearer " + setup_.token, true);
  return headers;
}

asio::awaitable<tl::expected<std::string, Failure>> WhepClient::join(std::string offer) {
  net::ConnectOptions options;
  options.host = setup_.url.host;
  options.port = setup_.url.port;
  options.tls = setup_.tls;
  auto connected = co_await net::connect(std::move(options));
  if (!connected) co_return tl::unexpected(std::move(connected.error()));
  net::H2ClientOptions h2;
  client_ = net::H2Client::create(std::move(connected->stream), std::move(h2));
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

asio::awaitable<tl::expected<std::string, Failure>> WhepClient::read_answer(net::H2ClientStream& stream) {
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
  std::string sdp;
  while (sdp.size() <= rtc::kMaxSdpBytes) {
    const auto piece = co_await stream.read_body();
    if (!piece) co_return tl::unexpected(lost(setup_.url, piece.error()));
    if (piece->empty()) break;
    sdp += as_text(*piece);
  }
  co_return sdp;
}

/// One request to the session. @return the status of its answer
asio::awaitable<Result<int>> WhepClient::ask(std::string method, http::Headers headers, std::string body) {
  if (!session_.starts_with('/')) co_return fail(Errc::malformed);
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
  const auto head = co_await (*opened)->read_head();
  if (!head) co_return fail(head.error());
  co_return head->status;
}

/// Until the viewer leaves.
asio::awaitable<void> WhepClient::send_candidates() {
  for (;;) {
    while (pending_.empty() && !leaving_) co_await wake_.wait();
    if (leaving_) co_return;
    rtc::SdpFragment fragment;
    fragment.ice = setup_.ice;
    for (std::string& line : pending_) {
      if (line.empty())
        fragment.end_of_candidates = true;
      else
        fragment.candidates.push_back({"0", std::move(line)});
    }
    pending_.clear();
    http::Headers headers = fields();
    headers.append("content-type", "application/trickle-ice-sdpfrag");
    if (!etag_.empty()) headers.append("if-match", etag_);
    const auto status = co_await ask("PATCH", std::move(headers), rtc::write_fragment(fragment));
    if (!status || *status >= 300) log::debug("view", "the camera did not get a candidate of ours");
  }
}

/// The camera's later candidates, while there is a connection.
asio::awaitable<void> WhepClient::listen(std::shared_ptr<WhepClient> self) {
  if (!self->session_.starts_with('/')) co_return;
  http::Headers headers = self->fields();
  headers.append("accept", "text/event-stream");
  auto stream =
      self->client_->ask("GET", self->setup_.url.authority, self->session_, std::move(headers), self->setup_.url.tls);
  if (!stream) co_return;
  const auto head = co_await (*stream)->read_head();
  if (!head || head->status != 200) co_return;
  std::string text;
  while (!self->leaving_ && text.size() <= kMaxEventLine) {
    const auto piece = co_await (*stream)->read_body();
    if (!piece || piece->empty()) co_return;
    text += as_text(*piece);
    for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
      self->take_event_line(std::string_view(text).substr(0, end));
      text.erase(0, end + 1);
    }
  }
}

void WhepClient::take_event_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  constexpr std::string_view kData = "data:";
  if (leaving_ || !line.starts_with(kData)) return;
  line.remove_prefix(kData.size());
  while (line.starts_with(' ')) line.remove_prefix(1);
  if (line.starts_with("a=")) line.remove_prefix(2);
  if (line.starts_with("candidate:")) events_.candidate(std::string(line));
  if (line == "end-of-candidates") events_.candidate({});
}

}  // namespace camspan
