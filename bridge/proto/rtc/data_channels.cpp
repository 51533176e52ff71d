#include "proto/rtc/data_channels.hpp"

#include "proto/rtc/dcep.hpp"

namespace camspan::rtc {
namespace {

constexpr std::chrono::milliseconds kForever{0};

ChannelOpen opened(ChannelId id, const ChannelSettings& settings, bool by_peer) {
  ChannelOpen open;
  static_cast<ChannelSettings&>(open) = settings;
  open.id = id;
  open.by_peer = by_peer;
  return open;
}

}  // namespace

void DataChannels::begin() {
  begun_ = true;
  flush();
}

void DataChannels::set_streams(std::uint16_t streams) {
  streams_ = streams;
  flush();
}

Result<ChannelId> DataChannels::open(const ChannelSettings& settings) {
  if (settings.label.size() > kMaxLabelBytes || settings.protocol.size() > kMaxProtocolBytes)
    return fail(Errc::too_large);
  const unsigned streams = streams_ == 0 ? kSctpStreams : streams_;
  for (unsigned id = first_id_; id < streams; id += 2) {
    const auto [at, added] = channels_.try_emplace(static_cast<ChannelId>(id));
    if (!added) continue;
    at->second.settings = settings;
    at->second.control = write_channel_open(settings);
    send_control(at->first, at->second);
    return at->first;
  }
  return fail(Errc::busy);
}

Result<> DataChannels::send(ChannelId id, bool text, ByteView message, Delivery delivery,
                            std::chrono::milliseconds lifetime) {
  const auto at = channels_.find(id);
  if (at == channels_.end() || at->second.closing) return fail(Errc::not_found);
  if (max_message_ != 0 && message.size() > max_message_) return fail(Errc::too_large);
  send_control(id, at->second);
  if (streams_ == 0 || !at->second.control.empty()) return fail(Errc::queue_full);
  // What overtakes the OPEN would be for a channel that the peer does not know (RFC 8832 section 6).
  if (delivery == Delivery::unordered && !at->second.acknowledged) delivery = Delivery::timed;
  // SCTP has no empty messages: a byte stands for it (RFC 8831 section 6.6).
  constexpr std::byte kNothing{0};
  const bool empty = message.empty();
  const auto ppid = empty ? (text ? Ppid::empty_text : Ppid::empty_binary) : (text ? Ppid::text : Ppid::binary);
  auto sent = association_.send(id, ppid, empty ? ByteView(&kNothing, 1) : message, delivery, lifetime);
  if (sent) bytes_sent_ += message.size();
  return sent;
}

void DataChannels::close(ChannelId id) {
  const auto at = channels_.find(id);
  if (at == channels_.end()) return;
  at->second.closing = true;
  reset(id, at->second);
}

std::optional<DataChannels::Event> DataChannels::take(const SctpAssociation::Message& message) {
  if (message.ppid == Ppid::dcep) return take_control(message.stream, message.data);
  const auto at = channels_.find(message.stream);
  if (at == channels_.end() || at->second.peer_reset) return std::nullopt;
  const bool empty = message.ppid == Ppid::empty_text || message.ppid == Ppid::empty_binary;
  const bool text = message.ppid == Ppid::text || message.ppid == Ppid::empty_text;
  if (!empty && !text && message.ppid != Ppid::binary) return std::nullopt;
  const auto data = empty ? ByteView{} : message.data;
  bytes_received_ += data.size();
  return Message{message.stream, text, data};
}

std::optional<DataChannels::Event> DataChannels::take_control(ChannelId id, ByteView message) {
  const auto at = channels_.find(id);
  if (at == channels_.end()) return take_open(id, message);
  if (!is_channel_ack(message) || at->second.announced) return std::nullopt;
  at->second.acknowledged = true;
  at->second.announced = true;
  if (at->second.closing) return std::nullopt;
  return opened(id, at->second.settings, false);
}

std::optional<DataChannels::Event> DataChannels::take_open(ChannelId id, ByteView message) {
  if (id >= kSctpStreams) return std::nullopt;
  auto settings = parse_channel_open(message);
  auto& channel = channels_[id];
  if (!settings) {
    channel.closing = true;
    reset(id, channel);
    return std::nullopt;
  }
  channel.settings = std::move(*settings);
  channel.acknowledged = true;
  channel.announced = true;
  channel.control = write_channel_ack();
  send_control(id, channel);
  return opened(id, channel.settings, true);
}

std::optional<DataChannels::Event> DataChannels::take(const SctpAssociation::StreamClosed& closed) {
  const auto at = channels_.find(closed.stream);
  if (at == channels_.end()) return std::nullopt;
  auto& channel = at->second;
  if (closed.by_peer) {
    channel.peer_reset = true;
    channel.closing = true;
    reset(at->first, channel);
  } else {
    channel.reset_done = true;
  }
  return forget_if_done(at);
}

std::optional<DataChannels::Event> DataChannels::forget_if_done(Channels::iterator at) {
  if (!at->second.peer_reset || !at->second.reset_done) return std::nullopt;
  const Closed closed{at->first};
  const bool announced = at->second.announced;
  channels_.erase(at);
  if (!announced) return std::nullopt;
  return closed;
}

void DataChannels::flush() {
  for (auto& [id, channel] : channels_) {
    send_control(id, channel);
    if (channel.closing) reset(id, channel);
  }
}

void DataChannels::send_control(ChannelId id, Channel& channel) {
  if (!begun_ || channel.control.empty()) return;
  if (association_.send(id, Ppid::dcep, channel.control, Delivery::reliable, kForever)) channel.control.clear();
}

void DataChannels::reset(ChannelId id, Channel& channel) {
  if (streams_ == 0 || channel.reset_asked || !channel.control.empty()) return;
  channel.reset_asked = association_.reset(id).has_value();
}

}  // namespace camspan::rtc
