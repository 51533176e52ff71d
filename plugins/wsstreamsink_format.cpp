#include "gst_glue.hpp"
#include "wsstreamsink_state.hpp"

namespace camspan::plugin {
namespace {

// Units of other formats say what they are as FLV tags do.
constexpr std::uint8_t kVideoTrack = 9;
constexpr std::uint8_t kAudioTrack = 8;

bool begins_like_flv(ByteView bytes) {
  constexpr std::string_view magic = "FLV";
  return magic.starts_with(as_text(bytes.first(std::min(bytes.size(), magic.size()))));
}

UnitKind kind_of(std::string_view media_type) {
  if (media_type.starts_with("video/") || media_type.starts_with("image/")) return UnitKind::key;
  if (media_type.starts_with("audio/")) return UnitKind::audio;
  return UnitKind::other;
}

}  // namespace

void WsStreamFormat::forget() {
  for (GstBuffer* buffer : headers_) gst_buffer_unref(buffer);
  headers_.clear();
  caps_.clear();
  known_ = false;
  flv_ = true;
}

std::vector<SharedUnit> WsStreamFormat::take_caps(GstCaps* caps, const GstSegment& segment) {
  forget();
  GstStructure* structure = gst_structure_copy(gst_caps_get_structure(caps, 0));
  std::vector<SharedUnit> units;
  if (const GValue* headers = gst_structure_get_value(structure, "streamheader");
      headers && GST_VALUE_HOLDS_ARRAY(headers)) {
    for (guint i = 0; i < gst_value_array_get_size(headers); ++i) {
      GstBuffer* buffer = gst_value_get_buffer(gst_value_array_get_value(headers, i));
      if (!buffer) continue;
      headers_.push_back(gst_buffer_ref(buffer));
      if (auto unit = to_unit(buffer, segment)) {
        unit->kind = UnitKind::config;
        units.push_back(std::move(unit));
      }
    }
  }
  gst_structure_remove_field(structure, "streamheader");
  const std::unique_ptr<gchar, decltype(&g_free)> text(gst_structure_to_string(structure), g_free);
  caps_ = text.get();
  if (caps_.ends_with(';')) caps_.pop_back();
  flv_ = gst_structure_has_name(structure, "video/x-flv");
  kind_ = kind_of(gst_structure_get_name(structure));
  known_ = true;
  gst_structure_free(structure);
  return units;
}

void WsStreamFormat::decide_by(ByteView bytes) {
  flv_ = begins_like_flv(bytes);
  kind_ = UnitKind::other;
  known_ = true;
}

void WsStreamFormat::classify(Unit& unit, GstBuffer* buffer) const {
  if (flv_) return;
  const bool delta = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  unit.kind = kind_ == UnitKind::key && delta ? UnitKind::delta : kind_;
  unit.disposable = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DROPPABLE);
  if (kind_ == UnitKind::key) unit.track = kVideoTrack;
  if (kind_ == UnitKind::audio) unit.track = kAudioTrack;
}

bool WsStreamFormat::repeats_header(GstBuffer* buffer) const {
  if (!GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_HEADER)) return false;
  for (GstBuffer* header : headers_)
    if (equal_bytes(header, buffer)) return true;
  return false;
}

}  // namespace camspan::plugin
