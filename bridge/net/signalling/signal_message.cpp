#include "net/signalling/signal_message.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace camspan::net::signal {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// Bounds of members; what a peer may make us keep.
constexpr std::size_t kMaxWordBytes = 256;     // ids, names, reasons
constexpr std::size_t kMaxParamsBytes = 4096;  // of a request
constexpr std::size_t kMaxCandidateBytes = 1024;
constexpr std::size_t kMaxSdpBytes = 64 << 10;
constexpr std::size_t kMaxChannels = 256;
constexpr std::size_t kMaxSessions = 1024;
constexpr std::size_t kMaxIceServers = 32;
constexpr std::size_t kMaxRights = 16;

/// Ends the reading of a message; caught in parse().
struct Broken {
  Errc code;
};

std::string text_of(const json& value, std::size_t max_bytes) {
  if (!value.is_string()) throw Broken{Errc::malformed};
  const auto& text = value.get_ref<const std::string&>();
  if (text.size() > max_bytes) throw Broken{Errc::too_large};
  return text;
}
/// Text of one line: what goes on to others in their headers and events must not end those early.
std::string line_of(const json& value, std::size_t max_bytes) {
  std::string text = text_of(value, max_bytes);
  if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    throw Broken{Errc::malformed};
  return text;
}
/// A member that may be missing.
std::string text(const json& object, const char* name, std::size_t max_bytes = kMaxWordBytes) {
  const auto member = object.find(name);
  return member == object.end() || member->is_null() ? std::string() : line_of(*member, max_bytes);
}
std::string needed(const json& object, const char* name, std::size_t max_bytes = kMaxWordBytes) {
  std::string value = text(object, name, max_bytes);
  if (value.empty()) throw Broken{Errc::malformed};
  return value;
}
std::uint64_t number(const json& object, const char* name, std::uint64_t max) {
  const auto member = object.find(name);
  if (member == object.end() || member->is_null()) return 0;
  if (member->is_number_unsigned()) return std::min(member->get<std::uint64_t>(), max);
  // JavaScript writes whole numbers as it likes.
  if (member->is_number_float()) {
    const double value = member->get<double>();
    if (value >= 0) return value < static_cast<double>(max) ? static_cast<std::uint64_t>(value) : max;
  }
  throw Broken{Errc::malformed};
}
unsigned small(const json& object, const char* name) {
  return static_cast<unsigned>(number(object, name, std::numeric_limits<int>::max()));
}
bool flag(const json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || member->is_null()) return false;
  if (!member->is_boolean()) throw Broken{Errc::malformed};
  return member->get<bool>();
}
std::vector<std::string> texts(const json& object, const char* name, std::size_t max_count) {
  std::vector<std::string> result;
  const auto member = object.find(name);
  if (member == object.end() || member->is_null()) return result;
  if (!member->is_array()) throw Broken{Errc::malformed};
  if (member->size() > max_count) throw Broken{Errc::too_large};
  for (const json& one : *member) result.push_back(line_of(one, kMaxWordBytes));
  return result;
}
std::string session_of(const json& object) {
  return needed(object, "session", 64);
}

std::string sdp_of(const json& object) {
  const auto member = object.find("sdp");
  if (member == object.end()) throw Broken{Errc::malformed};
  std::string sdp = text_of(*member, kMaxSdpBytes);
  if (sdp.empty()) throw Broken{Errc::malformed};
  return sdp;
}

CameraChannel read_channel(const json& object) {
  if (!object.is_object()) throw Broken{Errc::malformed};
  CameraChannel channel;
  channel.channel = small(object, "channel");
  // A codec's name, or an object as in /api/devices.
  if (const auto video = object.find("video"); video != object.end() && video->is_object()) {
    channel.video = text(*video, "codec");
    channel.width = small(*video, "width");
    channel.height = small(*video, "height");
    const auto fps = video->find("fps");
    if (fps != video->end() && fps->is_number()) channel.fps = std::clamp(fps->get<double>(), 0.0, 1000.0);
    if (!std::isfinite(channel.fps)) channel.fps = 0;
  } else if (video != object.end() && video->is_string()) {
    channel.video = text(object, "video");
  }
  if (const auto audio = object.find("audio"); audio != object.end() && audio->is_object()) {
    channel.audio = text(*audio, "codec");
    channel.rate = small(*audio, "rate");
    channel.audio_channels = small(*audio, "channels");
  } else if (audio != object.end() && audio->is_string()) {
    channel.audio = text(object, "audio");
  }
  return channel;
}

Hello read_hello(const json& object) {
  Hello hello;
  hello.device = needed(object, "device");
  hello.agent = text(object, "agent");
  hello.camera.max_viewers = small(object, "max_viewers");
  hello.camera.name = text(object, "name");
  hello.camera.talk = flag(object, "talk");
  hello.camera.ptz = flag(object, "ptz");
  hello.time = text(object, "time");
  hello.sessions = texts(object, "sessions", kMaxSessions);
  const auto channels = object.find("channels");
  if (channels == object.end()) return hello;
  if (!channels->is_array()) throw Broken{Errc::malformed};
  if (channels->size() > kMaxChannels) throw Broken{Errc::too_large};
  for (const json& channel : *channels) hello.camera.channels.push_back(read_channel(channel));
  return hello;
}

Ready read_ready(const json& object) {
  Ready ready;
  if (object.contains("keepalive_ms")) ready.keepalive_ms = small(object, "keepalive_ms");
  const auto servers = object.find("ice_servers");
  if (servers == object.end()) return ready;
  if (!servers->is_array()) throw Broken{Errc::malformed};
  for (const json& server : *servers) {
    if (!server.is_object()) throw Broken{Errc::malformed};
    const auto urls = server.find("urls");
    const bool list = urls != server.end() && urls->is_array();
    for (const std::string& url : list ? texts(server, "urls", kMaxIceServers) : std::vector{needed(server, "urls")})
      ready.ice_servers.push_back({url, text(server, "username"), text(server, "credential")});
    if (ready.ice_servers.size() > kMaxIceServers) throw Broken{Errc::too_large};
  }
  return ready;
}

ViewerOffer read_offer(const json& object) {
  ViewerOffer offer;
  offer.session = session_of(object);
  offer.viewer = text(object, "viewer");
  offer.allow = texts(object, "allow", kMaxRights);
  offer.params = text(object, "params", kMaxParamsBytes);
  offer.sdp = sdp_of(object);
  offer.trickle = !object.contains("trickle") || flag(object, "trickle");
  return offer;
}

Reject read_reject(const json& object) {
  Reject reject{session_of(object), static_cast<int>(small(object, "status")), needed(object, "reason", 64)};
  if (reject.status < 400 || reject.status > 599 || !is_cause(reject.reason)) throw Broken{Errc::malformed};
  return reject;
}

Message read(const json& object) {
  const std::string type = needed(object, "type");
  if (type == "hello") return read_hello(object);
  if (type == "ready") return read_ready(object);
  if (type == "offer") return read_offer(object);
  if (type == "answer") return Answer{session_of(object), sdp_of(object)};
  if (type == "reject") return read_reject(object);
  if (type == "restart") return ViewerRestart{session_of(object), needed(object, "ufrag"), needed(object, "pwd")};
  if (type == "candidate")
    return ViewerCandidate{session_of(object), text(object, "candidate", kMaxCandidateBytes), text(object, "mid"),
                           text(object, "ufrag")};
  if (type == "bye") return Bye{session_of(object), text(object, "reason")};
  if (type == "request-keyframe") return RequestKeyframe{small(object, "channel")};
  if (type == "state")
    return State{small(object, "viewers"), number(object, "bitrate", std::numeric_limits<std::int64_t>::max())};
  return Unknown{};
}

ordered_json channel_json(const CameraChannel& channel) {
  ordered_json object{{"channel", channel.channel}};
  if (!channel.video.empty()) {
    ordered_json video{{"codec", channel.video}};
    if (channel.width != 0) video["width"] = channel.width;
    if (channel.height != 0) video["height"] = channel.height;
    if (channel.fps != 0) video["fps"] = channel.fps;
    object["video"] = std::move(video);
  }
  if (!channel.audio.empty()) {
    ordered_json audio{{"codec", channel.audio}};
    if (channel.rate != 0) audio["rate"] = channel.rate;
    if (channel.audio_channels != 0) audio["channels"] = channel.audio_channels;
    object["audio"] = std::move(audio);
  }
  return object;
}

ordered_json json_of(const Hello& hello) {
  ordered_json object{{"type", "hello"}, {"device", hello.device}, {"agent", hello.agent}};
  object["channels"] = ordered_json::array();
  for (const CameraChannel& channel : hello.camera.channels) object["channels"].push_back(channel_json(channel));
  if (hello.camera.max_viewers != 0) object["max_viewers"] = hello.camera.max_viewers;
  if (!hello.camera.name.empty()) object["name"] = hello.camera.name;
  object["talk"] = hello.camera.talk;
  object["ptz"] = hello.camera.ptz;
  if (!hello.time.empty()) object["time"] = hello.time;
  if (!hello.sessions.empty()) object["sessions"] = hello.sessions;
  return object;
}
ordered_json json_of(const Ready& ready) {
  ordered_json object{{"type", "ready"}, {"ice_servers", ordered_json::array()}};
  for (const IceServer& server : ready.ice_servers) {
    ordered_json one{{"urls", server.url}};
    if (!server.username.empty()) {
      one["username"] = server.username;
      one["credential"] = server.credential;
    }
    object["ice_servers"].push_back(std::move(one));
  }
  object["keepalive_ms"] = ready.keepalive_ms;
  return object;
}
ordered_json json_of(const ViewerOffer& offer) {
  ordered_json object{{"type", "offer"},      {"session", offer.session}, {"viewer", offer.viewer},
                      {"allow", offer.allow}, {"params", offer.params},   {"sdp", offer.sdp}};
  if (!offer.trickle) object["trickle"] = false;
  return object;
}
ordered_json json_of(const Answer& answer) {
  return {{"type", "answer"}, {"session", answer.session}, {"sdp", answer.sdp}};
}
ordered_json json_of(const Reject& reject) {
  return {{"type", "reject"}, {"session", reject.session}, {"status", reject.status}, {"reason", reject.reason}};
}
ordered_json json_of(const ViewerRestart& restart) {
  return {{"type", "restart"}, {"session", restart.session}, {"ufrag", restart.ufrag}, {"pwd", restart.pwd}};
}
ordered_json json_of(const ViewerCandidate& candidate) {
  return {{"type", "candidate"},
          {"session", candidate.session},
          {"candidate", candidate.candidate},
          {"mid", candidate.mid},
          {"ufrag", candidate.ufrag}};
}
ordered_json json_of(const Bye& bye) {
  return {{"type", "bye"}, {"session", bye.session}, {"reason", bye.reason}};
}
ordered_json json_of(const RequestKeyframe& request) {
  return {{"type", "request-keyframe"}, {"channel", request.channel}};
}
ordered_json json_of(const State& state) {
  return {{"type", "state"}, {"viewers", state.viewers}, {"bitrate", state.bitrate}};
}
ordered_json json_of(const Unknown&) {
  return {{"type", "unknown"}};
}

}  // namespace

bool is_cause(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

Result<Message> parse(std::string_view text) {
  if (text.size() > kMaxMessageBytes) return fail(Errc::too_large);
  const auto object = json::parse(text, nullptr, false);
  if (!object.is_object()) return fail(Errc::malformed);
  try {
    return read(object);
  } catch (const Broken& broken) {
    return fail(broken.code);
  }
}

std::string write(const Message& message) {
  const auto object = std::visit([](const auto& content) { return json_of(content); }, message);
  return object.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace camspan::net::signal
