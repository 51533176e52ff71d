#include "proto/rtc/request_label.hpp"

#include <algorithm>
#include <charconv>

namespace camspan::rtc {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

RequestAction action_of(std::string_view name) {
  // live-mjpg and live-audio are other encodings of a camera that we are not.
  if (name == "live") return RequestAction::live;
  if (name == "playback") return RequestAction::playback;
  if (name == "download") return RequestAction::download;
  if (name == "voice") return RequestAction::voice;
  if (name == "inner_define" || name == "user_define") return RequestAction::command;
  return RequestAction::other;
}

/// The digits that begin `text`; what is no number, or too large for one, is 0, as shipped programs read it.
unsigned number(std::string_view text) {
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string_view without_path(std::string_view text) {
  for (const std::string_view prefix : {"ipc.flv?", "voice?"})
    if (text.starts_with(prefix)) return text.substr(prefix.size());
  return text;
}

Result<> add_field(RequestLabel& label, std::string_view pair) {
  const std::size_t equals = pair.find('=');
  if (equals == std::string_view::npos || equals == 0) return fail(Errc::malformed);
  std::string key = lower(pair.substr(0, equals));
  if (key.front() == '_') return {};
  if (key == "qualtity") key = "quality";  // seen in shipped programs
  label.fields.emplace_back(std::move(key), pair.substr(equals + 1));
  return {};
}

}  // namespace

std::string_view RequestLabel::value(std::string_view key) const {
  const auto field = std::find_if(fields.begin(), fields.end(), [key](const auto& f) { return f.first == key; });
  return field == fields.end() ? std::string_view() : std::string_view(field->second);
}

Result<RequestLabel> parse_request_label(std::string_view text) {
  if (text.size() > kMaxLabelBytes) return fail(Errc::too_large);
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(text.begin(), text.end(), is_control)) return fail(Errc::malformed);
  RequestLabel label;
  std::string_view rest = without_path(text);
  for (bool more = true; more;) {
    const std::size_t end = rest.find('&');
    if (const auto added = add_field(label, rest.substr(0, end)); !added) return fail(added.error());
    more = end != std::string_view::npos;
    if (more) rest.remove_prefix(end + 1);
  }
  label.action = action_of(lower(label.value("action")));
  label.channel = number(label.value("channel"));
  label.quality = lower(label.value("quality"));
  return label;
}

std::string_view right_for(RequestAction action) {
  switch (action) {
    case RequestAction::playback:
    case RequestAction::download:
      return "playback";
    case RequestAction::voice:
      return "talk";
    case RequestAction::command:
      return "command";
    case RequestAction::live:
    case RequestAction::other:
      break;
  }
  return "live";
}

}  // namespace camspan::rtc
