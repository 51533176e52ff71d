#include "hub/live_route.hpp"

#include "core/log.hpp"
#include "hub/ingest_request.hpp"
#include "hub/responses.hpp"

namespace camspan::hub {
namespace {

// A camera that starts is there within seconds.
constexpr int kRetryNoVideo = 5;
// Somebody leaves within a minute on a busy camera.
constexpr int kRetryFull = 30;

Problem unknown(std::string_view id) {
  return {
      Cause::unknown_device, "There is no device " + std::string(id) + " here. GET /api/devices lists them.", {}, {}};
}

/// Counts a viewer while it is there.
class Counted {
 public:
  Counted(StatusBoard& board, const DeviceId& device) : board_(board), device_(device) { board_.viewer_came(device_); }
  ~Counted() { board_.viewer_left(device_); }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  StatusBoard& board_;
  const DeviceId device_;
};

}  // namespace

tl::expected<void, Problem> LiveRoute::has_room(const DeviceId& device) const {
  if (board_.of(device).viewers >= limits_.viewers_per_device)
    return tl::unexpected(retry_later(Cause::max_viewers,
                                      "As many people watch " + device.str() +
                                          " as the hub allows: " + std::to_string(limits_.viewers_per_device) +
                                          " (limits.viewers_per_device). Try again later.",
                                      kRetryFull));
  if (board_.viewers() >= limits_.viewers)
    return tl::unexpected(retry_later(
        Cause::max_viewers, "The hub has as many viewers as it allows (limits.viewers). Try again later.", kRetryFull));
  return {};
}

tl::expected<LiveRoute::Seat, Problem> LiveRoute::admit(const net::HttpExchange& exchange, std::string_view id) {
  const net::RequestHead& request = exchange.request();
  if (request.method != "GET" && request.method != "HEAD")
    return tl::unexpected(Problem{Cause::method_not_allowed, "Watch with GET.", {}, {{"allow", "GET, HEAD"}}});
  const auto device = DeviceId::parse(id);
  if (!device) return tl::unexpected(unknown(id));
  if (auto claims = authorizer_.require(request, Right::live, *device); !claims)
    return tl::unexpected(std::move(claims.error()));
  if (exchange.wants_websocket() && is_foreign_origin(request))
    return tl::unexpected(Problem{
        Cause::foreign_origin, "Only pages of this hub may open this WebSocket. Open the hub's own page.", {}, {}});
  const auto channel = parse_channel(request.query_value("channel").value_or("0"));
  if (!channel)
    return tl::unexpected(Problem{Cause::bad_request, "The parameter channel is a number from 0 to 255.", {}, {}});
  if (const auto known = devices_.find(*device); !known) return tl::unexpected(known.error());
  LiveStream* const stream = live_.find(*device, *channel);
  if (!stream || !stream->live())
    return tl::unexpected(retry_later(Cause::no_video,
                                      "No video comes from " + device->str() + " on channel " +
                                          std::to_string(*channel) + " now. Try again when it does.",
                                      kRetryNoVideo));
  if (auto room = has_room(*device); !room) return tl::unexpected(std::move(room.error()));
  return Seat{*device, *stream};
}

asio::awaitable<void> LiveRoute::handle(net::HttpExchange& exchange, std::string id) {
  auto seat = admit(exchange, id);
  if (!seat) {
    co_await send_problem(exchange, std::move(seat.error()));
    co_return;
  }
  if (exchange.request().method == "HEAD") {
    http::Headers headers{{"content-type", "video/x-flv"}, {"cache-control", "no-store"}};
    const auto head = co_await exchange.send_head(200, std::move(headers), std::nullopt);
    if (head) static_cast<void>(co_await exchange.finish());
    co_return;
  }
  const Counted counted(board_, seat->device);
  ViewSummary summary;
  if (exchange.wants_websocket())
    summary = co_await view_by_websocket(exchange, seat->stream, rounds_);
  else
    summary = co_await view_by_http(exchange, seat->stream, rounds_);
  board_.viewer_missed(seat->device, summary.skipped_tags, summary.dropped);
  if (summary.dropped)
    log::info("hub", "a viewer of ", seat->device.str(), " took nothing for too long and was dropped");
}

}  // namespace camspan::hub
