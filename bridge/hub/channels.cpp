#include "hub/channels.hpp"

#include <algorithm>
#include <utility>

#include "hub/file_session.hpp"

namespace camspan::hub {

asio::awaitable<void> Channel::wait_for_end() {
  while (!ended_) co_await end_wake_.wait();
}

void Channel::query_answered(net::HttpExchange& answer, std::uint64_t number) {
  query_number_ = number;
  if (!ended_) answer_ = &answer;
}

std::optional<std::uint64_t> Channel::query_number() const {
  return answer_ ? std::optional(query_number_) : std::nullopt;
}

asio::awaitable<void> Channel::end_downlink(std::chrono::milliseconds patience) {
  net::HttpExchange* const answer = std::exchange(answer_, nullptr);
  const auto deadline = net::WakeUp::TimePoint::clock::now() + patience;
  bool in_time = true;
  while (writing_ && in_time) in_time = co_await sender_wake_.wait_until(deadline);
  if (writing_ && answer) answer->abort();
  while (writing_) co_await sender_wake_.wait();
}

void Channel::query_over() {
  query_over_ = true;
  query_wake_.notify();
}

void Channel::end() {
  if (std::exchange(ended_, true)) return;
  if (file) file->abandoned = true;
  for (net::HttpExchange* const send : std::exchange(sends_, {})) send->abort();
  end_wake_.notify();
}

asio::awaitable<void> Channel::wait_for_query() {
  while (queried_ && !query_over_) co_await query_wake_.wait();
}

DownlinkTurn::DownlinkTurn(std::shared_ptr<Channel> channel, const asio::any_io_executor& executor)
    : channel_(std::move(channel)), wake_(executor), stalled_(executor) {
  channel_->line_.push_back(&wake_);
}

DownlinkTurn::~DownlinkTurn() {
  std::erase(channel_->line_, &wake_);
  if (!channel_->line_.empty()) channel_->line_.front()->notify();
}

asio::awaitable<void> DownlinkTurn::wait() {
  while (channel_->line_.front() != &wake_ && !given_up_) co_await wake_.wait();
}

void DownlinkTurn::stop_waiting() {
  given_up_ = true;
  wake_.notify();
}

asio::awaitable<Result<>> DownlinkTurn::write(ByteView piece, std::chrono::milliseconds patience) {
  net::HttpExchange* const answer = channel_->answer_;
  if (!answer) co_return fail(Errc::closed);
  const auto slow = std::make_shared<bool>(false);
  stalled_.expires_after(patience);
  stalled_.async_wait([slow, channel = channel_](const std::error_code& error) {
    if (error || !channel->answer_) return;
    *slow = true;
    channel->answer_->abort();
  });
  channel_->writing_ = true;
  auto written = co_await answer->write(piece);
  channel_->writing_ = false;
  stalled_.cancel();
  // Nothing more can be sent on it, whatever the cause.
  if (!written) channel_->answer_ = nullptr;
  channel_->sender_wake_.notify();
  if (*slow) co_return fail(Errc::timed_out);
  if (!written) co_return fail(Errc::closed);
  co_return Result<>();
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

std::shared_ptr<Channel> Channels::queried(const DeviceId& device, const std::string& identify) const {
  std::shared_ptr<Channel> latest;
  for (const ChannelConnection* const connection : connections_)
    for (const auto& [id, channel] : connection->channels_) {
      const auto number = channel->query_number();
      if (!number || channel->device != device || channel->identify != identify) continue;
      if (!latest || *number > *latest->query_number()) latest = channel;
    }
  return latest;
}

void Channels::end_all() {
  for (ChannelConnection* const connection : connections_) connection->close_all();
}

}  // namespace camspan::hub
