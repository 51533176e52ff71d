/// GET /recordings/<id>, /recordings/<id>.flv and /recordings/<id>/key.flv: what is recorded, as a list and as FLV.
#pragma once

#include <asio/awaitable.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "hub/auth.hpp"
#include "hub/devices.hpp"
#include "hub/sqlite_index.hpp"
#include "net/io_thread.hpp"
#include "recordings/segment_reader.hpp"

namespace camspan::hub {

/// A time range as queries give it; missing ends are open.
struct RecordingQuery {
  DeviceId device;
  unsigned channel = 0;
  std::optional<UtcTime> from;
  std::optional<UtcTime> to;
};

/// Lives on the I/O thread. Files and the database are read on a thread of its own, piece by piece, so that neither the
/// network nor the storing of live media waits for a disk.
class RecordingsRoute {
 public:
  /// @param root  recordings/
  RecordingsRoute(const Authorizer& authorizer, Devices& devices, std::unique_ptr<IndexReader> index,
                  std::filesystem::path root);

  asio::awaitable<void> list(net::HttpExchange& exchange, std::string id);
  asio::awaitable<void> download(net::HttpExchange& exchange, std::string id);
  asio::awaitable<void> key_frame(net::HttpExchange& exchange, std::string id);

 private:
  using Segments = std::vector<recordings::Segment>;

  tl::expected<RecordingQuery, Problem> admit(const net::RequestHead& request, const std::string& id, const char* from,
                                              const char* to);
  asio::awaitable<Result<Segments>> find(RecordingQuery query);
  asio::awaitable<Problem> nothing_there(RecordingQuery query);
  asio::awaitable<void> refuse(net::HttpExchange& exchange, RecordingQuery query, std::error_code error);
  asio::awaitable<void> send(net::HttpExchange& exchange, RecordingQuery query,
                             std::shared_ptr<recordings::RangeReader> reader);
  template <class Task>
  asio::awaitable<std::invoke_result_t<Task>> on_reader(Task task);

  const Authorizer& authorizer_;
  Devices& devices_;
  const std::unique_ptr<IndexReader> index_;  ///< on the reader thread only
  const std::filesystem::path root_;
  net::IoThread thread_;
};

/// The segments to play one after another: sorted by start, without those of 10 s and more that lie wholly within
/// another one. Of two that cover the same time the later recording stays.
std::vector<recordings::Segment> playable(std::vector<recordings::Segment> segments);

}  // namespace camspan::hub
