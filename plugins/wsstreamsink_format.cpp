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
  header_.forget();
  caps_.clear();
  known_ = false;
  flv_ = true;
}

std::vector<SharedUnit> WsStreamFormat::take_caps(GstCaps* caps, const GstSegment& segment) {
  forget();
  std::vector<SharedUnit> units;
  for (GstBuffer* buffer : header_.take(caps)) {
    if (auto unit = to_unit(buffer, segment)) {
      unit->kind = UnitKind::config;
      units.push_back(std::move(unit));
    }
  }
  GstStructure* structure = gst_structure_copy(gst_caps_get_structure(caps, 0));
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

}  // namespace camspan::plugin
