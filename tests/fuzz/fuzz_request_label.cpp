/// What a viewer's data channel is called, and what it says on `command`.
#include <cstdlib>

#include "proto/rtc/command_message.hpp"
#include "proto/rtc/device_command.hpp"
#include "proto/rtc/request_label.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace camspan;
  const auto label = rtc::parse_request_label({reinterpret_cast<const char*>(data), size});
  if (label) {
    for (const auto& [key, value] : label->fields)
      if (key.empty() || key.front() == '_' || label->value(key).data() == nullptr) std::abort();
    if (rtc::right_for(label->action).empty()) std::abort();
  }
  if (const auto asked = rtc::parse_device_command({reinterpret_cast<const char*>(data), size})) {
    const auto* month = std::get_if<rtc::MonthRecord>(&*asked);
    if (month != nullptr && (month->month < 1 || month->month > 12)) std::abort();
    const auto* files = std::get_if<rtc::FileList>(&*asked);
    if (files != nullptr && files->end_s < files->start_s) std::abort();
  }
  const auto command = rtc::parse_command(std::as_bytes(std::span(data, size)));
  if (command && command->body.size() + 5 != size) std::abort();
  return 0;
}
