/// Frames of HTTP/2 (RFC 9113 section 4) by hand, for peers that do what nghttp2 would not.
#pragma once

#include <camspan/bytes.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace camspan::test {

/// `H2Frames().preface().settings().ping(42).bytes()`
class H2Frames {
 public:
  using Fields = std::vector<std::pair<std::string_view, std::string_view>>;
  enum Type : std::uint8_t {
    data_type,
    headers_type,
    priority_type,
    reset_type,
    settings_type,
    push_type,
    ping_type,
    go_away_type,
    window_update_type,
    continuation_type
  };
  static constexpr std::uint8_t kEndStream = 0x1;
  static constexpr std::uint8_t kAck = 0x1;
  static constexpr std::uint8_t kEndHeaders = 0x4;

  H2Frames& preface() { return raw(as_bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")); }
  H2Frames& settings(const std::vector<std::pair<std::uint16_t, std::uint32_t>>& entries = {}) {
    Bytes payload;
    for (const auto& [id, value] : entries) {
      put(payload, id, 2);
      put(payload, value, 4);
    }
    return frame(settings_type, 0, 0, payload);
  }
  H2Frames& settings_ack() { return frame(settings_type, kAck, 0, {}); }
  H2Frames& headers(std::uint32_t id, const Fields& fields, bool end) {
    return frame(headers_type, static_cast<std::uint8_t>(kEndHeaders | (end ? kEndStream : 0)), id, block(fields));
  }
  H2Frames& data(std::uint32_t id, std::string_view text, bool end) {
    return frame(data_type, end ? kEndStream : 0, id, as_bytes(text));
  }
  H2Frames& reset(std::uint32_t id, std::uint32_t code) { return number(reset_type, id, code); }
  H2Frames& window_update(std::uint32_t id, std::uint32_t bytes) { return number(window_update_type, id, bytes); }
  H2Frames& ping(std::uint64_t payload, bool ack = false) {
    Bytes bytes;
    put(bytes, payload, 8);
    return frame(ping_type, ack ? kAck : 0, 0, bytes);
  }
  H2Frames& frame(std::uint8_t type, std::uint8_t flags, std::uint32_t id, ByteView payload) {
    put(bytes_, payload.size(), 3);
    put(bytes_, type, 1);
    put(bytes_, flags, 1);
    put(bytes_, id, 4);
    return raw(payload);
  }
  H2Frames& raw(ByteView bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  const Bytes& bytes() const { return bytes_; }

  /// HPACK (RFC 7541 section 6.2.2): every field as a literal without indexing, no Huffman code.
  static Bytes block(const Fields& fields) {
    Bytes out;
    for (const auto& [name, value] : fields) {
      put(out, 0, 1);
      put_text(out, name);
      put_text(out, value);
    }
    return out;
  }

 private:
  static void put(Bytes& out, std::uint64_t value, unsigned count) {
    for (unsigned i = count; i-- > 0;) out.push_back(static_cast<std::byte>(value >> (8 * i) & 0xff));
  }
  static void put_text(Bytes& out, std::string_view text) {
    std::size_t rest = text.size();
    if (rest < 127) {
      put(out, rest, 1);
    } else {
      put(out, 127, 1);
      for (rest -= 127; rest >= 128; rest >>= 7) put(out, (rest & 0x7f) | 0x80, 1);
      put(out, rest, 1);
    }
    const ByteView bytes = as_bytes(text);
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  H2Frames& number(Type type, std::uint32_t id, std::uint32_t value) {
    Bytes payload;
    put(payload, value, 4);
    return frame(type, 0, id, payload);
  }

  Bytes bytes_;
};

/// One frame of our output, taken apart.
struct H2Frame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t id = 0;
  Bytes payload;

  std::uint32_t number(std::size_t at = 0) const { return static_cast<std::uint32_t>(load_be<4>(payload.data() + at)); }
};

inline std::vector<H2Frame> parse_frames(ByteView bytes) {
  std::vector<H2Frame> frames;
  constexpr std::size_t kPrefaceBytes = 24;
  if (as_text(bytes).starts_with("PRI * HTTP/2.0")) bytes = bytes.subspan(kPrefaceBytes);
  while (bytes.size() >= 9) {
    const auto length = static_cast<std::size_t>(load_be<3>(bytes.data()));
    if (bytes.size() < 9 + length) break;
    H2Frame frame;
    frame.type = std::to_integer<std::uint8_t>(bytes[3]);
    frame.flags = std::to_integer<std::uint8_t>(bytes[4]);
    frame.id = static_cast<std::uint32_t>(load_be<4>(bytes.data() + 5));
    frame.payload.assign(bytes.begin() + 9, bytes.begin() + 9 + static_cast<std::ptrdiff_t>(length));
    frames.push_back(std::move(frame));
    bytes = bytes.subspan(9 + length);
  }
  return frames;
}

}  // namespace camspan::test
