#include "api/ws_media.hpp"

#include <openssl/evp.h>
#include <nlohmann/json.hpp>

#include "proto/ws/frame.hpp"
#include "proto/ws_message/message.hpp"
#include "proto/ws_message/packer.hpp"

namespace camspan {
namespace {

// No tag type: it replaces the init message before it where that still waits, and nothing else.
constexpr std::uint8_t kInitTrack = 0xff;

bool is_init(const Unit& unit) {
  return unit.kind == UnitKind::config && unit.track == kInitTrack;
}

/// The kind of the timed header (camspan-wire.md section 5).
unsigned kind_number(UnitKind kind) {
  switch (kind) {
    case UnitKind::config:
      return 1;
    case UnitKind::key:
      return 2;
    case UnitKind::delta:
      return 3;
    case UnitKind::audio:
      return 4;
    default:
      return 5;
  }
}

void pack_time(ws_message::Packer& packer, const std::optional<std::chrono::nanoseconds>& time) {
  if (time)
    packer.integer(time->count());
  else
    packer.nil();
}

nlohmann::json json_time(const std::optional<std::chrono::nanoseconds>& time) {
  return time ? nlohmann::json(time->count()) : nlohmann::json();
}

std::string base64(ByteView bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

/// A whole frame, or the begin of one whose last `more` bytes follow.
Bytes framed(ws::Opcode opcode, ByteView message, std::size_t more = 0) {
  Bytes frame = ws::frame_header(opcode, message.size() + more);
  frame.insert(frame.end(), message.begin(), message.end());
  return frame;
}

Bytes text_frame(const nlohmann::ordered_json& message) {
  const std::string text = message.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return framed(ws::Opcode::text, as_bytes(text));
}

ws_message::Request notification(const std::string& stream) {
  ws_message::Request request;
  request.method = "write";
  request.stream = stream;
  return request;
}

flv::SharedPiece piece_of(SharedUnit unit, Bytes prefix) {
  return std::make_shared<const flv::Piece>(flv::Piece{std::move(unit), std::move(prefix)});
}

}  // namespace

Bytes WsMedia::prefix(const Unit& unit, std::uint64_t number) const {
  if (is_init(unit)) return {};
  if (encoding_ == WsEncoding::raw) return ws::frame_header(ws::Opcode::binary, unit.bytes.size());
  number -= unnumbered_;
  if (encoding_ == WsEncoding::json_meta) return json_prefix(unit, number);
  Bytes message = ws_message::request_head(notification(stream_name_));
  ws_message::Packer packer(message);
  packer.map_header(6);
  packer.str("t");
  packer.str("unit");
  packer.str("k");
  packer.unsigned_integer(kind_number(unit.kind));
  packer.str("pts");
  pack_time(packer, unit.pts);
  packer.str("dts");
  pack_time(packer, unit.dts);
  packer.str("seq");
  packer.unsigned_integer(number);
  packer.str("p");
  packer.bin_header(static_cast<std::uint32_t>(unit.bytes.size()));
  return framed(ws::Opcode::binary, message, unit.bytes.size());
}

Bytes WsMedia::json_prefix(const Unit& unit, std::uint64_t number) const {
  nlohmann::ordered_json data;
  data["t"] = "unit";
  data["k"] = kind_number(unit.kind);
  data["pts"] = json_time(unit.pts);
  data["dts"] = json_time(unit.dts);
  data["seq"] = number;
  nlohmann::ordered_json message;
  message["method"] = "write";
  message["stream"] = stream_name_;
  message["data"] = std::move(data);
  return text_frame(message);
}

Bytes WsMedia::init_value(const std::string& caps, std::span<const SharedUnit> headers) const {
  Bytes value;
  ws_message::Packer packer(value);
  packer.map_header(3);
  packer.str("t");
  packer.str("init");
  packer.str("caps");
  packer.str(caps);
  packer.str("headers");
  packer.array_header(static_cast<std::uint32_t>(headers.size()));
  for (const SharedUnit& header : headers) packer.bin(header->bytes);
  return value;
}

Bytes WsMedia::init(const std::string& caps, std::span<const SharedUnit> headers) const {
  if (encoding_ == WsEncoding::json_meta) {
    nlohmann::ordered_json data;
    data["t"] = "init";
    data["caps"] = caps;
    data["headers"] = nlohmann::json::array();
    for (const SharedUnit& header : headers) data["headers"].push_back(base64(header->bytes));
    nlohmann::ordered_json message;
    message["method"] = "write";
    message["stream"] = stream_name_;
    message["data"] = std::move(data);
    return text_frame(message);
  }
  Bytes message = ws_message::request_head(notification(stream_name_));
  const Bytes value = init_value(caps, headers);
  message.insert(message.end(), value.begin(), value.end());
  return framed(ws::Opcode::binary, message);
}

SharedUnit WsMedia::init_unit(const std::string& caps, std::span<const SharedUnit> headers) {
  ++unnumbered_;
  auto unit = std::make_shared<Unit>(*make_unit(init(caps, headers), UnitKind::config));
  unit->track = kInitTrack;
  return unit;
}

std::vector<flv::SharedPiece> WsMedia::opening(const flv::FanOut::Opening& opening, const std::string& caps,
                                               std::span<const SharedUnit> headers) const {
  std::vector<flv::SharedPiece> pieces;
  if (encoding_ == WsEncoding::raw) {
    Bytes head;
    for (const SharedUnit& unit : headers) head.insert(head.end(), unit->bytes.begin(), unit->bytes.end());
    const SharedUnit joined = make_unit(std::move(head), UnitKind::config);
    if (!joined->bytes.empty()) pieces.push_back(piece_of(joined, prefix(*joined, 0)));
  } else {
    auto first = std::make_shared<Unit>(*make_unit(init(caps, headers), UnitKind::config));
    first->track = kInitTrack;
    pieces.push_back(piece_of(std::move(first), {}));
  }
  std::uint64_t number = opening.first;
  for (const SharedUnit& unit : opening.units) {
    pieces.push_back(piece_of(unit, prefix(*unit, number)));
    ++number;
  }
  return pieces;
}

void WsMedia::append(std::vector<ByteView>& to, const flv::Piece& piece) const {
  if (!piece.prefix.empty()) to.push_back(piece.prefix);
  if (encoding_ != WsEncoding::json_meta || is_init(*piece.unit)) to.push_back(piece.unit->bytes);
}

}  // namespace camspan
