/// One viewer's channel `command` (camspan-wire.md section 5): both sides ask, replies find their requests.
#pragma once

#include <camspan/bytes.hpp>
#include <camspan/error.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "core/time.hpp"
#include "proto/rtc/command_message.hpp"

namespace camspan::rtc {

/// No socket, no thread, no clock. After feed(), request() or on_timeout() call poll() until it returns nullopt; hand
/// what front() shows to the data channel and pop() it once that has taken it.
class CommandChannel {
 public:
  /// Of a command without one: as long as shipped programs wait.
  static constexpr std::chrono::milliseconds kDefaultTimeout{7500};
  /// Whoever answers more than this in parts is cut off: that is no command any more.
  static constexpr std::size_t kMaxReplyBytes = 4 << 20;
  /// Requests of the peer that are not answered yet; further ones are refused with 429.
  static constexpr std::size_t kMaxUnanswered = 32;
  /// What waits to be sent; a peer that does not read its replies gets no further ones (503).
  static constexpr std::size_t kMaxWaitingBytes = 256 << 10;

  /// The peer asks: answer with reply() or refuse(). With id 0 it only tells, and there is no answer.
  struct Asked {
    std::uint32_t id;
    Bytes text;
  };
  /// Our request `id` was answered. `error`: Errc::refused (`status` and `text` say why), Errc::timed_out, or
  /// Errc::too_large; then `reply` is empty.
  struct Answered {
    std::uint32_t id;
    Bytes reply;
    std::error_code error{};
    int status = 0;
    std::string text{};
  };
  /// The peer refused something that was no request of ours, such as a channel: `<cause> <label>`.
  struct Refused {
    int status;
    std::string text;
  };
  using Event = std::variant<Asked, Answered, Refused>;

  /// Takes one message of the peer. What breaks the protocol is Errc::malformed, and harms nothing else.
  Result<> feed(ByteView message);
  /// Asks the peer. @return the id of the request; Errc::too_large for more than 64 KiB with its head, Errc::queue_full
  Result<std::uint32_t> request(ByteView text, Nanoseconds timeout, TimePoint now);
  /// Tells the peer something; errors as of request().
  Result<> note(ByteView text);
  /// Answers Asked `id`; a long reply goes in parts. An id that is not open (any more) is passed over.
  void reply(std::uint32_t id, ByteView text);
  /// Refuses Asked `id` with a status as in HTTP; with id 0 something else, such as a channel.
  void refuse(std::uint32_t id, int status, std::string_view text);

  void on_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  std::optional<Event> poll();

  /// The next message to send; nullptr = none. Valid until pop().
  const Bytes* front() const { return out_.empty() ? nullptr : &out_.front(); }
  void pop();
  /// Bytes that wait to be sent.
  std::size_t waiting_bytes() const { return waiting_bytes_; }

 private:
  struct Pending {
    TimePoint deadline;
    Bytes parts;
  };

  void take_request(const CommandMessage& message);
  void take_answer(const CommandMessage& message);
  void take_error(const CommandMessage& message);
  void finish(std::uint32_t id, Answered answer);
  void push(Bytes message);

  std::uint32_t last_id_ = 0;
  std::map<std::uint32_t, Pending> pending_;  // ours
  std::set<std::uint32_t> unanswered_;        // the peer's
  std::deque<Event> events_;
  std::deque<Bytes> out_;
  std::size_t waiting_bytes_ = 0;
};

}  // namespace camspan::rtc
