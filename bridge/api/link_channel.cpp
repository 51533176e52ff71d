#include "api/link_channel.hpp"

#include <asio/experimental/awaitable_operators.hpp>
#include <asio/this_coro.hpp>
#include <variant>

#include "api/answer.hpp"
#include "api/upload_failure.hpp"
#include "proto/link/request.hpp"

namespace camspan {
namespace {

using std::chrono::seconds;

// IOT_HTTP2_RES_OVERTIME_MS of the C SDK.
constexpr seconds kAnswerTime{10};
// Everything that was sent is confirmed by then.
constexpr seconds kCloseTime{2};
// The receiver puts the file away meanwhile, where other disks are as slow as they are.
constexpr seconds kFileTime{30};
constexpr std::string_view kChecksum = "x-file-crc64ecma";

/// The head of the answer; Errc::timed_out when it does not come in time.
asio::awaitable<Result<net::ResponseHead>> answer_within(net::H2ClientStream& stream, seconds time) {
  using namespace asio::experimental::awaitable_operators;
  net::WakeUp clock(co_await asio::this_coro::executor);
  auto first = co_await (stream.read_head() || clock.wait_until(std::chrono::steady_clock::now() + time));
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  co_return fail(Errc::timed_out);
}

RequestEnd lost(const std::string& authority, std::error_code error) {
  RequestEnd end;
  end.failure = Failure{error, authority + ": the channel could not be opened (" + error.message() + ").", 0};
  return end;
}

}  // namespace

asio::awaitable<std::optional<RequestEnd>> LinkChannel::open(net::H2Client& client, Triple triple, http::Headers more) {
  const link::Names names{triple.product_key + "." + triple.device_name, triple.product_key, triple.device_name, ""};
  // As the C SDK signs. No timestamp: the clock of a camera may not be set yet.
  http::Headers headers = link::open_fields(names, triple.secret, link::SignMethod::hmac_sha1, CAMSPAN_VERSION);
  for (const http::Header& field : more) headers.append(field.name, field.value);
  const auto stream = client.ask("POST", authority_, link::path(link::Step::open, identify_), std::move(headers), tls_);
  if (!stream) co_return lost(authority_, stream.error());
  const auto head = co_await answer_within(**stream, kAnswerTime);
  if (!head) co_return lost(authority_, head.error());
  if (head->status == 200) {
    id_ = link::channel_id_of(head->headers).value_or("");
    answer_ = head->headers;
    if (is_open()) co_return std::nullopt;
    co_return lost(authority_, make_error_code(Errc::protocol_error));
  }
  const std::string problem = co_await read_problem(**stream);
  RequestEnd end =
      refused_by(authority_ + " opens no channel for " + names.client_id, head->status, problem, head->headers);
  co_return end;
}

asio::awaitable<void> LinkChannel::close(net::H2Client& client) {
  if (!is_open()) co_return;
  const auto stream = client.ask("POST", authority_, link::path(link::Step::close, identify_), fields(), tls_);
  forget();
  closed_ = true;
  // Whatever it answers, or does not: the channel is gone for us.
  if (stream) static_cast<void>(co_await answer_within(**stream, kCloseTime));
}

asio::awaitable<RequestEnd> LinkChannel::close_file(net::H2Client& client, std::uint64_t checksum) {
  const std::string sum = std::to_string(checksum);
  http::Headers headers = fields();
  headers.append(std::string(kChecksum), sum);
  const auto stream =
      client.ask("POST", authority_, link::path(link::Step::close, identify_), std::move(headers), tls_);
  forget();
  if (!stream) co_return lost(authority_, stream.error());
  const auto head = co_await answer_within(**stream, kFileTime);
  if (!head) co_return lost(authority_, head.error());
  if (head->status == 200) {
    RequestEnd complete;
    complete.kind = RequestEnd::Kind::complete;
    co_return complete;
  }
  const std::string problem = co_await read_problem(**stream);
  RequestEnd end = refused_by(authority_, head->status, problem, head->headers);
  // Other bytes have come: all of them are sent again.
  if (head->headers.find("camspan-problem") == "wrong-checksum") end.kind = RequestEnd::Kind::lost;
  co_return end;
}

http::Headers LinkChannel::fields() const {
  return link::channel_fields(id_, CAMSPAN_VERSION);
}

}  // namespace camspan
