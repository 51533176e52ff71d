// Messages of /signal, from a device or a hub. What can be read can be written, and is read again as the same kind.
#include <cstdlib>

#include "net/signalling/signal_message.hpp"

namespace signal_messages = camspan::net::signal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto message = signal_messages::parse(text);
  if (!message || std::holds_alternative<signal_messages::Unknown>(*message)) return 0;
  const std::string written = signal_messages::write(*message);
  const auto again = signal_messages::parse(written);
  // What was escaped or replaced may have grown over a bound.
  if (!again && again.error() != camspan::Errc::too_large) std::abort();
  if (again && again->index() != message->index()) std::abort();
  return 0;
}
