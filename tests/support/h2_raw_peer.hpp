/// One HTTP/2 connection of ours against frames written by hand, in virtual time.
#pragma once

#include <algorithm>
#include <memory>

#include "support/h2_frames.hpp"
#include "support/h2_pair.hpp"

namespace camspan::test {

class H2RawPeer {
 public:
  h2::Limits limits = h2::Limits::server();
  TimePoint now{std::chrono::seconds(1000)};
  H2Recorder observer;
  std::unique_ptr<h2::Connection> ours;
  std::vector<H2Frame> sent;  ///< by our side, all of them
  Bytes raw;                  ///< the same as bytes

  /// A server that has the peer's preface and SETTINGS.
  void start(const std::vector<std::pair<std::uint16_t, std::uint32_t>>& settings = {}) {
    start_server(h2::Settings::server());
    feed(H2Frames().preface().settings(settings).settings_ack());
  }
  /// A server that has heard nothing yet.
  void start_server(const h2::Settings& announced) {
    ours = h2::Connection::create_server(announced, limits, observer, now).value();
    observer.connection = ours.get();
  }
  /// A client that has heard nothing yet, and has not sent its preface. Its limits are those of a client.
  void start_client(const h2::Settings& announced = h2::Settings::client(65535), std::size_t max_pushes = 0) {
    limits = h2::Limits::client();
    limits.max_pushes = max_pushes;
    ours = h2::Connection::create_client(announced, limits, observer, now).value();
    observer.connection = ours.get();
  }
  void feed(const H2Frames& frames) {
    static_cast<void>(ours->feed(frames.bytes(), now));
    flush();
  }
  void flush() {
    for (;;) {
      Bytes out;
      ours->pending_output(out, 65536, now);
      if (out.empty()) break;
      raw.insert(raw.end(), out.begin(), out.end());
      for (H2Frame& frame : parse_frames(out)) sent.push_back(std::move(frame));
    }
  }
  void advance(Nanoseconds time) {
    now += time;
    ours->on_timeout(now);
    flush();
  }
  std::size_t count(std::uint8_t type) const {
    return static_cast<std::size_t>(
        std::count_if(sent.begin(), sent.end(), [&](const H2Frame& f) { return f.type == type; }));
  }
  /// Code of the RST_STREAM for `id`; nullopt = none was sent.
  std::optional<h2::ErrorCode> reset_of(std::uint32_t id) const {
    for (const H2Frame& frame : sent)
      if (frame.type == H2Frames::reset_type && frame.id == id) return h2::to_error_code(frame.number());
    return std::nullopt;
  }
  /// Code of the last GOAWAY.
  std::optional<h2::ErrorCode> go_away() const {
    std::optional<h2::ErrorCode> code;
    for (const H2Frame& frame : sent)
      if (frame.type == H2Frames::go_away_type) code = h2::to_error_code(frame.number(4));
    return code;
  }
  static H2Frames::Fields get(std::string_view path = "/") {
    return {{":method", "GET"}, {":scheme", "https"}, {":authority", "hub.example"}, {":path", path}};
  }
};

}  // namespace camspan::test
