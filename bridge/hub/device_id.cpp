#include "hub/device_id.hpp"

namespace camspan::hub {
namespace {

constexpr std::string_view kOwnProductKey = "camspan";

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool is_id(std::string_view text) {
  if (text.empty() || text.size() > DeviceId::kMaxBytes || !is_alphanumeric(text.front())) return false;
  for (const char c : text)
    if (!is_alphanumeric(c) && c != '.' && c != '_' && c != '-') return false;
  return !text.ends_with(".flv");
}

}  // namespace

Result<DeviceId> DeviceId::parse(std::string_view text) {
  if (!is_id(text)) return fail(Errc::malformed);
  if (text.starts_with("camspan.")) {
    // Stripped only where the bare name reads back as the same triple.
    const DeviceId bare(text.substr(kOwnProductKey.size() + 1));
    if (is_id(bare.text_) && bare.dot() == std::string::npos) return bare;
  }
  return DeviceId(text);
}

Result<DeviceId> DeviceId::of_triple(std::string_view product_key, std::string_view device_name) {
  if (product_key.empty() || device_name.empty() || product_key.find('.') != std::string_view::npos)
    return fail(Errc::malformed);
  // Its full spelling may be longer than an id.
  if (product_key == kOwnProductKey && is_id(device_name) && DeviceId(device_name).dot() == std::string::npos)
    return DeviceId(device_name);
  return parse(std::string(product_key) + "." + std::string(device_name));
}

std::size_t DeviceId::dot() const {
  const auto dot = text_.find('.');
  return dot + 1 == text_.size() ? std::string::npos : dot;
}

std::string_view DeviceId::product_key() const {
  return dot() == std::string::npos ? kOwnProductKey : std::string_view(text_).substr(0, dot());
}

std::string_view DeviceId::device_name() const {
  return dot() == std::string::npos ? std::string_view(text_) : std::string_view(text_).substr(dot() + 1);
}

}  // namespace camspan::hub
