/// What a gos_msgpack_object_t* points to.
#pragma once

#include <camspan/bytes.hpp>
#include <memory>
#include <vector>

#include "gos_msgpack.h"

namespace camspan::gos {

struct Node;
using NodePtr = std::unique_ptr<Node>;

/// One value. The part that programs know comes first.
struct Node {
  union {
    gos_msgpack_object_t base;
    gos_msgpack_object8_t data8;
    gos_msgpack_object16_t data16;
    gos_msgpack_object32_t data32;
    gos_msgpack_object64_t data64;
    gos_msgpack_object_str_t str;
    gos_msgpack_object_bin_t bin;
  };
  Bytes bytes;                    ///< of a str, with its NUL, or a bin
  std::vector<NodePtr> children;  ///< elements, or keys and values in turn
  void* user = nullptr;

  Node() : data64{} {}
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  static Node* of(void* object) { return static_cast<Node*>(object); }
  static const Node* of(const void* object) { return static_cast<const Node*>(object); }
};

/// @return null when `bytes` are not exactly one value that lies at most 32 deep. May throw std::bad_alloc.
NodePtr read_value(ByteView bytes);

/// An integer, whatever its width.
struct Integer {
  bool negative;
  std::uint64_t bits;  ///< two's complement where it is negative
};
/// @return false when it is none
bool read_integer(const Node* node, Integer& integer);

}  // namespace camspan::gos
