/// Messages of WebSocket streams: what is taken is what msgpack-c takes, and survives being written again.
#include <msgpack.h>
#include <cstdlib>

#include "proto/ws_message/message.hpp"

namespace {

using namespace camspan::ws_message;

bool library_takes(camspan::ByteView bytes) {
  msgpack_unpacked unpacked;
  msgpack_unpacked_init(&unpacked);
  std::size_t offset = 0;
  const auto result =
      msgpack_unpack_next(&unpacked, reinterpret_cast<const char*>(bytes.data()), bytes.size(), &offset);
  msgpack_unpacked_destroy(&unpacked);
  return result == MSGPACK_UNPACK_SUCCESS && offset == bytes.size();
}

template <class T>
void check_again(const T& message) {
  const camspan::Bytes written = encode(message);
  const auto again = decode(written, {SIZE_MAX, kMaxNesting, SIZE_MAX});
  if (!again || !std::holds_alternative<T>(*again) || encode(std::get<T>(*again)) != written) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const Limits limits;
  // What is refused is not shown to the library: it allocates what a header announces.
  const auto checked = check_value(bytes, limits);
  if (checked && !library_takes(bytes)) std::abort();
  const auto decoded = decode(bytes, limits);
  if (!decoded) return 0;
  if (const auto* request = std::get_if<Request>(&*decoded)) check_again(*request);
  if (const auto* response = std::get_if<Response>(&*decoded)) check_again(*response);
  return 0;
}
