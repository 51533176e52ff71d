#include "proto/flv/amf.hpp"

#include <algorithm>
#include <bit>

namespace camspan::flv {
namespace {

constexpr std::size_t kMaxValues = 256;
constexpr int kMaxDepth = 16;

enum class Marker : std::uint8_t {
  number = 0,
  boolean = 1,
  string = 2,
  object = 3,
  null = 5,
  undefined = 6,
  reference = 7,
  ecma_array = 8,
  object_end = 9,
  strict_array = 10,
  date = 11,
  long_string = 12,
  unsupported = 13,
  xml_document = 15,
  typed_object = 16,
};

class Reader {
 public:
  explicit Reader(ByteView data) : rest_(data) {}

  bool at_end() const { return rest_.empty(); }
  Result<ByteView> take(std::size_t size) {
    if (size > rest_.size()) return fail(Errc::malformed);
    const ByteView taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  template <std::size_t N>
  Result<std::uint64_t> integer() {
    return take(N).map([](ByteView bytes) { return load_be<N>(bytes.data()); });
  }
  Result<Marker> marker() {
    return integer<1>().map([](std::uint64_t value) { return static_cast<Marker>(value); });
  }
  template <std::size_t N>
  Result<std::string> text() {
    const auto size = integer<N>();
    if (!size) return fail(size.error());
    return take(static_cast<std::size_t>(*size)).map([](ByteView bytes) { return std::string(as_text(bytes)); });
  }

 private:
  ByteView rest_;
};

Result<> read_properties(Reader& in, int depth, ScriptData* out);

Result<> skip(Reader& in, std::size_t size) {
  const auto taken = in.take(size);
  return taken ? Result<>() : fail(taken.error());
}

Result<> skip_value(Reader& in, Marker marker, int depth);

Result<> skip_array(Reader& in, int depth) {
  const auto count = in.integer<4>();
  if (!count) return fail(count.error());
  // Each element takes a byte at least, so a false count ends where the data end.
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto marker = in.marker();
    if (!marker) return fail(marker.error());
    if (const auto skipped = skip_value(in, *marker, depth); !skipped) return skipped;
  }
  return {};
}

/// Length of a string of `N` length bytes, then the string.
template <std::size_t N>
Result<> skip_text(Reader& in) {
  const auto size = in.integer<N>();
  return size ? skip(in, static_cast<std::size_t>(*size)) : fail(size.error());
}

Result<> skip_value(Reader& in, Marker marker, int depth) {
  if (depth > kMaxDepth) return fail(Errc::too_large);
  switch (marker) {
    case Marker::number:
      return skip(in, 8);
    case Marker::boolean:
      return skip(in, 1);
    case Marker::string:
      return skip_text<2>(in);
    case Marker::reference:
      return skip(in, 2);
    case Marker::null:
    case Marker::undefined:
    case Marker::unsupported:
      return {};
    case Marker::date:
      return skip(in, 10);  // milliseconds as a number, and a zone of 16 bits
    case Marker::long_string:
    case Marker::xml_document:
      return skip_text<4>(in);
    case Marker::object:
      return read_properties(in, depth + 1, nullptr);
    case Marker::ecma_array:
      if (const auto count = skip(in, 4); !count) return count;
      return read_properties(in, depth + 1, nullptr);
    case Marker::typed_object:
      if (const auto name = skip_text<2>(in); !name) return name;
      return read_properties(in, depth + 1, nullptr);
    case Marker::strict_array:
      return skip_array(in, depth + 1);
    case Marker::object_end:
      break;
  }
  return fail(Errc::malformed);
}

/// A number, bool or string; nullopt for what was skipped.
Result<std::optional<AmfValue>> read_value(Reader& in, int depth) {
  const auto marker = in.marker();
  if (!marker) return fail(marker.error());
  switch (*marker) {
    case Marker::number:
      return in.integer<8>().map(
          [](std::uint64_t bits) { return std::optional<AmfValue>(std::bit_cast<double>(bits)); });
    case Marker::boolean:
      return in.integer<1>().map([](std::uint64_t value) { return std::optional<AmfValue>(value != 0); });
    case Marker::string:
      return in.text<2>().map([](std::string text) { return std::optional<AmfValue>(text); });
    case Marker::long_string:
      return in.text<4>().map([](std::string text) { return std::optional<AmfValue>(text); });
    default:
      break;
  }
  if (const auto skipped = skip_value(in, *marker, depth); !skipped) return fail(skipped.error());
  return std::optional<AmfValue>();
}

/// Properties up to the end marker (an empty name and object_end) or the end of the data. Into `out` if there is one.
Result<> read_properties(Reader& in, int depth, ScriptData* out) {
  while (!in.at_end()) {
    auto name = in.text<2>();
    if (!name) return fail(name.error());
    if (name->empty()) {
      const auto end = in.marker();
      if (end && *end != Marker::object_end) return fail(Errc::malformed);
      return {};
    }
    auto value = read_value(in, depth);
    if (!value) return fail(value.error());
    if (out && *value && out->values.size() < kMaxValues)
      out->values.emplace_back(std::move(*name), std::move(**value));
  }
  return {};
}

Result<std::string> read_name(Reader& in) {
  const auto marker = in.marker();
  if (!marker) return fail(marker.error());
  if (*marker != Marker::string) return fail(Errc::malformed);
  return in.text<2>();
}

void append_text(Bytes& out, std::string_view text) {
  text = text.substr(0, 0xffff);
  out.resize(out.size() + 2);
  store_be<2>(&out[out.size() - 2], text.size());
  const ByteView bytes = as_bytes(text);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_marker(Bytes& out, Marker marker) {
  out.push_back(static_cast<std::byte>(marker));
}

void append_value(Bytes& out, const AmfValue& value) {
  if (const auto* number = std::get_if<double>(&value)) {
    append_marker(out, Marker::number);
    out.resize(out.size() + 8);
    store_be<8>(&out[out.size() - 8], std::bit_cast<std::uint64_t>(*number));
  } else if (const auto* boolean = std::get_if<bool>(&value)) {
    append_marker(out, Marker::boolean);
    out.push_back(std::byte{*boolean});
  } else {
    append_marker(out, Marker::string);
    append_text(out, std::get<std::string>(value));
  }
}

template <class T>
const T* find(const ScriptData& script, std::string_view key) {
  const auto found = std::ranges::find_if(script.values, [&](const auto& value) { return value.first == key; });
  return found == script.values.end() ? nullptr : std::get_if<T>(&found->second);
}

}  // namespace

std::optional<double> ScriptData::number(std::string_view key) const {
  const auto* value = find<double>(*this, key);
  return value ? std::optional(*value) : std::nullopt;
}

std::optional<std::string_view> ScriptData::text(std::string_view key) const {
  const auto* value = find<std::string>(*this, key);
  return value ? std::optional<std::string_view>(*value) : std::nullopt;
}

Result<ScriptData> read_script(ByteView data) {
  Reader in(data);
  auto name = read_name(in);
  if (name && *name == "@setDataFrame") name = read_name(in);
  if (!name) return fail(name.error());
  ScriptData script{std::move(*name), {}};
  if (in.at_end()) return script;
  const auto marker = in.marker();
  if (*marker == Marker::ecma_array) {
    if (const auto count = skip(in, 4); !count) return fail(count.error());
  } else if (*marker != Marker::object) {
    return script;  // an event with another kind of argument
  }
  if (const auto read = read_properties(in, 0, &script); !read) return fail(read.error());
  return script;
}

Bytes write_script(const ScriptData& script) {
  Bytes out;
  append_marker(out, Marker::string);
  append_text(out, script.name);
  append_marker(out, Marker::ecma_array);
  out.resize(out.size() + 4);
  store_be<4>(&out[out.size() - 4], script.values.size());
  for (const auto& [key, value] : script.values) {
    append_text(out, key);
    append_value(out, value);
  }
  append_text(out, "");
  append_marker(out, Marker::object_end);
  return out;
}

std::optional<Metadata> read_metadata(ByteView data) {
  const auto script = read_script(data);
  if (!script || script->name != "onMetaData") return std::nullopt;
  return Metadata{script->number("width"), script->number("height"), script->number("framerate"),
                  script->number("audiosamplerate")};
}

}  // namespace camspan::flv
