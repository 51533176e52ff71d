/// What a viewer's data channel is called, and what it says on `command`.
#include <cstdlib>

#include "proto/rtc/command_message.hpp"
#include "proto/rtc/request_label.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace camspan;
  const auto label = rtc::parse_request_label({reinterpret_cast<const char*>(data), size});
  if (label) {
    for (const auto& [key, value] : label->fields)
      if (key.empty() || key.front() == '_' || label->value(key).data() == nullptr) std::abort();
    if (rtc::right_for(label->action).empty()) std::abort();
  }
  const auto command = rtc::parse_command(std::as_bytes(std::span(data, size)));
  if (command && command->body.size() + 5 != size) std::abort();
  return 0;
}
