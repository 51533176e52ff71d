/// The sub-commands of camspan-hub, each from its settings to its exit code.
#pragma once

#include "hub/command_line.hpp"
#include "hub/config.hpp"

namespace camspan::hub {

/// Serves until SIGTERM or SIGINT; a second one ends the process at once. Call on the main thread, before any other
/// thread runs.
Exit serve(const Config& config, int ready_fd);

/// device add, list, remove, rotate. Prints to standard output; may run beside a hub on the same data folder.
Exit run_device_command(const Config& config, const CommandLine& line);

/// Prints a token.
Exit run_token_command(const Config& config, const CommandLine& line);

/// Prints `sentence` to standard error as the program's own.
Exit complain(const std::string& sentence, Exit code);

/// The exit code that goes with a failure: a setting that cannot be used is the configuration's fault.
Exit exit_of(const Failure& failure);

}  // namespace camspan::hub
