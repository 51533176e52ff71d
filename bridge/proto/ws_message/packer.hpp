/// Writes MessagePack values, on msgpack-c.
#pragma once

#include <camspan/bytes.hpp>

namespace camspan::ws_message {

/// Appends to `out`, which stays the caller's. Integers take their shortest form. May throw std::bad_alloc.
class Packer {
 public:
  explicit Packer(Bytes& out) : out_(out) {}

  void nil();
  void boolean(bool value);
  void integer(std::int64_t value);
  void unsigned_integer(std::uint64_t value);
  void float32(float value);
  void float64(double value);
  void str(std::string_view text);
  void bin(ByteView bytes);
  /// Only the header: so many bytes, elements, or keys with their values are to follow.
  void str_header(std::uint32_t bytes);
  void bin_header(std::uint32_t bytes);
  void array_header(std::uint32_t elements);
  void map_header(std::uint32_t pairs);
  /// A value that is packed already, or bytes that a header announced.
  void raw(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }

 private:
  Bytes& out_;
};

}  // namespace camspan::ws_message
