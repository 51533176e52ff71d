/// The messages of DCEP (RFC 8832 section 5).
#pragma once

#include "proto/rtc/data_channel.hpp"

namespace camspan::rtc {

inline constexpr std::size_t kMaxLabelBytes = 4096;  ///< a label is a request with its parameters
inline constexpr std::size_t kMaxProtocolBytes = 256;

/// @return Errc::malformed for what is no DATA_CHANNEL_OPEN; Errc::too_large for a label or protocol over our bounds
Result<ChannelSettings> parse_channel_open(ByteView message);
Bytes write_channel_open(const ChannelSettings& settings);

bool is_channel_ack(ByteView message);
Bytes write_channel_ack();

}  // namespace camspan::rtc
