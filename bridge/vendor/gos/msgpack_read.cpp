// MessagePack of the Gecko OS API: reading.
#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "gos/guard.hpp"
#include "gos/msgpack_object.hpp"

namespace camspan::gos {
namespace {

bool is_number(const Node* node) {
  Integer ignored;
  return read_integer(node, ignored);
}

bool is_type(const Node* node, gos_msgpack_type_t type) {
  if (node == nullptr) return false;
  Integer integer;
  switch (type) {
    case MSGPACK_TYPE_ANY:
      return true;
    case MSGPACK_TYPE_INT:
      return read_integer(node, integer) && (integer.negative || integer.bits <= INT64_MAX);
    case MSGPACK_TYPE_UINT:
      return read_integer(node, integer) && !integer.negative;
    case MSGPACK_TYPE_INT_OR_UINT:
      return is_number(node);
    default:
      return node->base.type == type;
  }
}

gos_msgpack_object_t* matching(const NodePtr& node, gos_msgpack_type_t type) {
  return is_type(node.get(), type) ? &node->base : nullptr;
}

bool has_text(const Node& node, std::string_view text) {
  return node.base.type == MSGPACK_TYPE_STR && std::string_view(node.str.data, node.str.length) == text;
}

std::string text_of(const Node& node);

std::string list_of(const Node& node) {
  const bool is_dict = node.base.type == MSGPACK_TYPE_DICT;
  std::string text(1, is_dict ? '{' : '[');
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    if (i > 0) text += is_dict && i % 2 == 1 ? ": " : ", ";
    text += text_of(*node.children[i]);
  }
  return text + (is_dict ? '}' : ']');
}

std::string hex_of(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<unsigned>(byte) >> 4];
    text += kDigits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

std::string text_of(const Node& node) {
  Integer integer;
  if (read_integer(&node, integer))
    return integer.negative ? std::to_string(static_cast<std::int64_t>(integer.bits)) : std::to_string(integer.bits);
  switch (node.base.type) {
    case MSGPACK_TYPE_BOOL:
      return node.data8.data.boolean ? "true" : "false";
    case MSGPACK_TYPE_FLOAT:
      return std::to_string(node.data32.data.flt);
    case MSGPACK_TYPE_DOUBLE:
      return std::to_string(node.data64.data.dbl);
    case MSGPACK_TYPE_STR:
      return {node.str.data, node.str.length};
    case MSGPACK_TYPE_BIN:
      return hex_of(node.bytes);
    case MSGPACK_TYPE_DICT:
    case MSGPACK_TYPE_ARRAY:
      return list_of(node);
    default:
      return "null";
  }
}

char* copy_cut(std::string_view text, char* buffer, std::size_t max_length) {
  if (buffer == nullptr || max_length == 0) return nullptr;
  const std::size_t size = std::min(text.size(), max_length - 1);
  std::memcpy(buffer, text.data(), size);
  buffer[size] = '\0';
  return buffer;
}

gos_result_t walk(const Node& container, gos_msgpack_iterator_t callback, void* arg, std::uint32_t depth) {
  const bool is_dict = container.base.type == MSGPACK_TYPE_DICT;
  for (std::size_t i = is_dict ? 1 : 0; i < container.children.size(); i += is_dict ? 2 : 1) {
    const Node& value = *container.children[i];
    gos_result_t result = callback(is_dict ? &container.children[i - 1]->base : nullptr, &value.base, arg);
    if (result == GOS_SUCCESS && depth > 0 && !value.children.empty()) result = walk(value, callback, arg, depth - 1);
    if (result != GOS_SUCCESS) return result;
  }
  return GOS_SUCCESS;
}

}  // namespace
}  // namespace camspan::gos

using camspan::gos::Integer;
using camspan::gos::Node;
using camspan::gos::read_integer;

gos_result_t gos_msgpack_deserialize_with_buffer(gos_msgpack_object_t** root_ptr, const void* buffer, uint32_t length,
                                                 gos_msgpack_flag_t) {
  if (root_ptr == nullptr) return GOS_BAD_ARG;
  *root_ptr = nullptr;
  if (buffer == nullptr) return GOS_BAD_ARG;
  return camspan::gos::guard([&] {
    auto node = camspan::gos::read_value({static_cast<const std::byte*>(buffer), length});
    if (node == nullptr) return GOS_ERROR;
    *root_ptr = &node.release()->base;
    return GOS_SUCCESS;
  });
}

void gos_msgpack_free_objects(void* root_obj) {
  delete Node::of(root_obj);
}

gos_msgpack_object_t* gos_msgpack_get_dict_object(const gos_msgpack_object_dict_t* dict, const char* key,
                                                  gos_msgpack_type_t type) {
  const Node* const node = Node::of(dict);
  if (node == nullptr || key == nullptr || node->base.type != MSGPACK_TYPE_DICT) return nullptr;
  for (std::size_t i = 0; i + 1 < node->children.size(); i += 2)
    if (camspan::gos::has_text(*node->children[i], key)) return camspan::gos::matching(node->children[i + 1], type);
  return nullptr;
}

gos_msgpack_object_t* gos_msgpack_get_array_object(const gos_msgpack_object_array_t* array, uint32_t index,
                                                   gos_msgpack_type_t type) {
  const Node* const node = Node::of(array);
  if (node == nullptr || node->base.type != MSGPACK_TYPE_ARRAY || index >= node->children.size()) return nullptr;
  return camspan::gos::matching(node->children[index], type);
}

gos_result_t gos_msgpack_foreach(const gos_msgpack_object_t* dict_or_array, gos_msgpack_iterator_t iterator_callback,
                                 void* arg, uint32_t depth) {
  const Node* const node = Node::of(dict_or_array);
  if (node == nullptr || iterator_callback == nullptr) return GOS_BAD_ARG;
  if (node->base.type != MSGPACK_TYPE_DICT && node->base.type != MSGPACK_TYPE_ARRAY) return GOS_BAD_ARG;
  return camspan::gos::walk(*node, iterator_callback, arg, depth);
}

char* gos_msgpack_to_str(const gos_msgpack_object_t* obj, char* buffer, uint32_t max_length) {
  const Node* const node = Node::of(obj);
  if (node == nullptr) return nullptr;
  char* result = nullptr;
  camspan::gos::guard([&] {
    result = camspan::gos::copy_cut(camspan::gos::text_of(*node), buffer, max_length);
    return GOS_SUCCESS;
  });
  return result;
}

bool gos_msgpack_object_is_type(const gos_msgpack_object_t* object, gos_msgpack_type_t type) {
  return camspan::gos::is_type(Node::of(object), type);
}

int32_t gos_msgpack_get_int(const gos_msgpack_object_t* object) {
  int64_t wide = 0;
  if (gos_msgpack_get_long(object, &wide) == nullptr) return 0;
  return static_cast<int32_t>(std::clamp<int64_t>(wide, INT32_MIN, INT32_MAX));
}

uint32_t gos_msgpack_get_uint(const gos_msgpack_object_t* object) {
  uint64_t wide = 0;
  if (gos_msgpack_get_ulong(object, &wide) == nullptr) return 0;
  return static_cast<uint32_t>(std::min<uint64_t>(wide, UINT32_MAX));
}

int64_t* gos_msgpack_get_long(const gos_msgpack_object_t* object, int64_t* buffer) {
  Integer integer;
  if (buffer == nullptr || !read_integer(Node::of(object), integer)) return nullptr;
  const bool fits = integer.negative || integer.bits <= INT64_MAX;
  *buffer = fits ? static_cast<int64_t>(integer.bits) : INT64_MAX;
  return buffer;
}

uint64_t* gos_msgpack_get_ulong(const gos_msgpack_object_t* object, uint64_t* buffer) {
  Integer integer;
  if (buffer == nullptr || !read_integer(Node::of(object), integer)) return nullptr;
  *buffer = integer.negative ? 0 : integer.bits;
  return buffer;
}

char* gos_msgpack_get_str(const gos_msgpack_object_t* object, char* buffer, uint16_t max_length) {
  const Node* const node = Node::of(object);
  if (node == nullptr || node->base.type != MSGPACK_TYPE_STR) return nullptr;
  return camspan::gos::copy_cut({node->str.data, node->str.length}, buffer, max_length);
}

gos_result_t gos_msgpack_remove_dict_object(gos_msgpack_object_dict_t* dict_obj, void* obj) {
  Node* const node = Node::of(dict_obj);
  if (node == nullptr || obj == nullptr || node->base.type != MSGPACK_TYPE_DICT) return GOS_BAD_ARG;
  for (std::size_t i = 1; i < node->children.size(); i += 2) {
    if (node->children[i].get() != obj) continue;
    const auto value = node->children.begin() + static_cast<std::ptrdiff_t>(i);
    node->children.erase(value - 1, value + 1);
    return GOS_SUCCESS;
  }
  return GOS_BAD_ARG;
}

gos_result_t gos_msgpack_set_user_context(gos_msgpack_object_t* obj, void* user, bool auto_free) {
  Node* const node = Node::of(obj);
  if (node == nullptr) return GOS_BAD_ARG;
  if (node->user != user && (node->base.flags & MSGPACK_OBJECT_FLAG_AUTO_FREE_USER) != 0) gos_free(node->user);
  node->user = user;
  const int kept = node->base.flags & ~MSGPACK_OBJECT_FLAG_AUTO_FREE_USER;
  node->base.flags =
      static_cast<gos_msgpack_object_flag_t>(kept | (auto_free ? MSGPACK_OBJECT_FLAG_AUTO_FREE_USER : 0));
  return GOS_SUCCESS;
}

gos_result_t gos_msgpack_get_user_context(const gos_msgpack_object_t* obj, void** user_ptr) {
  const Node* const node = Node::of(obj);
  if (node == nullptr || user_ptr == nullptr) return GOS_BAD_ARG;
  *user_ptr = node->user;
  return GOS_SUCCESS;
}
