#include "stream_header.hpp"

#include <algorithm>
#include <utility>

namespace camspan::plugin {
namespace {

bool equal_bytes(GstBuffer* a, GstBuffer* b) {
  if (gst_buffer_get_size(a) != gst_buffer_get_size(b)) return false;
  GstMapInfo map;
  if (!gst_buffer_map(a, &map, GST_MAP_READ)) return false;
  const bool equal = gst_buffer_memcmp(b, 0, map.data, map.size) == 0;
  gst_buffer_unmap(a, &map);
  return equal;
}

bool is_among(const std::vector<GstBuffer*>& buffers, GstBuffer* buffer) {
  return std::any_of(buffers.begin(), buffers.end(), [&](GstBuffer* held) { return equal_bytes(held, buffer); });
}

void unref_all(const std::vector<GstBuffer*>& buffers) {
  for (GstBuffer* buffer : buffers) gst_buffer_unref(buffer);
}

}  // namespace

std::vector<GstBuffer*> StreamHeader::take(const GstCaps* caps) {
  const GValue* headers = gst_structure_get_value(gst_caps_get_structure(caps, 0), "streamheader");
  if (!headers || !GST_VALUE_HOLDS_ARRAY(headers)) return {};
  const std::vector<GstBuffer*> before = std::exchange(buffers_, {});
  std::vector<GstBuffer*> fresh;
  for (guint i = 0; i < gst_value_array_get_size(headers); ++i) {
    GstBuffer* buffer = gst_value_get_buffer(gst_value_array_get_value(headers, i));
    if (!buffer) continue;
    buffers_.push_back(gst_buffer_ref(buffer));
    if ((before.empty() || i > 0) && !is_among(before, buffer)) fresh.push_back(buffer);
  }
  unref_all(before);
  return fresh;
}

bool StreamHeader::repeats(GstBuffer* buffer) const {
  return GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_HEADER) && is_among(buffers_, buffer);
}

void StreamHeader::forget() {
  unref_all(std::exchange(buffers_, {}));
}

}  // namespace camspan::plugin
