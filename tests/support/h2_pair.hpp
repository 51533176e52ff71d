/// An HTTP/2 client and server joined by two queues, in virtual time.
#pragma once

#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

#include "proto/h2/connection.hpp"

namespace camspan::test {

/// Writes down what it is told. Bodies are consumed at once unless `consume` is off.
class H2Recorder : public h2::Observer {
 public:
  struct Stream {
    h2::Request request;
    h2::Response response;
    std::optional<std::uint64_t> content_length;
    std::string body;
    bool head = false;
    bool remote_closed = false;
    std::optional<h2::ErrorCode> closed;
  };

  h2::Connection* connection = nullptr;
  bool consume = true;
  std::map<std::int32_t, Stream> streams;
  std::vector<std::string> log;       ///< one line per event, bodies joined
  std::vector<std::string> received;  ///< one line per frame
  std::optional<h2::StreamId> go_away;

  void on_request(h2::StreamId id, h2::Request&& request, std::optional<std::uint64_t> length) override {
    Stream& stream = streams[id.value()];
    stream.head = true;
    stream.content_length = length;
    note(id, "request " + request.method + " " + request.path);
    stream.request = std::move(request);
  }
  void on_response(h2::StreamId id, h2::Response&& response) override {
    Stream& stream = streams[id.value()];
    stream.head = true;
    note(id, "response " + std::to_string(response.status));
    stream.response = std::move(response);
  }
  void on_data(h2::StreamId id, ByteView bytes) override {
    streams[id.value()].body += as_text(bytes);
    if (consume) connection->consume(id, bytes.size());
  }
  void on_remote_closed(h2::StreamId id) override {
    streams[id.value()].remote_closed = true;
    note(id, "end after " + std::to_string(streams[id.value()].body.size()));
  }
  void on_stream_closed(h2::StreamId id, h2::ErrorCode code) override {
    streams[id.value()].closed = code;
    note(id, "closed " + std::string(h2::name(code)));
  }
  void on_go_away(h2::StreamId last, h2::ErrorCode code) override {
    go_away = last;
    note(last, "go away " + std::string(h2::name(code)));
  }
  void on_frame(h2::Direction direction, const h2::Frame& frame) override {
    if (direction == h2::Direction::received) received.push_back(h2::describe(frame));
  }

 private:
  void note(h2::StreamId id, const std::string& text) { log.push_back(std::to_string(id.value()) + " " + text); }
};

/// A body of known bytes, given in pieces of at most `piece`; `hold` makes it wait.
class TextSource : public h2::BodySource {
 public:
  explicit TextSource(std::string text, bool end = true, std::size_t piece = SIZE_MAX)
      : text_(std::move(text)), piece_(piece), end_(end) {}

  Chunk pull(std::size_t max) override {
    const std::size_t size = std::min({max, piece_, text_.size() - given_});
    const ByteView bytes = as_bytes(text_).subspan(given_, size);
    given_ += size;
    return {bytes, end_ && given_ == text_.size()};
  }
  void append(std::string_view more, bool end) {
    text_ += more;
    end_ = end;
  }
  std::size_t given() const { return given_; }

 private:
  std::string text_;
  std::size_t piece_;
  std::size_t given_ = 0;
  bool end_;
};

class H2Pair {
 public:
  static constexpr std::size_t kGather = 65536;

  h2::Settings client_settings = h2::Settings::client(65535);
  h2::Settings server_settings = h2::Settings::server();
  h2::Limits client_limits = h2::Limits::client();
  h2::Limits server_limits = h2::Limits::server();
  std::size_t step = SIZE_MAX;  ///< bytes fed at a time
  TimePoint now{std::chrono::seconds(1000)};
  H2Recorder at_client;
  H2Recorder at_server;
  std::unique_ptr<h2::Connection> client;
  std::unique_ptr<h2::Connection> server;

  H2Pair() { client_limits.connection_window_bytes = 65535; }

  void start() {
    client = h2::Connection::create_client(client_settings, client_limits, at_client, now).value();
    server = h2::Connection::create_server(server_settings, server_limits, at_server, now).value();
    at_client.connection = client.get();
    at_server.connection = server.get();
  }
  /// Moves bytes both ways until neither side has any.
  void run() {
    while (move(*client, *server) || move(*server, *client)) {
    }
  }
  /// @return bytes moved
  std::size_t move(h2::Connection& from, h2::Connection& to) {
    Bytes bytes;
    from.pending_output(bytes, kGather, now);
    deliver(to, bytes);
    return bytes.size();
  }
  void deliver(h2::Connection& to, ByteView bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += std::min(step, bytes.size() - at))
      static_cast<void>(to.feed(bytes.subspan(at, std::min(step, bytes.size() - at)), now));
  }
  /// Lets time pass in steps of the next deadline, with both sides talking.
  void run_for(Nanoseconds time) {
    const TimePoint end = now + time;
    run();
    while (now < end) {
      TimePoint next = end;
      for (const h2::Connection* side : {client.get(), server.get()})
        if (const auto timeout = side->next_timeout()) next = std::min(next, std::max(*timeout, now));
      now = next;
      client->on_timeout(now);
      server->on_timeout(now);
      run();
    }
  }
  h2::StreamId request(std::string method, std::string path, h2::BodySource* body = nullptr,
                       http::Headers headers = {}) {
    return client
        ->submit_request({std::move(method), "https", "hub.example", std::move(path), std::move(headers)}, body)
        .value();
  }
};

}  // namespace camspan::test
