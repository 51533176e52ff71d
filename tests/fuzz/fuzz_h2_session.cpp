// A server and a client connection that get any bytes, in pieces, while time passes and their owners act.
#include <algorithm>
#include <memory>

#include "proto/h2/connection.hpp"

namespace {

using namespace camspan;

constexpr std::size_t kSmallGather = 4096;
constexpr std::size_t kMaxMemory = 8 << 20;

/// Answers, consumes, resets and releases as the bytes of the input say.
class Owner final : public h2::Observer, public h2::BodySource {
 public:
  h2::Connection* connection = nullptr;
  std::uint8_t habit = 0;

  void on_request(h2::StreamId id, h2::Request&& request, std::optional<std::uint64_t>) override {
    if (request.method.empty() || (request.path.empty() && request.method != "CONNECT")) __builtin_trap();
    if (habit & 1) static_cast<void>(connection->submit_response(id, 200, {{"server", "fuzz"}}, this));
    if (habit & 2) connection->reset(id, h2::ErrorCode::cancel);
  }
  void on_frame(h2::Direction, const h2::Frame& frame) override {
    for (const char c : h2::describe(frame))
      if (c < 0x20 || c == 0x7f) __builtin_trap();  // it goes to logs and terminals
  }
  void on_data(h2::StreamId id, ByteView bytes) override {
    unread_ += bytes.size();
    if (habit & 4) return;
    connection->consume(id, unread_);
    unread_ = 0;
  }
  void on_remote_closed(h2::StreamId id) override {
    if (habit & 8) static_cast<void>(connection->submit_response(id, 404, {}, nullptr));
  }
  void on_stream_closed(h2::StreamId id, h2::ErrorCode) override {
    if ((habit & 16) == 0) connection->release(id);
  }
  Chunk pull(std::size_t max) override {
    static constexpr std::array<std::byte, 64> kBody{};
    given_ += std::min(max, kBody.size());
    return {ByteView(kBody).first(std::min(max, kBody.size())), given_ > 100'000};
  }

 private:
  std::size_t unread_ = 0;
  std::size_t given_ = 0;
};

void drive(h2::Connection& connection, Owner& owner, ByteView input) {
  TimePoint now{std::chrono::seconds(1)};
  while (input.size() > 3) {
    owner.habit = std::to_integer<std::uint8_t>(input[0]);
    const auto length = std::min<std::size_t>(load_be<2>(input.data() + 1), input.size() - 3);
    static_cast<void>(connection.feed(input.subspan(3, length), now));
    input = input.subspan(3 + length);
    Bytes out;
    connection.pending_output(out, kSmallGather, now);
    if (out.size() > kMaxMemory) __builtin_trap();
    if (owner.habit & 32) now += std::chrono::seconds(5);
    if (owner.habit & 64) connection.shutdown(now);
    connection.on_timeout(now);
  }
  connection.terminate(h2::ErrorCode::no_error);
  for (int i = 0; i < 10'000 && connection.wants_output(); ++i) {
    Bytes out;
    connection.pending_output(out, kSmallGather, now);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input = std::as_bytes(std::span(data, size));
  if (input.empty()) return 0;
  const TimePoint begin{std::chrono::seconds(1)};
  Owner owner;
  if (std::to_integer<int>(input[0]) & 1) {
    h2::Settings settings = h2::Settings::server();
    settings.enable_connect_protocol = std::to_integer<std::uint32_t>(input[0]) >> 1 & 1;
    auto server = h2::Connection::create_server(settings, h2::Limits::server(), owner, begin).value();
    owner.connection = server.get();
    static_cast<void>(server->feed(as_bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), begin));
    drive(*server, owner, input.subspan(1));
  } else {
    auto client =
        h2::Connection::create_client(h2::Settings::client(65535), h2::Limits::client(), owner, begin).value();
    owner.connection = client.get();
    static_cast<void>(client->submit_request({"POST", "https", "hub.example", "/", {}}, &owner));
    drive(*client, owner, input.subspan(1));
  }
  return 0;
}
