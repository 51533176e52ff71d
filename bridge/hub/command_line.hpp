/// The command line of camspan-hub, read with CLI11.
#pragma once

#include <camspan/error.hpp>
#include <chrono>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "hub/config.hpp"
#include "hub/token.hpp"

namespace camspan::hub {

/// Exit codes of the program.
enum class Exit : int { fine = 0, failed = 1, usage = 2, configuration = 3 };

enum class Command : std::uint8_t { serve, device_add, device_list, device_remove, device_rotate, token };

struct CommandLine {
  Command command = Command::serve;
  std::optional<std::string> config_file;
  Overrides overrides;
  int ready_fd = -1;  ///< -1 = none

  std::string device;  ///< id of a device command, id or "*" of a token
  std::string secret_file;
  std::vector<Right> allow;
  std::chrono::milliseconds ttl = std::chrono::hours(1);
  std::string subject;
};

/// Reads arguments and CAMSPAN_* variables. --help and mistakes print to `out` and `err` and give the exit code.
tl::expected<CommandLine, Exit> parse_command_line(int argc, const char* const* argv, std::ostream& out,
                                                   std::ostream& err);

}  // namespace camspan::hub
