/// Errors as application/problem+json (RFC 9457): every cause the hub names, in one table.
#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "net/http_exchange.hpp"

namespace camspan::hub {

/// The last part of the problem's `type` URI is the name here with dashes: programs rely on it.
enum class Cause : std::uint8_t {
  bad_request,
  bad_sdp,
  wrong_checksum,
  missing_token,
  bad_token,
  expired_token,
  bad_credentials,
  not_allowed,
  foreign_origin,
  unknown_device,
  unknown_route,
  unknown_channel,
  unknown_upload,
  unknown_session,
  no_recording,
  method_not_allowed,
  not_acceptable,
  idle,
  gap,
  file_exists,
  uploading,
  incomplete,
  not_queried,
  replaced,
  device_exists,
  queried,
  length_required,
  stale,
  too_large,
  too_many_candidates,
  tag_too_large,
  not_flv,
  wrong_type,
  malformed_flv,
  max_channels,
  max_connections,
  max_uploads,
  max_downlinks,
  no_video,
  offline,
  slow_device,
  no_answer,
  max_viewers,
  max_devices,
  stopping,
  storage_failed,
  storage_restored,
  disk_full,
};

/// The words in which a problem is told.
enum class ProblemForm : std::uint8_t {
  problem_json,  ///< application/problem+json
  link_kit,      ///< {"code":404,"message":"..."}, what devices on /stream show
};

/// One refusal. `detail` is a sentence for a person, with the next step; never a token or secret.
struct Problem {
  Cause cause;
  std::string detail;
  /// Further members of the JSON object, such as "expected" of a gap.
  std::vector<std::pair<std::string, std::variant<std::uint64_t, std::string>>> members;
  http::Headers headers;  ///< beyond the ones every problem has: allow, retry-after

  int status() const;
  std::string_view name() const;                                         ///< "max-viewers"
  std::string json(ProblemForm form = ProblemForm::problem_json) const;  ///< one line
};

/// The cause of that name, as Problem::name() gives it; none for any other text.
std::optional<Cause> cause_of(std::string_view name);

/// A problem that passes: the client may come again after `seconds`.
Problem retry_later(Cause cause, std::string detail, int seconds);

/// Answers with `problem`. For HEAD only its head, which names the cause in `camspan-problem`.
asio::awaitable<void> send_problem(net::HttpExchange& exchange, Problem problem,
                                   ProblemForm form = ProblemForm::problem_json);

}  // namespace camspan::hub
