/// A WebSocket client that says exactly what a test tells it to.
#pragma once

#include <camspan/bytes.hpp>

#include "support/raw_client.hpp"

namespace camspan::test {

/// A frame of a client, masked with zeros: the payload stays legible. At most 65,535 bytes.
inline std::string masked(std::string_view payload, char first = '\x82') {
  std::string frame(1, first);
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80 | payload.size());
  } else {
    frame += '\xfe';
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size() & 0xff);
  }
  return frame + std::string(4, '\0') + std::string(payload);
}

/// Blocking, as RawClient.
class WsPeer {
 public:
  /// Asks for a WebSocket at /appdata. @param fields  more of the head, each with its line end
  explicit WsPeer(const std::string& address, std::string_view fields = "", int receive_buffer = 0)
      : client_(address, receive_buffer) {
    client_.send(
        "GET /appdata HTTP/1.1\r\nHost: camera\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
        std::string(fields) + "\r\n");
    std::string head;
    while (!head.ends_with("\r\n\r\n")) head += read(1);
    status_ = head.substr(9, 3);
  }

  /// Of the answer to the upgrade: "101".
  const std::string& status() const { return status_; }
  RawClient& raw() { return client_; }
  /// One binary message.
  void send(std::string_view payload) { client_.send(masked(payload)); }
  std::string read(std::size_t size) {
    std::string all(size, '\0');
    if (::recv(client_.descriptor(), all.data(), size, MSG_WAITALL) != static_cast<ssize_t>(size))
      throw std::runtime_error("the server says too little");
    return all;
  }
  /// The payload of the next frame.
  std::string read_message() {
    const std::string head = read(2);
    std::size_t size = static_cast<unsigned char>(head[1]);
    if (size == 126) size = load_be<2>(as_bytes(read(2)).data());
    if (size == 127) size = load_be<8>(as_bytes(read(8)).data());
    return read(size);
  }

 private:
  RawClient client_;
  std::string status_;
};

}  // namespace camspan::test
