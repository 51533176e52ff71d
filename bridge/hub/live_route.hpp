/// GET /live/<id>.flv: FLV without end, over HTTP or as WebSocket messages of whole tags.
#pragma once

#include <asio/awaitable.hpp>
#include <string>

#include "hub/auth.hpp"
#include "hub/config.hpp"
#include "hub/devices.hpp"
#include "hub/live_directory.hpp"
#include "hub/status_board.hpp"
#include "net/write_rounds.hpp"

namespace camspan::hub {

/// Lives on the I/O thread.
class LiveRoute {
 public:
  LiveRoute(const Authorizer& authorizer, Devices& devices, LiveDirectory& live, StatusBoard& board,
            const Config::Limits& limits, const asio::any_io_executor& executor)
      : authorizer_(authorizer), devices_(devices), live_(live), board_(board), limits_(limits), rounds_(executor) {}

  /// @param id  the last part of the path, without ".flv"
  asio::awaitable<void> handle(net::HttpExchange& exchange, std::string id);

 private:
  struct Seat {
    DeviceId device;
    LiveStream& stream;
  };
  tl::expected<Seat, Problem> admit(const net::HttpExchange& exchange, std::string_view id);
  tl::expected<void, Problem> has_room(const DeviceId& device) const;

  const Authorizer& authorizer_;
  Devices& devices_;
  LiveDirectory& live_;
  StatusBoard& board_;
  const Config::Limits limits_;
  net::WriteRounds rounds_;
};

/// What a viewer missed.
struct ViewSummary {
  std::uint64_t skipped_tags = 0;  ///< because it was slow
  bool dropped = false;            ///< because it took nothing any more
};

/// Sends the stream until it ends or the viewer leaves.
/// @param rounds  of all viewers of this I/O thread; it outlives the view
asio::awaitable<ViewSummary> view_by_http(net::HttpExchange& exchange, LiveStream& stream, net::WriteRounds& rounds);
asio::awaitable<ViewSummary> view_by_websocket(net::HttpExchange& exchange, LiveStream& stream,
                                               net::WriteRounds& rounds);

}  // namespace camspan::hub
