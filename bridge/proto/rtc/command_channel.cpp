#include "proto/rtc/command_channel.hpp"

#include <algorithm>

namespace camspan::rtc {

Result<> CommandChannel::feed(ByteView message) {
  if (message.size() > kMaxCommandBytes) return fail(Errc::malformed);
  const auto parsed = parse_command(message);
  if (!parsed) return fail(parsed.error());
  switch (parsed->kind) {
    case CommandKind::request:
      take_request(*parsed);
      return {};
    case CommandKind::error:
      if (parsed->body.size() < 2) return fail(Errc::malformed);
      take_error(*parsed);
      return {};
    case CommandKind::reply:
    case CommandKind::part:
      take_answer(*parsed);
      return {};
  }
  return fail(Errc::malformed);
}

void CommandChannel::take_request(const CommandMessage& message) {
  const Bytes text(message.body.begin(), message.body.end());
  // Notes have no answer that could pile up, but the one who reads events takes them one by one, at once.
  if (message.id == 0) {
    events_.push_back(Asked{0, text});
    return;
  }
  if (!unanswered_.insert(message.id).second) return;  // an id in use: its first request is answered
  if (unanswered_.size() > kMaxUnanswered) return refuse(message.id, 429, "too-many-commands");
  if (waiting_bytes_ > kMaxWaitingBytes) return refuse(message.id, 503, "replies-not-read");
  events_.push_back(Asked{message.id, text});
}

void CommandChannel::take_answer(const CommandMessage& message) {
  const auto found = pending_.find(message.id);
  if (found == pending_.end()) return;  // timed out meanwhile, or never asked
  Bytes& parts = found->second.parts;
  if (parts.size() + message.body.size() > kMaxReplyBytes)
    return finish(message.id, Answered{message.id, {}, make_error_code(Errc::too_large)});
  parts.insert(parts.end(), message.body.begin(), message.body.end());
  if (message.kind == CommandKind::reply) finish(message.id, Answered{message.id, std::move(parts)});
}

void CommandChannel::take_error(const CommandMessage& message) {
  const int status = static_cast<int>(load_be<2>(message.body.data()));
  const std::string text(as_text(message.body.subspan(2)));
  if (message.id == 0) {
    events_.push_back(Refused{status, text});
    return;
  }
  if (pending_.contains(message.id))
    finish(message.id, Answered{message.id, {}, make_error_code(Errc::refused), status, text});
}

void CommandChannel::finish(std::uint32_t id, Answered answer) {
  pending_.erase(id);
  events_.push_back(std::move(answer));
}

Result<std::uint32_t> CommandChannel::request(ByteView text, Nanoseconds timeout, TimePoint now) {
  if (text.size() + kCommandHeadBytes > kMaxCommandBytes) return fail(Errc::too_large);
  if (waiting_bytes_ > kMaxWaitingBytes) return fail(Errc::queue_full);
  do {
    ++last_id_;
  } while (last_id_ == 0 || pending_.contains(last_id_));
  pending_.emplace(last_id_, Pending{now + timeout, {}});
  push(command_message(CommandKind::request, last_id_, text));
  return last_id_;
}

Result<> CommandChannel::note(ByteView text) {
  if (text.size() + kCommandHeadBytes > kMaxCommandBytes) return fail(Errc::too_large);
  if (waiting_bytes_ > kMaxWaitingBytes) return fail(Errc::queue_full);
  push(command_message(CommandKind::request, 0, text));
  return {};
}

void CommandChannel::reply(std::uint32_t id, ByteView text) {
  if (unanswered_.erase(id) == 0) return;
  constexpr std::size_t kPart = kMaxCommandBytes - kCommandHeadBytes;
  for (; text.size() > kPart; text = text.subspan(kPart))
    push(command_message(CommandKind::part, id, text.first(kPart)));
  push(command_message(CommandKind::reply, id, text));
}

void CommandChannel::refuse(std::uint32_t id, int status, std::string_view text) {
  if (id != 0 && unanswered_.erase(id) == 0) return;
  // A flood of what is to be refused is answered as far as the peer reads.
  if (waiting_bytes_ <= 2 * kMaxWaitingBytes) push(command_error(id, status, text));
}

void CommandChannel::on_timeout(TimePoint now) {
  for (auto request = pending_.begin(); request != pending_.end();) {
    const std::uint32_t id = request->first;
    const bool due = request->second.deadline <= now;
    ++request;
    if (due) finish(id, Answered{id, {}, make_error_code(Errc::timed_out)});
  }
}

std::optional<TimePoint> CommandChannel::next_timeout() const {
  const auto first = std::min_element(pending_.begin(), pending_.end(), [](const auto& a, const auto& b) {
    return a.second.deadline < b.second.deadline;
  });
  if (first == pending_.end()) return std::nullopt;
  return first->second.deadline;
}

std::optional<CommandChannel::Event> CommandChannel::poll() {
  if (events_.empty()) return std::nullopt;
  std::optional<Event> event(std::move(events_.front()));
  events_.pop_front();
  return event;
}

void CommandChannel::push(Bytes message) {
  waiting_bytes_ += message.size();
  out_.push_back(std::move(message));
}

void CommandChannel::pop() {
  waiting_bytes_ -= out_.front().size();
  out_.pop_front();
}

}  // namespace camspan::rtc
