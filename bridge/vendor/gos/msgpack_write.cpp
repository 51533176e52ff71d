// MessagePack of the Gecko OS API: writing.
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "gos/guard.hpp"
#include "gos_msgpack.h"
#include "proto/ws_message/packer.hpp"

namespace camspan::gos {
namespace {

using ws_message::Packer;

/// What gos_msgpack_buffered_writer_init() makes. The memory is malloc's, so that a program can take it.
struct BufferedWriter {
  gos_msgpack_context_t context;  // first: what the program has is a pointer to it
  std::uint8_t* data;
  std::uint32_t size;
  std::uint32_t capacity;
};

gos_result_t append(void* user, const void* data, std::uint32_t length) {
  auto& writer = *static_cast<BufferedWriter*>(user);
  if (length > UINT32_MAX - writer.size) return GOS_ERROR_OUT_OF_HEAP;
  const std::uint32_t needed = writer.size + length;
  if (needed > writer.capacity) {
    const std::uint32_t twice = writer.capacity > UINT32_MAX / 2 ? UINT32_MAX : 2 * writer.capacity;
    const std::uint32_t capacity = needed > twice ? needed : twice;
    void* const grown = std::realloc(writer.data, capacity);
    if (grown == nullptr) return GOS_ERROR_OUT_OF_HEAP;
    writer.data = static_cast<std::uint8_t*>(grown);
    writer.capacity = capacity;
  }
  if (length > 0) std::memcpy(writer.data + writer.size, data, length);
  writer.size = needed;
  return GOS_SUCCESS;
}

bool is_buffered(const gos_msgpack_context_t* context) {
  return context != nullptr && context->writer == append;
}

/// Writes all of `pieces`, or nothing where a fixed buffer has no room.
gos_result_t emit(gos_msgpack_context_t* context, std::initializer_list<ByteView> pieces) {
  if (context == nullptr) return GOS_BAD_ARG;
  std::size_t size = 0;
  for (const ByteView piece : pieces) size += piece.size();
  if (context->writer != nullptr) {
    gos_result_t result = GOS_SUCCESS;
    for (const ByteView piece : pieces)
      if (result == GOS_SUCCESS && !piece.empty())
        result = context->writer(context->user, piece.data(), static_cast<std::uint32_t>(piece.size()));
    return result;
  }
  if (context->ptr == nullptr || context->end < context->ptr) return GOS_BAD_ARG;
  if (size > static_cast<std::size_t>(context->end - context->ptr)) return GOS_ERROR_OUT_OF_BUFFERS;
  for (const ByteView piece : pieces) {
    if (!piece.empty()) std::memcpy(context->ptr, piece.data(), piece.size());
    context->ptr += piece.size();
  }
  return GOS_SUCCESS;
}

/// @param pack  packs a value, or its header, with a Packer; `payload` follows it
template <class Pack>
gos_result_t write(gos_msgpack_context_t* context, const char* key, Pack&& pack, ByteView payload = {}) noexcept {
  return guard([&] {
    Bytes packed;
    Packer packer(packed);
    if (key != nullptr) packer.str(key);
    pack(packer);
    return emit(context, {packed, payload});
  });
}

template <class Pack>
gos_result_t write_pair(gos_msgpack_context_t* context, const char* key, Pack&& pack, ByteView payload = {}) noexcept {
  if (key == nullptr) return GOS_BAD_ARG;
  return write(context, key, pack, payload);
}

ByteView view(const void* data, std::uint32_t length) {
  return {static_cast<const std::byte*>(data), length};
}

void pack_dict(const gos_msgpack_context_t* context, Bytes& packed, std::uint32_t size) {
  if (context != nullptr && (context->flags & MSGPACK_PACK_16BIT_DICTS) != 0 && size <= 0xffff) {
    packed.resize(packed.size() + 3, std::byte{0xde});  // map 16
    store_be<2>(packed.data() + packed.size() - 2, size);
  } else {
    Packer(packed).map_header(size);
  }
}

gos_result_t write_dict(gos_msgpack_context_t* context, const char* key, std::uint32_t size) noexcept {
  return guard([&] {
    Bytes packed;
    if (key != nullptr) Packer(packed).str(key);
    pack_dict(context, packed, size);
    return emit(context, {packed});
  });
}

}  // namespace
}  // namespace camspan::gos

using namespace camspan;
using gos::view;
using gos::write;
using gos::write_pair;
using ws_message::Packer;

gos_result_t gos_msgpack_write_int(gos_msgpack_context_t* context, int32_t value) {
  return gos_msgpack_write_long(context, value);
}
gos_result_t gos_msgpack_write_uint(gos_msgpack_context_t* context, uint32_t value) {
  return gos_msgpack_write_ulong(context, value);
}
gos_result_t gos_msgpack_write_long(gos_msgpack_context_t* context, int64_t value) {
  return write(context, nullptr, [&](Packer& packer) { packer.integer(value); });
}
gos_result_t gos_msgpack_write_ulong(gos_msgpack_context_t* context, uint64_t value) {
  return write(context, nullptr, [&](Packer& packer) { packer.unsigned_integer(value); });
}
gos_result_t gos_msgpack_write_float(gos_msgpack_context_t* context, float value) {
  return write(context, nullptr, [&](Packer& packer) { packer.float32(value); });
}
gos_result_t gos_msgpack_write_double(gos_msgpack_context_t* context, double value) {
  return write(context, nullptr, [&](Packer& packer) { packer.float64(value); });
}
gos_result_t gos_msgpack_write_bool(gos_msgpack_context_t* context, bool value) {
  return write(context, nullptr, [&](Packer& packer) { packer.boolean(value); });
}
gos_result_t gos_msgpack_write_nil(gos_msgpack_context_t* context) {
  return write(context, nullptr, [](Packer& packer) { packer.nil(); });
}
gos_result_t gos_msgpack_write_str(gos_msgpack_context_t* context, const char* str) {
  if (str == nullptr) return GOS_BAD_ARG;
  return write(context, nullptr, [&](Packer& packer) { packer.str(str); });
}
gos_result_t gos_msgpack_write_str_marker(gos_msgpack_context_t* context, uint32_t size) {
  return write(context, nullptr, [&](Packer& packer) { packer.str_header(size); });
}
gos_result_t gos_msgpack_write_bin(gos_msgpack_context_t* context, const void* data, uint32_t length) {
  if (data == nullptr && length > 0) return GOS_BAD_ARG;
  return write(
      context, nullptr, [&](Packer& packer) { packer.bin_header(length); }, view(data, length));
}
gos_result_t gos_msgpack_write_bin_marker(gos_msgpack_context_t* context, uint32_t size) {
  return write(context, nullptr, [&](Packer& packer) { packer.bin_header(size); });
}
gos_result_t gos_msgpack_write_context(gos_msgpack_context_t* context, const gos_msgpack_context_t* value_context) {
  gos_buffer_t value;
  if (gos_msgpack_buffered_writer_get_buffer(value_context, &value) != GOS_SUCCESS) {
    if (value_context == nullptr || value_context->buffer == nullptr) return GOS_BAD_ARG;
    value.data = value_context->buffer;
    value.size = static_cast<uint32_t>(value_context->ptr - value_context->buffer);
  }
  return write(
      context, nullptr, [](Packer&) {}, view(value.data, value.size));
}
gos_result_t gos_msgpack_write_dict_marker(gos_msgpack_context_t* context, uint32_t size) {
  return gos::write_dict(context, nullptr, size);
}
gos_result_t gos_msgpack_write_array_marker(gos_msgpack_context_t* context, uint32_t size) {
  return write(context, nullptr, [&](Packer& packer) { packer.array_header(size); });
}

gos_result_t gos_msgpack_write_dict_int(gos_msgpack_context_t* context, const char* key, int32_t value) {
  return gos_msgpack_write_dict_long(context, key, value);
}
gos_result_t gos_msgpack_write_dict_uint(gos_msgpack_context_t* context, const char* key, uint32_t value) {
  return gos_msgpack_write_dict_ulong(context, key, value);
}
gos_result_t gos_msgpack_write_dict_long(gos_msgpack_context_t* context, const char* key, int64_t value) {
  return write_pair(context, key, [&](Packer& packer) { packer.integer(value); });
}
gos_result_t gos_msgpack_write_dict_ulong(gos_msgpack_context_t* context, const char* key, uint64_t value) {
  return write_pair(context, key, [&](Packer& packer) { packer.unsigned_integer(value); });
}
gos_result_t gos_msgpack_write_dict_float(gos_msgpack_context_t* context, const char* key, float value) {
  return write_pair(context, key, [&](Packer& packer) { packer.float32(value); });
}
gos_result_t gos_msgpack_write_dict_double(gos_msgpack_context_t* context, const char* key, double value) {
  return write_pair(context, key, [&](Packer& packer) { packer.float64(value); });
}
gos_result_t gos_msgpack_write_dict_bool(gos_msgpack_context_t* context, const char* key, bool value) {
  return write_pair(context, key, [&](Packer& packer) { packer.boolean(value); });
}
gos_result_t gos_msgpack_write_dict_nil(gos_msgpack_context_t* context, const char* key) {
  return write_pair(context, key, [](Packer& packer) { packer.nil(); });
}
gos_result_t gos_msgpack_write_dict_str(gos_msgpack_context_t* context, const char* key, const char* str) {
  if (str == nullptr) return GOS_BAD_ARG;
  return write_pair(context, key, [&](Packer& packer) { packer.str(str); });
}
gos_result_t gos_msgpack_write_dict_bin(gos_msgpack_context_t* context, const char* key, const void* data,
                                        uint32_t length) {
  if (data == nullptr && length > 0) return GOS_BAD_ARG;
  return write_pair(
      context, key, [&](Packer& packer) { packer.bin_header(length); }, view(data, length));
}
gos_result_t gos_msgpack_write_dict_dict(gos_msgpack_context_t* context, const char* key, uint32_t size) {
  return key != nullptr ? gos::write_dict(context, key, size) : GOS_BAD_ARG;
}
gos_result_t gos_msgpack_write_dict_array(gos_msgpack_context_t* context, const char* key, uint32_t size) {
  return write_pair(context, key, [&](Packer& packer) { packer.array_header(size); });
}

gos_result_t gos_msgpack_buffered_writer_init(gos_msgpack_context_t** context_ptr, uint32_t initial_length) {
  if (context_ptr == nullptr) return GOS_BAD_ARG;
  *context_ptr = nullptr;
  auto* const writer = static_cast<gos::BufferedWriter*>(std::calloc(1, sizeof(gos::BufferedWriter)));
  if (writer == nullptr) return GOS_ERROR_OUT_OF_HEAP;
  writer->capacity = initial_length;
  if (initial_length > 0) writer->data = static_cast<uint8_t*>(std::malloc(initial_length));
  if (initial_length > 0 && writer->data == nullptr) {
    std::free(writer);
    return GOS_ERROR_OUT_OF_HEAP;
  }
  MSGPACK_INIT_WITH_WRITER(&writer->context, gos::append, writer);
  *context_ptr = &writer->context;
  return GOS_SUCCESS;
}

gos_result_t gos_msgpack_buffered_writer_deinit(gos_msgpack_context_t* context, bool free_buffer) {
  if (!gos::is_buffered(context)) return GOS_BAD_ARG;
  auto* const writer = static_cast<gos::BufferedWriter*>(context->user);
  if (free_buffer) std::free(writer->data);
  std::free(writer);
  return GOS_SUCCESS;
}

gos_result_t gos_msgpack_buffered_writer_get_buffer(const gos_msgpack_context_t* context, gos_buffer_t* buffer) {
  if (buffer == nullptr || !gos::is_buffered(context)) return GOS_BAD_ARG;
  const auto* const writer = static_cast<const gos::BufferedWriter*>(context->user);
  *buffer = {writer->data, writer->size};
  return GOS_SUCCESS;
}

void gos_free(void* memory) {
  std::free(memory);
}
