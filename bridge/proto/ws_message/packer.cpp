#include "proto/ws_message/packer.hpp"

#include <msgpack.h>

namespace camspan::ws_message {
namespace {

int append(void* out, const char* data, std::size_t size) {
  const auto bytes = camspan::as_bytes({data, size});
  static_cast<Bytes*>(out)->insert(static_cast<Bytes*>(out)->end(), bytes.begin(), bytes.end());
  return 0;
}

msgpack_packer onto(Bytes& out) {
  msgpack_packer packer;
  msgpack_packer_init(&packer, &out, append);
  return packer;
}

}  // namespace

void Packer::nil() {
  auto packer = onto(out_);
  msgpack_pack_nil(&packer);
}

void Packer::boolean(bool value) {
  auto packer = onto(out_);
  value ? msgpack_pack_true(&packer) : msgpack_pack_false(&packer);
}

void Packer::integer(std::int64_t value) {
  auto packer = onto(out_);
  msgpack_pack_int64(&packer, value);
}

void Packer::unsigned_integer(std::uint64_t value) {
  auto packer = onto(out_);
  msgpack_pack_uint64(&packer, value);
}

void Packer::float32(float value) {
  auto packer = onto(out_);
  msgpack_pack_float(&packer, value);
}

void Packer::float64(double value) {
  auto packer = onto(out_);
  msgpack_pack_double(&packer, value);
}

void Packer::str(std::string_view text) {
  str_header(static_cast<std::uint32_t>(text.size()));
  raw(as_bytes(text));
}

void Packer::bin(ByteView bytes) {
  bin_header(static_cast<std::uint32_t>(bytes.size()));
  raw(bytes);
}

void Packer::str_header(std::uint32_t bytes) {
  auto packer = onto(out_);
  msgpack_pack_str(&packer, bytes);
}

void Packer::bin_header(std::uint32_t bytes) {
  auto packer = onto(out_);
  msgpack_pack_bin(&packer, bytes);
}

void Packer::array_header(std::uint32_t elements) {
  auto packer = onto(out_);
  msgpack_pack_array(&packer, elements);
}

void Packer::map_header(std::uint32_t pairs) {
  auto packer = onto(out_);
  msgpack_pack_map(&packer, pairs);
}

}  // namespace camspan::ws_message
