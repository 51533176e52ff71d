/// An HTTP/2 server without TLS whose every frame a test writes by hand.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "support/h2_frames.hpp"

namespace camspan::test {

class ScriptedServer {
 public:
  /// One connection, as its script sees it. Blocking; every wait ends after 10 s, or when the server is destroyed.
  class Line {
   public:
    explicit Line(int fd) : fd_(fd) {}

    void send(const H2Frames& frames) const;
    /// The next frame of the client; nullopt = it closed, or said nothing for 10 s.
    std::optional<H2Frame> read();
    /// Reads up to the first frame of `type`. @return nullopt: it did not come
    std::optional<H2Frame> read_until(std::uint8_t type);
    /// Reads one byte of whatever comes. @return false at the end
    bool read_byte();
    /// Waits until the client closes, and reads nothing before.
    void wait_for_close() const;
    /// True if the client has closed, or does so within `patience`.
    bool closed(std::chrono::milliseconds patience) const;
    /// Sends FIN, so that the client reads everything that was sent, then reads until it closes too.
    void end();
    /// The next thing to say after the client's preface: SETTINGS and their acknowledgement.
    void greet(const std::vector<std::pair<std::uint16_t, std::uint32_t>>& settings = {});
    /// Greets, reads the body of stream 1 to its end, and answers 200. @return the body
    Bytes accept_upload(const std::vector<std::pair<std::uint16_t, std::uint32_t>>& settings = {{4, 1 << 24}});
    /// Reads the rest of the body of stream 1, granting windows.
    Bytes read_body();

   private:
    bool fill(std::size_t bytes);
    int fd_;
    Bytes buffer_;
    bool preface_read_ = false;
  };
  /// What to do on connection n (0, 1, ...), in a thread of its own; the connection is closed when it returns.
  using Script = std::function<void(std::size_t connection, Line& line)>;

  explicit ScriptedServer(Script script);
  ~ScriptedServer();

  std::string address() const;  ///< "127.0.0.1:41234"
  /// Waits until the script of connection n has returned. @return whether it has
  bool wait_served(std::size_t connection, std::chrono::milliseconds patience = std::chrono::seconds(10));

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace camspan::test
