/// camspan-hub: receives what cameras upload, records it, shows it.
#include <exception>
#include <iostream>

#include "hub/command_line.hpp"
#include "hub/config.hpp"
#include "hub/serve.hpp"

namespace {

using namespace camspan::hub;

Exit run(int argc, char** argv) {
  const auto line = parse_command_line(argc, argv, std::cout, std::cerr);
  if (!line) return line.error();
  const auto config = load_config(line->config_file, line->overrides);
  if (!config) return complain(config.error().sentence, Exit::configuration);
  switch (line->command) {
    case Command::serve:
      return serve(*config, line->ready_fd);
    case Command::token:
      return run_token_command(*config, *line);
    default:
      return run_device_command(*config, *line);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return static_cast<int>(run(argc, argv));
  } catch (const std::exception& error) {
    return static_cast<int>(complain(error.what(), Exit::failed));
  }
}
