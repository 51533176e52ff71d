/// Values as JSON.
#pragma once

#include <camspan/bytes.hpp>
#include <optional>
#include <string>

#include "proto/ws_message/value.hpp"

namespace camspan::net {

/// A bin becomes base64 text. @return nullopt for what JSON cannot say, such as a key that is no text
std::optional<std::string> to_json(ByteView value);

/// @return nullopt when `text` is not exactly one value within `limits`
std::optional<Bytes> from_json(std::string_view text, const ws_message::Limits& limits);

}  // namespace camspan::net
