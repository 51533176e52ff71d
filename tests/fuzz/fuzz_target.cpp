/// Targets of requests: paths, queries and their escapes.
#include <cstdlib>

#include "net/http_exchange.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view target(reinterpret_cast<const char*>(data), size);
  camspan::net::RequestHead head;
  if (!camspan::net::set_target(head, target)) return 0;
  if (head.path.find('\0') != std::string::npos) std::abort();
  if (head.path != "*" && head.path[0] != '/') std::abort();
  // Every parameter that is there can be found by its decoded name.
  const std::string_view first = std::string_view(head.query).substr(0, head.query.find('&'));
  const auto name = camspan::net::percent_decode(first.substr(0, first.find('=')), true);
  if (!first.empty() && (!name || !head.query_value(*name))) std::abort();
  return 0;
}
