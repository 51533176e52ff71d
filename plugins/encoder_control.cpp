#include "encoder_control.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "gst_glue.hpp"

namespace camspan::plugin {
namespace {

struct Row {
  std::string_view factory;
  const char* property;
  unsigned unit;  ///< bit/s that 1 stands for
};

// One factory may have two rows: the first property that it has here counts.
constexpr std::array kTable{
    Row{"x264enc", "bitrate", 1000},
    Row{"x265enc", "bitrate", 1000},
    Row{"openh264enc", "bitrate", 1},
    Row{"v4l2h264enc", "bitrate", 1},
    Row{"v4l2h265enc", "bitrate", 1},
    Row{"v4l2h264enc", "extra-controls", 1},
    Row{"v4l2h265enc", "extra-controls", 1},
    Row{"mpph264enc", "bps", 1},
    Row{"mpph265enc", "bps", 1},
    Row{"nvv4l2h264enc", "bitrate", 1},
    Row{"nvv4l2h265enc", "bitrate", 1},
    Row{"vpuenc_h264", "bitrate", 1000},
    Row{"vpuenc_hevc", "bitrate", 1000},
    Row{"vah264enc", "bitrate", 1000},
    Row{"vah264lpenc", "bitrate", 1000},
    Row{"vah265enc", "bitrate", 1000},
    Row{"vaapih264enc", "bitrate", 1000},
    Row{"vaapih265enc", "bitrate", 1000},
    Row{"qsvh264enc", "bitrate", 1000},
    Row{"qsvh265enc", "bitrate", 1000},
    Row{"nvh264enc", "bitrate", 1000},
    Row{"nvh265enc", "bitrate", 1000},
    Row{"qtic2venc", "target-bitrate", 1},
    Row{"omxh264enc", "target-bitrate", 1},
};
// bcm2835-codec takes no other steps, and every camera can live with them.
constexpr std::uint64_t kControlStep = 25'000;

std::string_view factory_of(GstElement* element) {
  GstElementFactory* factory = gst_element_get_factory(element);
  return factory ? GST_OBJECT_NAME(factory) : std::string_view();
}

bool is_known(GstElement* element) {
  const std::string_view factory = factory_of(element);
  return std::any_of(kTable.begin(), kTable.end(), [factory](const Row& row) { return row.factory == factory; });
}

bool set_number(GstElement* encoder, GParamSpec* spec, std::uint64_t number) {
  GValue value = G_VALUE_INIT;
  g_value_init(&value, spec->value_type);
  if (G_IS_PARAM_SPEC_UINT(spec))
    g_value_set_uint(&value, static_cast<guint>(std::min<std::uint64_t>(number, G_MAXUINT)));
  else if (G_IS_PARAM_SPEC_INT(spec))
    g_value_set_int(&value, static_cast<gint>(std::min<std::uint64_t>(number, G_MAXINT)));
  else if (G_IS_PARAM_SPEC_UINT64(spec))
    g_value_set_uint64(&value, number);
  else
    return false;
  g_param_value_validate(spec, &value);  // into its range
  g_object_set_property(G_OBJECT(encoder), spec->name, &value);
  g_value_unset(&value);
  return true;
}

bool set_control(GstElement* encoder, GParamSpec* spec, std::uint64_t bits_per_second) {
  if (spec->value_type != GST_TYPE_STRUCTURE) return false;
  const std::uint64_t rounded = std::max(bits_per_second / kControlStep, std::uint64_t{1}) * kControlStep;
  GstStructure* controls = nullptr;
  g_object_get(encoder, spec->name, &controls, nullptr);
  if (!controls) controls = gst_structure_new_empty("controls");
  gst_structure_set(controls, "video_bitrate", G_TYPE_INT,
                    static_cast<gint>(std::min<std::uint64_t>(rounded, G_MAXINT)), nullptr);
  g_object_set(encoder, spec->name, controls, nullptr);
  gst_structure_free(controls);
  return true;
}

}  // namespace

bool set_encoder_bitrate(GstElement* encoder, std::uint64_t bits_per_second) {
  const std::string_view factory = factory_of(encoder);
  for (const Row& row : kTable) {
    if (row.factory != factory) continue;
    GParamSpec* spec = g_object_class_find_property(G_OBJECT_GET_CLASS(encoder), row.property);
    if (!spec) continue;
    return std::strcmp(row.property, "extra-controls") == 0 ? set_control(encoder, spec, bits_per_second)
                                                            : set_number(encoder, spec, bits_per_second / row.unit);
  }
  return false;
}

void force_encoder_key(GstElement* encoder) {
  if (factory_of(encoder).starts_with("nvv4l2") && g_signal_lookup("force-IDR", G_OBJECT_TYPE(encoder)) != 0)
    g_signal_emit_by_name(encoder, "force-IDR");
}

GstElement* find_encoder(GstElement* element, const std::string& name) {
  ObjectPtr<GstObject> top(GST_OBJECT(gst_object_ref(element)));
  while (GstObject* parent = gst_object_get_parent(top.get())) top.reset(parent);
  if (!GST_IS_BIN(top.get())) return nullptr;
  if (name != "auto") return gst_bin_get_by_name(GST_BIN(top.get()), name.c_str());
  GstElement* found = nullptr;
  bool several = false;
  GstIterator* all = gst_bin_iterate_recurse(GST_BIN(top.get()));
  GValue item = G_VALUE_INIT;
  while (gst_iterator_next(all, &item) == GST_ITERATOR_OK) {
    auto* candidate = GST_ELEMENT(g_value_get_object(&item));
    if (is_known(candidate)) {
      several = several || found;
      if (!found) found = GST_ELEMENT(gst_object_ref(candidate));
    }
    g_value_reset(&item);
  }
  if (G_IS_VALUE(&item)) g_value_unset(&item);
  gst_iterator_free(all);
  if (several) gst_clear_object(&found);
  return found;
}

}  // namespace camspan::plugin
