#include "net/ws_streams_client.hpp"

#include <algorithm>
#include <array>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <utility>

#include "net/pieces.hpp"

namespace camspan::net {
namespace {

using ws_message::Code;
using Method = StreamRequest::Method;

// Of one write: what the socket takes in one system call, two pieces each.
constexpr std::size_t kFramesPerWrite = 64;
constexpr std::size_t kBytesPerWrite = 1 << 20;
// For a message that is half sent, before a close frame.
constexpr std::chrono::milliseconds kGoodbyeTime{2000};

// RFC 6455 section 7.4.1.
constexpr std::uint16_t kUnsupportedData = 1003;
constexpr std::uint16_t kInvalidPayload = 1007;
constexpr std::uint16_t kMessageTooBig = 1009;

std::optional<Method> method_of(std::string_view name) {
  if (name == "list") return Method::list;
  if (name == "read") return Method::read;
  if (name == "write") return Method::write;
  return std::nullopt;
}

std::optional<std::string_view> view_of(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
}

std::optional<ByteView> view_of(const Bytes& value) {
  return value.empty() ? std::nullopt : std::optional<ByteView>(value);
}

}  // namespace

WsClient::WsClient(ClientId id, std::unique_ptr<WsLink> link, const asio::any_io_executor& executor,
                   WriteRounds& rounds, WsStreamsUser& user, const WsStreamsSettings& settings, WsStreamsStats& counts)
    : id_(id),
      link_(std::move(link)),
      executor_(executor),
      rounds_(rounds),
      user_(user),
      settings_(settings),
      counts_(counts) {}

Result<> WsClient::send(ws_message::SharedFrame frame, WsStreams::Sent sent) {
  if (gone_ || leaving_) return fail(Errc::not_found);
  // One message larger than the whole bound still gets through.
  if (!queue_.empty() && queued_bytes_ + frame->size() > settings_.max_queued_bytes) {
    ++counts_.dropped_messages;
    return fail(Errc::queue_full);
  }
  queued_bytes_ += frame->size();
  queue_.push_back({std::move(frame), std::move(sent)});
  if (!writing_ && !std::exchange(due_, true)) rounds_.add(shared_from_this());
  return {};
}

/// @param skip  what is sent already of the first frame
/// @return how many pieces are used
std::size_t WsClient::collect(std::span<ByteView> pieces, std::size_t skip) const {
  std::size_t count = 0;
  std::size_t bytes = 0;
  for (const Queued& queued : queue_) {
    if (count + 2 > pieces.size() || bytes >= kBytesPerWrite) break;
    for (const ByteView piece : {ByteView(queued.frame->head), queued.frame->body}) {
      const ByteView rest = unsent(piece, skip);
      if (!rest.empty()) pieces[count++] = rest;
    }
    bytes += queued.frame->size();
  }
  return count;
}

/// Lets go of the messages that were sent. @return what is sent of the next one
std::size_t WsClient::retire(std::size_t taken) {
  std::size_t whole = 0;
  while (whole < queue_.size() && taken >= queue_[whole].frame->size()) taken -= queue_[whole++].frame->size();
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(whole);
  std::vector<WsStreams::Sent> told;
  for (auto entry = queue_.begin(); entry != end; ++entry) {
    queued_bytes_ -= entry->frame->size();
    if (entry->sent) told.push_back(std::move(entry->sent));
  }
  queue_.erase(queue_.begin(), end);
  for (const auto& sent : told) sent({});
  return taken;
}

void WsClient::write_turn() {
  due_ = false;
  if (gone_ || leaving_ || writing_ || queue_.empty()) return;
  std::array<ByteView, 2 * kFramesPerWrite> pieces;
  const std::span<const ByteView> list(pieces.data(), collect(pieces, 0));
  const std::size_t offered = total_bytes(list);
  const std::size_t taken = link_->try_write(list);
  const std::size_t skip = retire(taken);
  if (taken < offered) {
    writing_ = true;
    ++busy_;
    asio::co_spawn(executor_, write_rest(shared_from_this(), skip), asio::detached);
  } else if (!queue_.empty() && !std::exchange(due_, true)) {
    rounds_.add(shared_from_this());
  }
}

/// Writes until nothing waits. @param skip  what is sent already of the first message
asio::awaitable<void> WsClient::write_rest(std::shared_ptr<WsClient> self, std::size_t skip) {
  while (!self->gone_ && !self->queue_.empty() && (!self->leaving_ || skip > 0)) {
    std::array<ByteView, 2 * kFramesPerWrite> pieces;
    // Of a client that is to leave only what has begun.
    const std::size_t most = self->leaving_ ? 2 : pieces.size();
    const std::span<const ByteView> list(pieces.data(), self->collect(std::span(pieces).first(most), skip));
    const std::size_t size = skip + total_bytes(list);
    const auto written = co_await self->link_->write(list);
    if (!written) {
      self->link_->abort();
      break;
    }
    skip = self->retire(size);
  }
  self->writing_ = false;
  if (self->written_ != nullptr) self->written_->notify();
  self->settle();
}

Result<> WsClient::request(std::uint32_t id, ws_message::SharedFrame frame, std::chrono::milliseconds timeout,
                           WsStreams::Answered answered) {
  const auto entry =
      pending_.try_emplace(id, Pending{std::move(answered), asio::steady_timer(executor_, timeout)}).first;
  if (const auto queued = send(std::move(frame), {}); !queued) {
    pending_.erase(entry);
    return queued;
  }
  entry->second.timer.async_wait([weak = weak_from_this(), id](const std::error_code& error) {
    const auto self = weak.lock();
    if (error || self == nullptr) return;
    if (auto late = self->pending_.extract(id)) late.mapped().answered(fail(Errc::timed_out));
  });
  return {};
}

void WsClient::reply(std::optional<std::uint32_t> id, StreamAnswer answer) {
  Result<> queued = fail(Errc::closed);
  if (id)
    queued = send(
        ws_message::frame(encode(ws_message::Response{*id, answer.code, view_of(answer.msg), view_of(answer.data)})),
        answer.sent);
  if (!queued && answer.sent) answer.sent(queued);
}

void WsClient::conclude(std::uint64_t serial, StreamAnswer answer) {
  auto waiting = waiting_.extract(serial);
  if (!waiting) {
    if (answer.sent) answer.sent(fail(Errc::closed));
    return;
  }
  reply(waiting.mapped().id, std::move(answer));
}

void WsClient::take(const ws_message::Request& request) {
  const auto refuse = [&](Code code) { reply(request.id, {code, {}, {}}); };
  if (!request.method) return refuse(Code::missing_field);
  const auto method = method_of(*request.method);
  if (!method) return refuse(Code::unknown_method);
  if (*method != Method::list && !request.stream) return refuse(Code::missing_field);
  if (*method == Method::write && !request.data) return refuse(Code::missing_field);
  if (waiting_.size() >= settings_.max_waiting_requests) return refuse(Code::no_room);

  const std::uint64_t serial = ++last_serial_;
  auto& waiting =
      waiting_.emplace(serial, Waiting{request.id, asio::steady_timer(executor_, settings_.answer_time)}).first->second;
  waiting.timer.async_wait([weak = weak_from_this(), serial](const std::error_code& error) {
    const auto self = weak.lock();
    if (!error && self != nullptr) self->conclude(serial, {Code::error, {}, "no answer in time"});
  });
  StreamRequest asked{*method, id_, std::string(request.stream.value_or("")), {}, {}};
  if (request.data) asked.data.assign(request.data->begin(), request.data->end());
  asked.answer = [weak = weak_from_this(), serial](StreamAnswer answer) {
    if (const auto self = weak.lock())
      self->conclude(serial, std::move(answer));
    else if (answer.sent)
      answer.sent(fail(Errc::closed));
  };
  user_.requested(std::move(asked));
}

void WsClient::take(const ws_message::Response& response) {
  auto pending = pending_.extract(response.id);
  if (!pending) return;
  StreamAnswer answer{response.code, {}, std::string(response.msg.value_or(""))};
  if (response.data) answer.data.assign(response.data->begin(), response.data->end());
  pending.mapped().answered(std::move(answer));
}

void WsClient::take(const WsLink::Message& message) {
  if (message.text) {
    ++counts_.bad_messages;
    return close(kUnsupportedData, "messages are MessagePack");
  }
  const auto decoded = ws_message::decode(message.data, settings_.message);
  if (!decoded) {
    ++counts_.bad_messages;
    const bool large = decoded.error() == Errc::too_large;
    return close(large ? kMessageTooBig : kInvalidPayload, large ? "over a limit" : "not one MessagePack map");
  }
  if (const auto* request = std::get_if<ws_message::Request>(&*decoded)) take(*request);
  if (const auto* response = std::get_if<ws_message::Response>(&*decoded)) take(*response);
}

void WsClient::close(std::uint16_t code, std::string reason) {
  if (gone_ || std::exchange(leaving_, true)) return;
  ++busy_;
  asio::co_spawn(executor_, say_goodbye(shared_from_this(), code, std::move(reason)), asio::detached);
}

asio::awaitable<void> WsClient::say_goodbye(std::shared_ptr<WsClient> self, std::uint16_t code, std::string reason) {
  const auto deadline = std::chrono::steady_clock::now() + kGoodbyeTime;
  WakeUp written(self->executor_);
  self->written_ = &written;
  bool in_time = true;
  while (self->writing_ && in_time) in_time = co_await written.wait_until(deadline);
  self->written_ = nullptr;
  if (in_time && !self->gone_) co_await self->link_->close(code, std::move(reason));
  self->link_->abort();
  self->settle();
}

/// One coroutine less uses the link.
void WsClient::settle() {
  if (--busy_ == 0 && idle_ != nullptr) idle_->notify();
}

asio::awaitable<void> WsClient::run(std::shared_ptr<WsClient> self) {
  for (;;) {
    const auto message = co_await self->link_->read();
    if (!message) break;
    if (!self->leaving_) self->take(*message);
  }
  self->end();
  if (self->busy_ > 0) co_await become_idle(self);
  self->link_.reset();
}

/// A coroutine of its own: what it needs to wait would be in the frame of run() all the time.
asio::awaitable<void> WsClient::become_idle(std::shared_ptr<WsClient> self) {
  WakeUp idle(self->executor_);
  self->idle_ = &idle;
  while (self->busy_ > 0) co_await idle.wait();
  self->idle_ = nullptr;
}

void WsClient::end() {
  gone_ = true;
  if (writing_) link_->abort();  // nobody takes it
  for (auto& [id, pending] : std::exchange(pending_, {})) pending.answered(fail(Errc::closed));
  waiting_.clear();
  for (Queued& queued : queue_)
    if (const auto sent = std::exchange(queued.sent, {})) sent(fail(Errc::closed));
}

}  // namespace camspan::net
