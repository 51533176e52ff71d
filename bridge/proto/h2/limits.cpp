#include "proto/h2/limits.hpp"

namespace camspan::h2 {

std::string_view name(Limit limit) {
  switch (limit) {
    case Limit::rapid_reset:
      return "rapid reset";
    case Limit::provoked_resets:
      return "provoked resets";
    case Limit::continuations:
      return "CONTINUATION frames";
    case Limit::header_list:
      return "size of a head";
    case Limit::settings_entries:
      return "entries of SETTINGS";
    case Limit::settings_rate:
      return "SETTINGS frames";
    case Limit::queued_acks:
      return "acknowledgements that are not read";
    case Limit::queued_output:
      return "frames that are not read";
    case Limit::unread_body:
      return "body that nobody has read";
    case Limit::empty_frames:
      return "empty frames";
    case Limit::window_updates:
      return "WINDOW_UPDATE frames";
    case Limit::pushes:
      return "pushes";
    case Limit::streams:
      return "streams at once";
    case Limit::window_stall:
      return "a window that stays shut";
    case Limit::preface:
      return "time for the preface";
    case Limit::header_block:
      return "time for a head";
    case Limit::settings_ack:
      return "time for the acknowledgement of SETTINGS";
    case Limit::ping:
      return "time for the answer to a PING";
  }
  return "unknown";
}

}  // namespace camspan::h2
