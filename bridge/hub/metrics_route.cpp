#include "hub/metrics_route.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

#include "hub/responses.hpp"

namespace camspan::hub {
namespace {

enum class Kind : std::uint8_t { gauge, counter };

/// Writes families in the text format; a label value of ours (a device id) needs no escaping.
class Text {
 public:
  void family(std::string_view name, Kind kind, std::string_view help) {
    name_ = "camspan_hub_" + std::string(name);
    text_ += "# HELP " + name_ + " " + std::string(help) + "\n";
    text_ += "# TYPE " + name_ + (kind == Kind::counter ? " counter\n" : " gauge\n");
  }
  void sample(std::uint64_t value, std::string_view label = {}, std::string_view of = {}) {
    text_ += name_;
    if (!label.empty()) text_ += "{" + std::string(label) + "=\"" + std::string(of) + "\"}";
    text_ += " " + std::to_string(value) + "\n";
  }
  void single(std::string_view name, Kind kind, std::string_view help, std::uint64_t value) {
    family(name, kind, help);
    sample(value);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  std::string name_;
};

struct Sums {
  std::uint64_t uploads = 0;
  std::uint64_t live = 0;
  std::uint64_t received = 0;
  std::uint64_t recorded = 0;
  std::uint64_t skipped = 0;
  std::uint64_t dropped = 0;
  std::uint64_t lost = 0;
};

Sums sum_of(const StatusBoard& board) {
  Sums sums;
  board.each([&](const DeviceId&, const DeviceStatus& status) {
    sums.uploads += status.uploads;
    sums.live += status.live() ? 1 : 0;
    sums.received += status.received_bytes;
    sums.recorded += status.recorded ? status.recorded->bytes : 0;
    sums.skipped += status.skipped_tags;
    sums.dropped += status.dropped_viewers;
    sums.lost += status.lost_tags;
  });
  return sums;
}

void write_storage(Text& text, StorageHealth::State state) {
  text.family("storage_state", Kind::gauge, "1 for the state that recording is in.");
  text.sample(state == StorageHealth::State::fine, "state", "fine");
  text.sample(state == StorageHealth::State::disk_full, "state", "disk-full");
  text.sample(state == StorageHealth::State::failed, "state", "failed");
}

void write_servers(Text& text, const net::HttpServerStats& servers) {
  text.single("connections", Kind::gauge, "Open connections.", servers.connections);
  text.single("connections_accepted_total", Kind::counter, "Connections accepted.", servers.accepted);
  text.single("connections_refused_total", Kind::counter, "Connections refused over a limit.", servers.refused);
  text.single("failed_handshakes_total", Kind::counter, "Connections that ended before their first request.",
              servers.failed_handshakes);
  text.single("bad_requests_total", Kind::counter, "Requests that were no HTTP.", servers.bad_requests);
}

void write_whep(Text& text, const MetricsSources& sources) {
  const WhepSessions::Counters& counters = sources.whep.counters;
  text.single("devices_signalling", Kind::gauge, "Devices connected for peer to peer.", sources.signalling());
  text.single("whep_sessions", Kind::gauge, "Viewers that joined peer to peer and were not heard to leave.",
              sources.whep.count());
  text.single("whep_offers_total", Kind::counter, "Offers of viewers given to devices.", counters.offers);
  text.single("whep_refused_total", Kind::counter, "Offers refused by devices or over a limit.", counters.refused);
  text.single("whep_unanswered_total", Kind::counter, "Offers that devices did not answer in time.",
              counters.unanswered);
}

struct DeviceFamily {
  std::string_view name;
  Kind kind;
  std::string_view help;
  std::uint64_t (*value)(const DeviceStatus& status);
};

constexpr DeviceFamily kDeviceFamilies[] = {
    {"device_live", Kind::gauge, "1 while the device sends media.",
     [](const auto& s) -> std::uint64_t { return s.live(); }},
    {"device_viewers", Kind::gauge, "Viewers of the device.", [](const auto& s) -> std::uint64_t { return s.viewers; }},
    {"device_bitrate_bits_per_second", Kind::gauge, "What the device sends now.",
     [](const auto& s) { return s.bitrate; }},
    {"device_received_bytes_total", Kind::counter, "Bytes received from the device.",
     [](const auto& s) { return s.received_bytes; }},
    {"device_recorded_bytes", Kind::gauge, "Bytes on disk of the device.",
     [](const auto& s) { return s.recorded ? s.recorded->bytes : 0; }},
    {"device_lost_tags", Kind::gauge, "Tags that the device had, and that are not stored.",
     [](const auto& s) { return s.lost_tags; }},
    {"device_skipped_tags_total", Kind::counter, "Tags that slow viewers of the device did not get.",
     [](const auto& s) { return s.skipped_tags; }},
    {"device_dropped_viewers_total", Kind::counter, "Viewers of the device dropped because they took nothing.",
     [](const auto& s) { return s.dropped_viewers; }},
};

void write_devices(Text& text, const StatusBoard& board) {
  for (const DeviceFamily& family : kDeviceFamilies) {
    text.family(family.name, family.kind, family.help);
    board.each(
        [&](const DeviceId& id, const DeviceStatus& status) { text.sample(family.value(status), "device", id.str()); });
  }
}

}  // namespace

std::string metrics_text(const MetricsSources& sources, bool per_device) {
  Text text;
  text.family("build_info", Kind::gauge, "1; the version is a label.");
  text.sample(1, "version", CAMSPAN_VERSION);
  text.single(
      "start_time_seconds", Kind::gauge, "When the hub began, Unix time.",
      static_cast<std::uint64_t>(std::chrono::floor<std::chrono::seconds>(sources.started.time_since_epoch()).count()));
  const Sums sums = sum_of(sources.board);
  text.single("devices", Kind::gauge, "Known devices.", sources.devices());
  text.single("devices_live", Kind::gauge, "Devices that send media.", sums.live);
  text.single("uploads", Kind::gauge, "Uploads that run.", sums.uploads);
  text.single("viewers", Kind::gauge, "Viewers of live streams.", sources.board.viewers());
  text.single("received_bytes_total", Kind::counter, "Bytes of live streams received.", sums.received);
  text.single("recorded_bytes", Kind::gauge, "Bytes of recordings on disk.", sums.recorded);
  text.single("lost_tags", Kind::gauge,
              "Tags that devices had before a kill or in a full spool, and that are not stored.", sums.lost);
  text.single("skipped_tags_total", Kind::counter, "Tags that slow viewers did not get.", sums.skipped);
  text.single("dropped_viewers_total", Kind::counter, "Viewers dropped because they took nothing.", sums.dropped);
  write_storage(text, sources.health.state());
  write_servers(text, sources.servers());
  write_whep(text, sources);
  if (per_device) write_devices(text, sources.board);
  return text.take();
}

asio::awaitable<void> MetricsRoute::handle(net::HttpExchange& exchange) {
  const net::RequestHead& request = exchange.request();
  if (request.method != "GET" && request.method != "HEAD") {
    Problem problem{Cause::method_not_allowed, "Metrics are read with GET.", {}, {{"allow", "GET, HEAD"}}};
    co_await send_problem(exchange, std::move(problem));
    co_return;
  }
  if (request.tls) {
    const auto allowed = authorizer_.require_hub(request, Right::admin);
    if (!allowed) {
      co_await send_problem(exchange, allowed.error());
      co_return;
    }
  }
  http::Headers headers{{"content-type", "text/plain; version=0.0.4; charset=utf-8"}, {"cache-control", "no-store"}};
  std::string body = metrics_text(sources_, request.query_value("devices") == "1");
  co_await send_body(exchange, 200, std::move(headers), std::move(body));
}

}  // namespace camspan::hub
