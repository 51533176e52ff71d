/// What the clients of a published stream get, byte for byte.
#pragma once

#include <camspan/ws_publisher.hpp>
#include <span>
#include <vector>

#include "proto/flv/fan_out.hpp"

namespace camspan {

/// WebSocket messages of one stream (ws-stream.md section 5.3). One thread.
class WsMedia {
 public:
  WsMedia(WsEncoding encoding, std::string stream_name) : encoding_(encoding), stream_name_(std::move(stream_name)) {}

  WsEncoding encoding() const { return encoding_; }
  /// What goes before unit `number` of all that were delivered.
  Bytes prefix(const Unit& unit, std::uint64_t number) const;
  /// The message that says what the stream is. Not with raw.
  Bytes init(const std::string& caps, std::span<const SharedUnit> headers) const;
  /// The map in it, packed: the value of the stream for those who read it.
  Bytes init_value(const std::string& caps, std::span<const SharedUnit> headers) const;
  /// The same as a unit, for those who are there when that changes. It has no number.
  SharedUnit init_unit(const std::string& caps, std::span<const SharedUnit> headers);

  /// What is sent first, as pieces; with raw, file header and configuration are one message.
  std::vector<flv::SharedPiece> opening(const flv::FanOut::Opening& opening, const std::string& caps,
                                        std::span<const SharedUnit> headers) const;
  /// Adds the bytes of a piece. They are valid as long as it is.
  void append(std::vector<ByteView>& to, const flv::Piece& piece) const;

 private:
  Bytes json_prefix(const Unit& unit, std::uint64_t number) const;

  const WsEncoding encoding_;
  const std::string stream_name_;
  std::uint64_t unnumbered_ = 0;  ///< units that have no number of their own
};

}  // namespace camspan
