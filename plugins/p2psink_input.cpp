/// What takes the stream inside p2psink: a plain GstBaseSink, so that preroll, EOS, segments and flushing are its.
#include <gst/base/gstbasesink.h>

#include <vector>

#include "gst_glue.hpp"
#include "p2psink_state.hpp"

using namespace camspan;
using namespace camspan::plugin;

#define P2P_TYPE_INPUT (p2p_input_get_type())
G_DECLARE_FINAL_TYPE(P2pInput, p2p_input, P2P, INPUT, GstBaseSink)

namespace {

struct InputState {
  std::shared_ptr<P2pSinkState> shared;
  std::vector<GstBuffer*> stream_header;  ///< of the caps, owned; streaming thread
};

}  // namespace

struct _P2pInput {
  GstBaseSink parent;
  InputState* state;
};

G_DEFINE_TYPE(P2pInput, p2p_input, GST_TYPE_BASE_SINK)

namespace {

GstStaticPadTemplate input_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS("video/x-flv"));

void drop_stream_header(InputState& state) {
  for (GstBuffer* buffer : state.stream_header) gst_buffer_unref(buffer);
  state.stream_header.clear();
}

bool is_among(const std::vector<GstBuffer*>& headers, GstBuffer* buffer) {
  for (GstBuffer* header : headers)
    if (equal_bytes(header, buffer)) return true;
  return false;
}

GstFlowReturn push_buffer(P2pInput* input, P2pCamera& camera, GstBuffer* buffer) {
  const auto unit = to_unit(buffer, GST_BASE_SINK(input)->segment);
  if (!unit) {
    GST_ELEMENT_ERROR(input, RESOURCE, READ, ("A buffer could not be read."), (nullptr));
    return GST_FLOW_ERROR;
  }
  if (unit->bytes.empty()) return GST_FLOW_OK;
  const Result<> pushed = camera.push(unit);
  if (pushed) return GST_FLOW_OK;
  post_error(GST_ELEMENT(input),
             {pushed.error(),
              "the stream is no FLV: " + pushed.error().message() + ". Put flvmux streamable=true before p2psink.", 0},
             true);
  return GST_FLOW_ERROR;
}

GstFlowReturn render(GstBaseSink* base, GstBuffer* buffer) noexcept {
  P2pInput* input = P2P_INPUT(base);
  return guarded(input, GST_FLOW_ERROR, [&] {
    const auto camera = camera_of(*input->state->shared);
    if (!camera) return GST_FLOW_FLUSHING;
    // The caps had it, and it was pushed with them.
    if (GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_HEADER) && is_among(input->state->stream_header, buffer))
      return GST_FLOW_OK;
    return push_buffer(input, *camera, buffer);
  });
}

GstFlowReturn render_list(GstBaseSink* base, GstBufferList* list) noexcept {
  for (guint i = 0; i < gst_buffer_list_length(list); ++i) {
    const GstFlowReturn flow = render(base, gst_buffer_list_get(list, i));
    if (flow != GST_FLOW_OK) return flow;
  }
  return GST_FLOW_OK;
}

/// The stream header of the caps goes before the first tag, whether or not it comes in-band too; a new one comes with
/// new codec data.
gboolean set_caps(GstBaseSink* base, GstCaps* caps) noexcept {
  P2pInput* input = P2P_INPUT(base);
  return guarded(input, FALSE, [&]() -> gboolean {
    const GValue* headers = gst_structure_get_value(gst_caps_get_structure(caps, 0), "streamheader");
    const auto camera = camera_of(*input->state->shared);
    if (!headers || !GST_VALUE_HOLDS_ARRAY(headers) || !camera) return TRUE;
    InputState& state = *input->state;
    const bool first = state.stream_header.empty();
    std::vector<GstBuffer*> before = std::exchange(state.stream_header, {});
    GstFlowReturn flow = GST_FLOW_OK;
    for (guint i = 0; i < gst_value_array_get_size(headers); ++i) {
      GstBuffer* buffer = gst_value_get_buffer(gst_value_array_get_value(headers, i));
      if (!buffer) continue;
      state.stream_header.push_back(gst_buffer_ref(buffer));
      // The file header begins a stream only once.
      if (flow == GST_FLOW_OK && !is_among(before, buffer) && (first || i > 0))
        flow = push_buffer(input, *camera, buffer);
    }
    for (GstBuffer* buffer : before) gst_buffer_unref(buffer);
    return flow == GST_FLOW_OK;
  });
}

gboolean event(GstBaseSink* base, GstEvent* event) noexcept {
  P2pInput* input = P2P_INPUT(base);
  guarded(input, 0, [&] {
    const auto camera = camera_of(*input->state->shared);
    if (camera && GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) camera->flush();
    return 0;
  });
  return GST_BASE_SINK_CLASS(p2p_input_parent_class)->event(base, event);
}

gboolean stop(GstBaseSink* base) noexcept {
  drop_stream_header(*P2P_INPUT(base)->state);
  return TRUE;
}

void finalize(GObject* object) noexcept {
  InputState* state = P2P_INPUT(object)->state;
  drop_stream_header(*state);
  delete state;
  G_OBJECT_CLASS(p2p_input_parent_class)->finalize(object);
}

}  // namespace

static void p2p_input_class_init(P2pInputClass* klass) {
  G_OBJECT_CLASS(klass)->finalize = finalize;
  auto* element_class = GST_ELEMENT_CLASS(klass);
  gst_element_class_add_static_pad_template(element_class, &input_template);
  gst_element_class_set_static_metadata(element_class, "Input of p2psink", "Sink/Network",
                                        "Takes the stream for p2psink", "The Camspan authors");
  auto* sink_class = GST_BASE_SINK_CLASS(klass);
  sink_class->render = GST_DEBUG_FUNCPTR(render);
  sink_class->render_list = GST_DEBUG_FUNCPTR(render_list);
  sink_class->set_caps = GST_DEBUG_FUNCPTR(set_caps);
  sink_class->event = GST_DEBUG_FUNCPTR(event);
  sink_class->stop = GST_DEBUG_FUNCPTR(stop);
}

static void p2p_input_init(P2pInput* input) {
  input->state = new InputState();
  auto* base = GST_BASE_SINK(input);
  // A camera reaches PLAYING without a viewer, is not paced, and keeps no buffer behind.
  gst_base_sink_set_sync(base, FALSE);
  gst_base_sink_set_async_enabled(base, FALSE);
  gst_base_sink_set_last_sample_enabled(base, FALSE);
  gst_base_sink_set_qos_enabled(base, FALSE);
}

namespace camspan::plugin {

GstElement* make_p2p_input(std::shared_ptr<P2pSinkState> state) {
  auto* input = P2P_INPUT(g_object_new(P2P_TYPE_INPUT, "name", "input", nullptr));
  {
    const std::lock_guard held(state->mutex);
    gst_base_sink_set_sync(GST_BASE_SINK(input), state->settings.sync);
  }
  input->state->shared = std::move(state);
  return GST_ELEMENT(input);
}

void request_key_through(GstElement* input) {
  send_force_key_unit(GST_BASE_SINK(input));
}

}  // namespace camspan::plugin
