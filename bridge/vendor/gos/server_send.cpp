// What the program sends by the server, and waits for.
#include <asio/steady_timer.hpp>
#include <future>

#include "gos/server.hpp"
#include "proto/ws_message/message.hpp"

namespace camspan::gos {
namespace {

using net::StreamAnswer;
using ws_message::Code;
using Milliseconds = std::chrono::milliseconds;

// The answer to a read that the handler kept: half of what a client waits.
constexpr std::chrono::seconds kKeepTime{5};
// WsStreams keeps the time; this is for a thread that is held up.
constexpr Milliseconds kSlack{2000};

gos_result_t result_of(const std::error_code& error) {
  if (error == Errc::timed_out) return GOS_TIMEOUT;
  return error == Errc::queue_full ? GOS_ERROR_OUT_OF_BUFFERS : GOS_ERROR;
}

gos_result_t result_of(const Result<StreamAnswer>& answer) {
  if (!answer) return result_of(answer.error());
  return answer->code == Code::success ? GOS_SUCCESS : GOS_ERROR;
}

/// How the clients answered a write to all of them.
class Tally {
 public:
  explicit Tally(std::size_t clients) : missing_(clients) {
    if (clients == 0) done_.set_value(GOS_ERROR);
  }

  void add(gos_result_t result) {
    ++counted_;
    good_ += result == GOS_SUCCESS ? 1 : 0;
    if (result != GOS_SUCCESS && (worst_ == GOS_SUCCESS || result == GOS_TIMEOUT)) worst_ = result;
    if (--missing_ == 0) done_.set_value(good_ == counted_ ? GOS_SUCCESS : good_ > 0 ? GOS_PARTIAL_RESULTS : worst_);
  }
  std::future<gos_result_t> done() { return done_.get_future(); }

 private:
  std::promise<gos_result_t> done_;
  std::size_t missing_;
  std::size_t counted_ = 0;
  std::size_t good_ = 0;
  gos_result_t worst_ = GOS_SUCCESS;
};

/// A write of `value`, which the message goes on to hold.
ws_message::SharedFrame write_frame(std::optional<std::uint32_t> id, const std::string& stream,
                                    std::shared_ptr<const Bytes> value) {
  const ByteView body = *value;
  return ws_message::frame(ws_message::request_head({id, "write", stream, {}}), body, std::move(value));
}

}  // namespace

gos_result_t Server::flush(std::unique_ptr<StreamContext> context, Milliseconds timeout) {
  Bytes value = std::move(context->packed);
  if (value.empty()) value.push_back(std::byte{0xc0});  // nil
  if (!ws_message::check_value(value, {SIZE_MAX, ws_message::kMaxNesting, SIZE_MAX})) {
    if (context->answer)
      io_.post([to = std::move(context->answer)] { to({Code::error, {}, "the answer is not one value"}); });
    return GOS_ERROR;
  }
  if (context->answer) return answer(*context, std::move(value), timeout);
  return timeout.count() == 0 ? notify(*context, std::move(value)) : write(*context, std::move(value), timeout);
}

gos_result_t Server::answer(StreamContext& context, Bytes value, Milliseconds timeout) {
  const auto sent = std::make_shared<std::promise<Result<>>>();
  auto result = sent->get_future();
  StreamAnswer answer{Code::success, std::move(value), {}, [sent](Result<> how) { sent->set_value(how); }};
  io_.post([answer = std::move(answer), to = std::move(context.answer)] { to(answer); });
  if (timeout.count() == 0) return GOS_SUCCESS;
  if (result.wait_for(timeout) != std::future_status::ready) return GOS_TIMEOUT;
  const Result<> how = result.get();
  return how ? GOS_SUCCESS : result_of(how.error());
}

/// What a handler kept is answered in the end, and not for ever the program's.
void Server::flush_later(gos_msgpack_context_t* context) {
  io_.post([this, context] {
    const auto timer = std::make_shared<asio::steady_timer>(io_.executor(), kKeepTime);
    timer->async_wait([this, context, timer](const std::error_code& error) {
      if (error || stopped_) return;
      application_.post([this, context] {
        if (auto kept = table_.take_context(context)) flush(std::move(kept), {});
      });
    });
  });
}

gos_result_t Server::notify(const StreamContext& context, Bytes value) {
  const auto frame = write_frame({}, context.stream, std::make_shared<const Bytes>(std::move(value)));
  gos_result_t result = GOS_ERROR;
  io_.run([&] {
    if (context.client) {
      const auto sent = streams_->send(*context.client, frame);
      result = sent ? GOS_SUCCESS : result_of(sent.error());
      return;
    }
    const std::size_t clients = streams_->clients().size();
    const std::size_t reached = streams_->send_all(frame);
    if (reached > 0) result = reached == clients ? GOS_SUCCESS : GOS_PARTIAL_RESULTS;
    if (reached == 0 && clients > 0) result = GOS_ERROR_OUT_OF_BUFFERS;
  });
  return result;
}

gos_result_t Server::write(const StreamContext& context, Bytes value, Milliseconds timeout) {
  const auto shared = std::make_shared<const Bytes>(std::move(value));
  std::future<gos_result_t> done;
  io_.run([&] {
    const auto clients = context.client ? std::vector{*context.client} : streams_->clients();
    const auto tally = std::make_shared<Tally>(clients.size());
    done = tally->done();
    const std::uint32_t id = streams_->take_id();
    const auto frame = write_frame(id, context.stream, shared);
    for (const net::ClientId client : clients) {
      const auto asked = streams_->request(client, id, frame, timeout,
                                           [tally](Result<StreamAnswer> answer) { tally->add(result_of(answer)); });
      if (!asked) tally->add(result_of(asked.error()));
    }
  });
  return done.wait_for(timeout + kSlack) == std::future_status::ready ? done.get() : GOS_TIMEOUT;
}

gos_result_t Server::ask(net::ClientId client, const ws_message::Request& request, Milliseconds timeout, Bytes& value) {
  const auto answered = std::make_shared<std::promise<Result<StreamAnswer>>>();
  auto answer = answered->get_future();
  Result<> asked;
  io_.run([&] {
    ws_message::Request numbered = request;
    numbered.id = streams_->take_id();
    asked = streams_->request(client, *numbered.id, ws_message::frame(encode(numbered)), timeout,
                              [answered](Result<StreamAnswer> how) { answered->set_value(std::move(how)); });
  });
  if (!asked) return result_of(asked.error());
  if (answer.wait_for(timeout + kSlack) != std::future_status::ready) return GOS_TIMEOUT;
  auto how = answer.get();
  if (how) value = std::move(how->data);
  return result_of(how);
}

}  // namespace camspan::gos
