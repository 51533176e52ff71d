#include "hub/downlink_route.hpp"

#include <algorithm>
#include <asio/experimental/awaitable_operators.hpp>
#include <nlohmann/json.hpp>

#include "hub/body_guard.hpp"
#include "hub/responses.hpp"

namespace camspan::hub {
namespace {

// Written at once: what a slow line takes well within the patience that a device has.
constexpr std::size_t kChunkBytes = 64 << 10;
constexpr int kRetrySeconds = 1;

Problem not_queried() {
  return {
      Cause::not_queried, "The device waits on no channel of that service now. Send when it has queried one.", {}, {}};
}

/// One message on its way down. On its route's frame.
class Downlink {
 public:
  Downlink(Uploads& uploads, net::HttpExchange& exchange, std::shared_ptr<Channel> channel,
           std::chrono::milliseconds patience, const asio::any_io_executor& executor)
      : exchange_(exchange), patience_(patience), guard_(uploads, executor), turn_(std::move(channel), executor) {}

  asio::awaitable<void> run() {
    using namespace asio::experimental::awaitable_operators;
    co_await (send() && answer_early());
  }

 private:
  asio::awaitable<void> send() {
    co_await turn_.wait();
    auto problem = co_await pass_on();
    guard_.body_over();
    if (lost_ || guard_.early()) co_return;
    if (problem) {
      co_await send_problem(exchange_, std::move(*problem));
    } else {
      const nlohmann::ordered_json answer{{"bytes", bytes_}};
      co_await send_json(exchange_, 202, answer.dump());
    }
  }

  asio::awaitable<std::optional<Problem>> pass_on() {
    while (!guard_.early()) {
      const auto piece = co_await exchange_.read_body();
      lost_ = !piece;
      if (lost_ || guard_.early() || piece->empty()) break;
      auto problem = co_await write(*piece);
      // What the device takes long for is no silence of the sender.
      guard_.bytes_came();
      if (problem) co_return problem;
    }
    co_return std::nullopt;
  }

  asio::awaitable<std::optional<Problem>> write(ByteView piece) {
    while (!piece.empty()) {
      const ByteView chunk = piece.first(std::min(piece.size(), kChunkBytes));
      const auto written = co_await turn_.write(chunk, patience_);
      if (!written && written.error() == Errc::timed_out)
        co_return retry_later(Cause::slow_device, "The device took nothing for too long: its query was broken off.",
                              kRetrySeconds);
      if (!written) co_return not_queried();
      bytes_ += chunk.size();
      piece = piece.subspan(chunk.size());
    }
    co_return std::nullopt;
  }

  asio::awaitable<void> answer_early() {
    co_await guard_.wait();
    if (!guard_.early()) co_return;
    turn_.stop_waiting();
    if (!lost_) co_await send_problem(exchange_, *guard_.early());
    exchange_.abort();
  }

  net::HttpExchange& exchange_;
  const std::chrono::milliseconds patience_;
  BodyGuard guard_;
  DownlinkTurn turn_;
  std::uint64_t bytes_ = 0;
  bool lost_ = false;  ///< the sender has gone
};

}  // namespace

tl::expected<std::shared_ptr<Channel>, Problem> DownlinkRoute::find(const net::RequestHead& head, const std::string& id,
                                                                    const std::string& identify) {
  if (head.method != "POST")
    return tl::unexpected(Problem{Cause::method_not_allowed, "Use POST.", {}, {{"allow", "POST"}}});
  const auto device = DeviceId::parse(id);
  if (!device)
    return tl::unexpected(
        Problem{Cause::unknown_device, "There is no device of that name. GET /api/devices lists them.", {}, {}});
  if (auto allowed = authorizer_.require(head, Right::admin, *device); !allowed)
    return tl::unexpected(std::move(allowed.error()));
  if (const auto known = devices_.find(*device); !known) return tl::unexpected(known.error());
  auto channel = channels_.queried(*device, identify);
  if (!channel) return tl::unexpected(not_queried());
  if (DownlinkTurn::line_is_full(*channel))
    return tl::unexpected(
        retry_later(Cause::max_downlinks, "Enough waits to be sent to this device. Send it again.", kRetrySeconds));
  return channel;
}

asio::awaitable<void> DownlinkRoute::handle(net::HttpExchange& exchange, std::string id, std::string identify) {
  auto channel = find(exchange.request(), id, identify);
  if (!channel) {
    co_await send_problem(exchange, std::move(channel.error()));
    co_return;
  }
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  Downlink downlink(uploads_, exchange, std::move(*channel), patience_, executor);
  co_await downlink.run();
}

}  // namespace camspan::hub
