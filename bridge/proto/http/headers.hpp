/// Header fields of HTTP (RFC 9110 section 5): an ordered list.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace camspan::http {

struct Header {
  std::string name;  ///< lower case
  std::string value;
  bool sensitive = false;  ///< never indexed by HPACK, never logged
};

class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> fields) : fields_(fields) {}

  void append(std::string name, std::string value, bool sensitive = false) {
    fields_.push_back({std::move(name), std::move(value), sensitive});
  }
  /// The value of the first field of that name.
  std::optional<std::string_view> find(std::string_view name) const {
    for (const Header& field : fields_)
      if (field.name == name) return field.value;
    return std::nullopt;
  }
  /// How many fields have that name.
  std::size_t count(std::string_view name) const {
    std::size_t count = 0;
    for (const Header& field : fields_)
      if (field.name == name) ++count;
    return count;
  }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  std::size_t size() const { return fields_.size(); }

 private:
  std::vector<Header> fields_;
};

}  // namespace camspan::http
