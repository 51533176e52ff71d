#include "hub/problem.hpp"

#include <array>
#include <nlohmann/json.hpp>

namespace camspan::hub {
namespace {

struct Row {
  Cause cause;
  std::string_view name;
  int status;
  std::string_view title;
};

constexpr std::array<Row, 48> kRows{{
    {Cause::bad_request, "bad-request", 400, "The request cannot be understood"},
    {Cause::bad_sdp, "bad-sdp", 400, "The offer cannot be understood"},
    {Cause::wrong_checksum, "wrong-checksum", 400, "The file came with other bytes"},
    {Cause::missing_token, "missing-token", 401, "A token is needed"},
    {Cause::bad_token, "bad-token", 401, "The token is not valid"},
    {Cause::expired_token, "expired-token", 401, "The token has expired"},
    {Cause::bad_credentials, "bad-credentials", 401, "The device's credentials are not valid"},
    {Cause::not_allowed, "not-allowed", 403, "The token does not allow this"},
    {Cause::foreign_origin, "foreign-origin", 403, "Another site's page may not connect"},
    {Cause::unknown_device, "unknown-device", 404, "No such device"},
    {Cause::unknown_route, "unknown-route", 404, "No such address"},
    {Cause::unknown_channel, "unknown-channel", 404, "No such channel"},
    {Cause::unknown_upload, "unknown-upload", 404, "No such upload"},
    {Cause::unknown_session, "unknown-session", 404, "No such session"},
    {Cause::no_recording, "no-recording", 404, "Nothing recorded there"},
    {Cause::method_not_allowed, "method-not-allowed", 405, "Not possible with this method"},
    {Cause::not_acceptable, "not-acceptable", 406, "The offer cannot be answered"},
    {Cause::idle, "idle", 408, "Nothing came for too long"},
    {Cause::gap, "gap", 409, "Tags are missing before this"},
    {Cause::file_exists, "file-exists", 409, "The file exists already"},
    {Cause::uploading, "uploading", 409, "The upload is in use"},
    {Cause::incomplete, "incomplete", 409, "The upload is not complete"},
    {Cause::not_queried, "not-queried", 409, "No channel waits for this"},
    {Cause::replaced, "replaced", 409, "A newer request took this stream over"},
    {Cause::device_exists, "device-exists", 409, "The device exists already"},
    {Cause::queried, "queried", 409, "The channel is queried already"},
    {Cause::length_required, "length-required", 411, "A content-length is needed"},
    {Cause::stale, "stale", 412, "The session has changed since"},
    {Cause::too_large, "too-large", 413, "The body is too large"},
    {Cause::too_many_candidates, "too-many-candidates", 413, "Too many candidates"},
    {Cause::tag_too_large, "tag-too-large", 413, "An FLV tag is too large"},
    {Cause::not_flv, "not-flv", 415, "The body is not FLV"},
    {Cause::wrong_type, "wrong-type", 415, "The body has another type"},
    {Cause::malformed_flv, "malformed-flv", 400, "The FLV stream is broken"},
    {Cause::max_channels, "max-channels", 429, "Too many channels"},
    {Cause::max_connections, "max-connections", 429, "Too many connections"},
    {Cause::max_uploads, "max-uploads", 429, "Too many uploads that are not closed"},
    {Cause::max_downlinks, "max-downlinks", 429, "Too much waits for this device"},
    {Cause::no_video, "no-video", 503, "The device sends no video now"},
    {Cause::offline, "offline", 503, "The device is not connected"},
    {Cause::slow_device, "slow-device", 503, "The device takes nothing"},
    {Cause::no_answer, "no-answer", 504, "The device does not answer"},
    {Cause::max_viewers, "max-viewers", 503, "Too many viewers"},
    {Cause::max_devices, "max-devices", 503, "Too many devices"},
    {Cause::stopping, "stopping", 503, "The hub is stopping"},
    {Cause::storage_failed, "storage-failed", 500, "Storing failed"},
    {Cause::storage_restored, "storage-restored", 503, "Storing works again"},
    {Cause::disk_full, "disk-full", 507, "The disk is full"},
}};

const Row& row_of(Cause cause) {
  for (const Row& row : kRows)
    if (row.cause == cause) return row;
  return kRows.front();
}

}  // namespace

int Problem::status() const {
  return row_of(cause).status;
}
std::string_view Problem::name() const {
  return row_of(cause).name;
}

std::string Problem::json(ProblemForm form) const {
  const Row& row = row_of(cause);
  nlohmann::ordered_json object;
  if (form == ProblemForm::link_kit) {
    object["code"] = row.status;
    object["message"] = detail;
  } else {
    object["type"] = "/problems/" + std::string(row.name);
    object["title"] = row.title;
    object["status"] = row.status;
    object["detail"] = detail;
  }
  for (const auto& [name, value] : members)
    std::visit([&, &key = name](const auto& content) { object[key] = content; }, value);
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::optional<Cause> cause_of(std::string_view name) {
  for (const Row& row : kRows)
    if (row.name == name) return row.cause;
  return std::nullopt;
}

Problem retry_later(Cause cause, std::string detail, int seconds) {
  Problem problem{cause, std::move(detail), {}, {}};
  problem.headers.append("retry-after", std::to_string(seconds));
  return problem;
}

asio::awaitable<void> send_problem(net::HttpExchange& exchange, Problem problem, ProblemForm form) {
  const std::string body = problem.json(form);
  const bool short_form = form == ProblemForm::link_kit;
  http::Headers headers = problem.headers;
  headers.append("content-type", short_form ? "application/json" : "application/problem+json");
  headers.append("camspan-problem", std::string(problem.name()));
  headers.append("cache-control", "no-store");
  headers.append("x-content-type-options", "nosniff");
  if (problem.status() == 401 && !short_form) headers.append("www-authenticate", "Bearer");
  const auto head = co_await exchange.send_head(problem.status(), std::move(headers), body.size());
  if (!head) co_return;
  const auto written = co_await exchange.write(as_bytes(body));
  if (!written) co_return;
  // A peer that has gone by now has what it was sent; nobody is left to tell.
  static_cast<void>(co_await exchange.finish());
}

}  // namespace camspan::hub
