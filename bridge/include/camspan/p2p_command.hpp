/// What a camera and its viewers ask each other over the data channel `command`: text such as
/// "action=user_define&channel=0&cmd=ptz_left", or any bytes.
#pragma once

#include <camspan/bytes.hpp>
#include <camspan/error.hpp>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace camspan {

/// How long an answer is waited for, where nothing else is said: as long as shipped programs wait.
inline constexpr std::chrono::milliseconds kCommandTimeout{7500};

/// A command that was heard.
struct P2pCommand {
  std::string text;  ///< all of it
  /// Its pairs "key=value", keys in lower case, in their order; empty if it has another form.
  std::vector<std::pair<std::string, std::string>> fields{};
};

/// What becomes of it.
struct P2pCommandReply {
  Bytes reply;           ///< any length: it goes in parts
  int status = 0;        ///< 0, or why there is no reply, as in HTTP
  std::string reason{};  ///< of that status, for a program: "unknown-command"
};

/// What became of a command that was asked.
struct P2pCommandAnswer {
  Bytes reply;  ///< without an error
  /// Errc::refused: `status` and `reason` say why; Errc::closed: `reason` is a sentence; timed_out, too_large,
  /// queue_full
  std::error_code error{};
  int status = 0;
  std::string reason{};
};

}  // namespace camspan
