#include "hub/channels.hpp"

#include <algorithm>
#include <utility>

namespace camspan::hub {

asio::awaitable<void> Channel::wait_for_end() {
  while (!ended_) co_await end_wake_.wait();
}

void Channel::query_over() {
  query_over_ = true;
  query_wake_.notify();
}

void Channel::end() {
  if (std::exchange(ended_, true)) return;
  for (net::HttpExchange* const send : std::exchange(sends_, {})) send->abort();
  end_wake_.notify();
}

asio::awaitable<void> Channel::wait_for_query() {
  while (queried_ && !query_over_) co_await query_wake_.wait();
}

ChannelConnection::ChannelConnection(Channels& all) : all_(all) {
  all_.connections_.insert(this);
}

ChannelConnection::~ChannelConnection() {
  close_all();
  all_.connections_.erase(this);
}

std::shared_ptr<Channel> ChannelConnection::find(const std::string& id) const {
  const auto found = channels_.find(id);
  return found == channels_.end() ? nullptr : found->second;
}

void ChannelConnection::add(std::shared_ptr<Channel> channel) {
  if (!device_) device_ = channel->device;
  devices_.insert(channel->device);
  std::string id = channel->id;
  channels_.emplace(std::move(id), std::move(channel));
}

void ChannelConnection::close(Channel& channel) {
  channel.end();
  channels_.erase(channel.id);
}

void ChannelConnection::close_all() {
  for (const auto& [id, channel] : std::exchange(channels_, {})) channel->end();
}

ChannelConnection& Channels::of(net::HttpConnection& connection) {
  if (!connection.context) connection.context = std::make_shared<ChannelConnection>(*this);
  return *static_cast<ChannelConnection*>(connection.context.get());
}

bool Channels::device_is_full(const DeviceId& device, const ChannelConnection& connection) const {
  if (connection.devices_.contains(device)) return false;
  const auto has_it = [&](const ChannelConnection* other) { return other->devices_.contains(device); };
  const auto count = std::count_if(connections_.begin(), connections_.end(), has_it);
  return static_cast<std::size_t>(count) >= limits_.connections_per_device;
}

void Channels::end_all() {
  for (ChannelConnection* const connection : connections_) connection->close_all();
}

}  // namespace camspan::hub
