#include "net/ws_rest_json.hpp"

#include <openssl/evp.h>
#include <nlohmann/json.hpp>

namespace camspan::net {
namespace {

using nlohmann::json;

std::string base64(const json::binary_t& bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP ends it with a NUL
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

void replace_bins(json& value) {
  if (value.is_binary())
    value = base64(value.get_binary());
  else if (value.is_structured())
    for (json& child : value) replace_bins(child);
}

}  // namespace

std::optional<std::string> to_json(ByteView value) {
  const auto* const begin = reinterpret_cast<const std::uint8_t*>(value.data());
  json read = json::from_msgpack(begin, begin + value.size(), true, false);
  if (read.is_discarded()) return std::nullopt;
  replace_bins(read);
  return read.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<Bytes> from_json(std::string_view text, const ws_message::Limits& limits) {
  std::size_t elements = 0;
  bool within = true;
  const auto count = [&](int depth, json::parse_event_t event, json&) {
    if (event != json::parse_event_t::array_end && event != json::parse_event_t::object_end) ++elements;
    within = within && elements <= limits.max_elements && depth <= static_cast<int>(limits.max_nesting);
    return within;
  };
  const json read = json::parse(text, count, false);
  if (!within || read.is_discarded()) return std::nullopt;
  const auto packed = json::to_msgpack(read);
  const ByteView bytes = std::as_bytes(std::span(packed));
  if (!ws_message::check_value(bytes, limits)) return std::nullopt;
  return Bytes(bytes.begin(), bytes.end());
}

}  // namespace camspan::net
