/// An answer of the hub, taken apart.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace camspan::hub {

struct HttpReply {
  int status = 0;
  std::string head;
  std::string body;

  std::string field(const std::string& name) const {
    const auto at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "";
    const auto begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
  nlohmann::json as_json() const { return nlohmann::json::parse(body, nullptr, false); }
};

inline std::string unchunk(std::string_view text) {
  std::string body;
  while (!text.empty()) {
    const auto line = text.find("\r\n");
    if (line == std::string_view::npos) break;
    const std::size_t size = std::stoul(std::string(text.substr(0, line)), nullptr, 16);
    if (size == 0) break;
    body += text.substr(line + 2, size);
    text.remove_prefix(std::min(text.size(), line + 2 + size + 2));
  }
  return body;
}

/// Throws std::runtime_error if `text` is no whole head.
inline HttpReply parse_reply(const std::string& text) {
  const auto end = text.find("\r\n\r\n");
  if (end == std::string::npos) throw std::runtime_error("no answer: " + text);
  HttpReply reply{std::stoi(text.substr(9, 3)), text.substr(0, end + 2), text.substr(end + 4)};
  if (reply.field("transfer-encoding") == "chunked") reply.body = unchunk(reply.body);
  return reply;
}

}  // namespace camspan::hub
