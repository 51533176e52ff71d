/// What takes the stream inside p2psink: a plain GstBaseSink, so that preroll, EOS, segments and flushing are its.
#include <gst/base/gstbasesink.h>

#include "gst_glue.hpp"
#include "p2psink_state.hpp"
#include "stream_header.hpp"

using namespace camspan;
using namespace camspan::plugin;

#define P2P_TYPE_INPUT (p2p_input_get_type())
G_DECLARE_FINAL_TYPE(P2pInput, p2p_input, P2P, INPUT, GstBaseSink)

namespace {

struct InputState {
  std::shared_ptr<P2pSinkState> shared;
  StreamHeader stream_header;
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
    if (input->state->stream_header.repeats(buffer)) return GST_FLOW_OK;
    return push_buffer(input, *camera, buffer);
  });
}

/// The stream header of the caps goes before the first tag, whether or not it comes in-band too; a new one comes with
/// new codec data.
gboolean set_caps(GstBaseSink* base, GstCaps* caps) noexcept {
  P2pInput* input = P2P_INPUT(base);
  return guarded(input, FALSE, [&]() -> gboolean {
    const auto camera = camera_of(*input->state->shared);
    if (!camera) return TRUE;
    GstFlowReturn flow = GST_FLOW_OK;
    for (GstBuffer* buffer : input->state->stream_header.take(caps))
      if (flow == GST_FLOW_OK) flow = push_buffer(input, *camera, buffer);
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
  InputState& state = *P2P_INPUT(base)->state;
  state.stream_header.forget();
  const std::lock_guard handed_over(state.shared->mutex);  // to the thread that finalizes
  return TRUE;
}

void finalize(GObject* object) noexcept {
  InputState* state = P2P_INPUT(object)->state;
  { const std::lock_guard taken_over(state->shared->mutex); }  // from the thread that stopped it
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
  sink_class->render_list = render_each<render>;
  sink_class->set_caps = GST_DEBUG_FUNCPTR(set_caps);
  sink_class->event = GST_DEBUG_FUNCPTR(event);
  sink_class->stop = GST_DEBUG_FUNCPTR(stop);
}

static void p2p_input_init(P2pInput* input) {
  input->state = new InputState();
  init_live_sink(GST_BASE_SINK(input));
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
