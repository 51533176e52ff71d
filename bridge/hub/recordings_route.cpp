#include "hub/recordings_route.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/log.hpp"
#include "hub/clock.hpp"
#include "hub/ingest_request.hpp"
#include "hub/responses.hpp"
#include "hub/storage_call.hpp"

namespace camspan::hub {
namespace {

using nlohmann::ordered_json;
using recordings::Segment;

// One read from the disk and one write to the network at a time: what a viewer of a recording costs in memory.
constexpr std::size_t kPieceBytes = 256 << 10;

// Busy machines, clocks and restarts move capture times by less: a segment shorter than this that lies within another
// one was recorded beside it, not a second time.
constexpr std::chrono::seconds kShortSegment{10};

constexpr UtcTime kBeginning{};
constexpr UtcTime kEnd = UtcTime(std::chrono::seconds(253'402'300'799));  // 9999-12-31T23:59:59Z

UtcTime end_of(const Segment& segment) {
  return segment.start + segment.duration;
}

/// "20261121T083000Z" for the name of a download.
std::string compact(UtcTime time) {
  std::string text = format_utc(time).substr(0, 19);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text + "Z";
}

Problem read_problem(const std::error_code& error) {
  log::error("hub", "a recording could not be read: ", error.message());
  return {Cause::storage_failed,
          "The recording could not be read: " + error.message() + ". Look at the hub's log.",
          {},
          {}};
}

ordered_json gaps_json(const std::vector<Gap>& gaps) {
  ordered_json rows = ordered_json::array();
  for (const Gap& gap : gaps) {
    ordered_json row{{"start", format_utc(gap.span.from)},
                     {"end", format_utc(gap.span.to)},
                     {"reason", gap.reason ? to_string(*gap.reason) : "expired"}};
    if (gap.lost_tags > 0) row["lost_tags"] = gap.lost_tags;
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

std::vector<Segment> playable(std::vector<Segment> segments) {
  // Of equal starts the longer one first; of equal times the later copy, whose name sorts behind (..Z.flv, ..Z-1.flv).
  std::sort(segments.begin(), segments.end(), [](const Segment& a, const Segment& b) {
    if (a.start != b.start) return a.start < b.start;
    if (a.duration != b.duration) return a.duration > b.duration;
    return a.path.size() != b.path.size() ? a.path.size() > b.path.size() : a.path > b.path;
  });
  std::vector<Segment> result;
  UtcTime covered = kBeginning;
  for (Segment& segment : segments) {
    if (!result.empty() && end_of(segment) <= covered && segment.duration >= kShortSegment) continue;
    covered = std::max(covered, end_of(segment));
    result.push_back(std::move(segment));
  }
  return result;
}

RecordingsRoute::RecordingsRoute(const Authorizer& authorizer, Devices& devices, std::unique_ptr<IndexReader> index,
                                 std::filesystem::path root)
    : authorizer_(authorizer),
      devices_(devices),
      index_(std::move(index)),
      root_(std::move(root)),
      thread_("camspan-read") {}

template <class Task>
asio::awaitable<std::invoke_result_t<Task>> RecordingsRoute::on_reader(Task task) {
  const auto start = [this](std::function<void()> work) { thread_.post(std::move(work)); };
  co_return co_await run_elsewhere<Task>(start, std::move(task));
}

tl::expected<RecordingQuery, Problem> RecordingsRoute::admit(const net::RequestHead& request, const std::string& id,
                                                             const char* from, const char* to) {
  if (request.method != "GET" && request.method != "HEAD")
    return tl::unexpected(
        Problem{Cause::method_not_allowed, "Recordings are read with GET.", {}, {{"allow", "GET, HEAD"}}});
  const auto device = DeviceId::parse(id);
  if (!device) return tl::unexpected(Problem{Cause::unknown_device, "There is no device " + id + " here.", {}, {}});
  if (auto claims = authorizer_.require(request, Right::playback, *device); !claims)
    return tl::unexpected(std::move(claims.error()));
  RecordingQuery query{*device, 0, {}, {}};
  for (const auto& [name, time] : {std::pair(from, &query.from), std::pair(to, &query.to)}) {
    const auto text = request.query_value(name);
    if (!text || text->empty()) continue;
    const auto parsed = parse_utc(*text);
    if (!parsed)
      return tl::unexpected(Problem{
          Cause::bad_request,
          "The parameter " + std::string(name) + " is a time, such as 2026-11-21T08:30:00.000Z or Unix seconds.",
          {},
          {}});
    *time = *parsed;
  }
  const auto channel = parse_channel(request.query_value("channel").value_or("0"));
  if (!channel)
    return tl::unexpected(Problem{Cause::bad_request, "The parameter channel is a number from 0 to 255.", {}, {}});
  query.channel = *channel;
  if (const auto known = devices_.find(*device); !known) return tl::unexpected(known.error());
  return query;
}

asio::awaitable<Result<RecordingsRoute::Segments>> RecordingsRoute::find(RecordingQuery query) {
  const auto read = [this, query] {
    return index_->list(query.device, query.channel, query.from.value_or(kBeginning), query.to.value_or(kEnd));
  };
  co_return co_await on_reader(read);
}

/// The 404 that says where something is.
asio::awaitable<Problem> RecordingsRoute::nothing_there(RecordingQuery query) {
  const auto read = [this, query] {
    return index_->nearest(query.device, query.channel, query.from.value_or(kBeginning));
  };
  const auto nearest = co_await on_reader(read);
  if (!nearest) co_return read_problem(nearest.error());
  Problem problem{Cause::no_recording, "Nothing of " + query.device.str() + " is recorded there.", {}, {}};
  if (nearest->before) problem.members.emplace_back("before", format_utc(*nearest->before));
  if (nearest->after) problem.members.emplace_back("after", format_utc(*nearest->after));
  if (!problem.members.empty()) problem.detail += " Ask for a time near \"before\" or \"after\".";
  co_return problem;
}

asio::awaitable<void> RecordingsRoute::list(net::HttpExchange& exchange, std::string id) {
  auto query = admit(exchange.request(), id, "from", "to");
  if (!query) {
    co_await send_problem(exchange, std::move(query.error()));
    co_return;
  }
  const auto read = [this, query = *query, now = utc_now()]() -> Result<std::string> {
    const auto segments =
        index_->list(query.device, query.channel, query.from.value_or(kBeginning), query.to.value_or(kEnd));
    if (!segments) return fail(segments.error());
    const auto metas = index_->metas(query.device, query.channel);
    if (!metas) return fail(metas.error());
    ordered_json rows = ordered_json::array();
    for (const Segment& segment : *segments) {
      ordered_json row{{"start", format_utc(segment.start)},
                       {"end", format_utc(end_of(segment))},
                       {"bytes", segment.bytes},
                       {"duration_ms", segment.duration.count()}};
      for (const auto& [stream, meta] : *metas)
        if (stream == segment.name.stream) row["meta"] = ordered_json::parse(meta, nullptr, false);
      rows.push_back(std::move(row));
    }
    const auto gaps = index_->gaps(query.device, query.channel, query.from.value_or(kBeginning),
                                   std::min(query.to.value_or(kEnd), now));
    if (!gaps) return fail(gaps.error());
    const ordered_json answer{
        {"device", query.device.str()}, {"segments", std::move(rows)}, {"gaps", gaps_json(*gaps)}};
    return answer.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  };
  auto text = co_await on_reader(read);
  if (!text) {
    co_await send_problem(exchange, read_problem(text.error()));
    co_return;
  }
  co_await send_json(exchange, 200, std::move(*text));
}

asio::awaitable<void> RecordingsRoute::download(net::HttpExchange& exchange, std::string id) {
  auto query = admit(exchange.request(), id, "start", "end");
  if (!query) {
    co_await send_problem(exchange, std::move(query.error()));
    co_return;
  }
  auto segments = co_await find(*query);
  if (!segments) {
    co_await send_problem(exchange, read_problem(segments.error()));
    co_return;
  }
  using Opened = Result<std::shared_ptr<recordings::RangeReader>>;
  const auto open = [root = root_, query = *query, segments = playable(std::move(*segments))]() -> Opened {
    auto reader = recordings::RangeReader::open(root, segments, {query.from, query.to});
    if (!reader) return fail(reader.error());
    return std::shared_ptr<recordings::RangeReader>(std::move(*reader));
  };
  auto reader = co_await on_reader(open);
  if (reader) {
    co_await send(exchange, std::move(*query), std::move(*reader));
    co_return;
  }
  co_await refuse(exchange, std::move(*query), reader.error());
}

asio::awaitable<void> RecordingsRoute::refuse(net::HttpExchange& exchange, RecordingQuery query,
                                              std::error_code error) {
  if (error == Errc::not_found) {
    Problem nothing = co_await nothing_there(std::move(query));
    co_await send_problem(exchange, std::move(nothing));
    co_return;
  }
  Problem problem = read_problem(error);
  co_await send_problem(exchange, std::move(problem));
}

asio::awaitable<void> RecordingsRoute::send(net::HttpExchange& exchange, RecordingQuery query,
                                            std::shared_ptr<recordings::RangeReader> reader) {
  const UtcTime start = reader->start_time();
  http::Headers headers{
      {"content-type", "video/x-flv"},
      {"camspan-start", format_utc(start)},
      {"content-disposition", "attachment; filename=\"" + query.device.str() + "_" + compact(start) + ".flv\""},
      {"accept-ranges", "none"},
      {"cache-control", "no-store"},
      {"x-content-type-options", "nosniff"}};
  const auto head = co_await exchange.send_head(200, std::move(headers), std::nullopt);
  if (!head) co_return;
  const bool wanted = exchange.request().method == "GET";
  while (wanted) {
    const auto next = [reader] { return reader->next(kPieceBytes); };
    const auto piece = co_await on_reader(next);
    if (!piece) {
      log::error("hub", "a recording of ", query.device.str(), " could not be read on: ", piece.error().message());
      exchange.abort();  // an end in good order would pass for the whole
      co_return;
    }
    if (!*piece) break;
    const auto written = co_await exchange.write(**piece);
    if (!written) co_return;
  }
  static_cast<void>(co_await exchange.finish());
}

asio::awaitable<void> RecordingsRoute::key_frame(net::HttpExchange& exchange, std::string id) {
  auto query = admit(exchange.request(), id, "at", "at");
  if (!query) {
    co_await send_problem(exchange, std::move(query.error()));
    co_return;
  }
  const UtcTime at = query->to.value_or(kEnd);
  const auto read = [this, query = *query, at]() -> Result<recordings::KeyFrame> {
    const auto nearest = index_->nearest(query.device, query.channel, at);
    if (!nearest) return fail(nearest.error());
    if (!nearest->before) return fail(Errc::not_found);
    // The segment that holds `at`, or the last one that ends before it.
    const auto segments = index_->list(query.device, query.channel, std::min(at, *nearest->before), at);
    if (!segments) return fail(segments.error());
    return recordings::read_key_frame(root_, *segments, at);
  };
  auto key = co_await on_reader(read);
  if (!key) {
    query->from = at;
    co_await refuse(exchange, std::move(*query), key.error());
    co_return;
  }
  http::Headers headers{{"content-type", "video/x-flv"},
                        {"camspan-start", format_utc(key->time)},
                        {"cache-control", "no-store"},
                        {"x-content-type-options", "nosniff"}};
  std::string body(as_text(key->flv));
  co_await send_body(exchange, 200, std::move(headers), std::move(body));
}

}  // namespace camspan::hub
