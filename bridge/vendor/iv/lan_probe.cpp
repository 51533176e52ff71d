#include "lan_probe.hpp"

#include <nlohmann/json.hpp>

namespace camspan::iv {
namespace {

using nlohmann::ordered_json;

constexpr std::byte kProbe{1};
constexpr std::byte kAnswer{2};
constexpr std::size_t kMaxTokenBytes = 128;

/// `names` are joined by commas; none at all means everybody.
bool lists(std::string_view names, std::string_view name) {
  while (!names.empty()) {
    const std::string_view one = names.substr(0, names.find(','));
    if (one == name) return true;
    names.remove_prefix(std::min(names.size(), one.size() + 1));
  }
  return false;
}

std::string text_of(const ordered_json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool means(const ordered_json& params, const LanName& who) {
  if (!params.is_object() || text_of(params, "productId") != who.product) return false;
  return !params.contains("deviceName") || lists(text_of(params, "deviceName"), who.device);
}

}  // namespace

std::optional<LanProbe> read_lan_probe(ByteView datagram, const LanName& who) {
  if (datagram.size() < kLanHeadBytes || datagram.size() > kLanHeadBytes + kMaxLanBytes || datagram[0] != kProbe)
    return std::nullopt;
  const std::size_t size = datagram.size() - kLanHeadBytes;
  const auto high_first = load_be<2>(&datagram[2]);
  const std::size_t low_first = (high_first & 0xff) << 8 | high_first >> 8;
  if (size != low_first && size != high_first) return std::nullopt;
  const auto asked = ordered_json::parse(as_text(datagram.subspan(kLanHeadBytes)), nullptr, false);
  if (!asked.is_object() || text_of(asked, "method") != "probe") return std::nullopt;
  if (!asked.contains("params") || !means(asked["params"], who)) return std::nullopt;
  LanProbe probe{text_of(asked, "clientToken"), datagram[1], size == low_first};
  if (probe.client_token.size() > kMaxTokenBytes) return std::nullopt;
  return probe;
}

Bytes lan_answer(const LanProbe& probe, const LanName& who, const std::string& address, std::uint16_t port,
                 std::int64_t unix_ms) {
  ordered_json told;
  told["method"] = "probeMatch";
  told["clientToken"] = probe.client_token;
  told["timestamp"] = unix_ms;
  told["params"] = {{"deviceName", who.device}, {"address", address}, {"port", port}};
  told["code"] = 0;
  told["status"] = "";
  const std::string text = told.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  Bytes answer{kAnswer, probe.version, std::byte{0}, std::byte{0}};
  const std::size_t size = text.size();
  store_be<2>(&answer[2], probe.low_byte_first ? (size & 0xff) << 8 | size >> 8 : size);
  const ByteView bytes = as_bytes(text);
  answer.insert(answer.end(), bytes.begin(), bytes.end());
  return answer;
}

}  // namespace camspan::iv
