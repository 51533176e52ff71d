/// The child object `signaller` of p2psink: the settings of how viewers find the camera.
#include "gst_glue.hpp"
#include "p2psink_state.hpp"

using namespace camspan;
using namespace camspan::plugin;

#define P2P_TYPE_SIGNALLER (p2p_signaller_get_type())
G_DECLARE_FINAL_TYPE(P2pSignallerObject, p2p_signaller, P2P, SIGNALLER, GstObject)

struct _P2pSignallerObject {
  GstObject parent;
  std::shared_ptr<P2pSinkState>* state;
};

G_DEFINE_TYPE(P2pSignallerObject, p2p_signaller, GST_TYPE_OBJECT)

namespace {

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) noexcept {
  P2pSinkState& state = **P2P_SIGNALLER(object)->state;
  const P2pProperty* row = find(p2p_signaller_rows(), id);
  std::unique_lock held(state.mutex);
  const bool running = state.camera != nullptr;
  if (row && !running) {
    set(state.settings, *row, value);
    state.settings.set_on_child.set(id);
  }
  held.unlock();
  if (running) GST_WARNING_OBJECT(object, "%s cannot be changed while the element runs", spec->name);
  if (!row) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) noexcept {
  P2pSinkState& state = **P2P_SIGNALLER(object)->state;
  if (id == kSignalCurrentPort) {
    const auto camera = camera_of(state);
    return g_value_set_uint(value, camera ? camera->local_port() : 0);
  }
  const P2pProperty* row = find(p2p_signaller_rows(), id);
  std::unique_lock held(state.mutex);
  if (row) get(state.settings, *row, value);
  held.unlock();
  if (!row) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

void finalize(GObject* object) noexcept {
  delete P2P_SIGNALLER(object)->state;
  G_OBJECT_CLASS(p2p_signaller_parent_class)->finalize(object);
}

}  // namespace

static void p2p_signaller_class_init(P2pSignallerObjectClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  install(object_class, p2p_signaller_rows());
  g_object_class_install_property(
      object_class, kSignalCurrentPort,
      g_param_spec_uint("current-port", "current-port", "local: the port that viewers come to; 0 = none yet", 0, 65535,
                        0, static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
  gst_type_mark_as_plugin_api(P2P_TYPE_SIGNALLER, static_cast<GstPluginAPIFlags>(0));
}

static void p2p_signaller_init(P2pSignallerObject* signaller) {
  signaller->state = new std::shared_ptr<P2pSinkState>();
}

namespace camspan::plugin {

GstObject* make_p2p_signaller(std::shared_ptr<P2pSinkState> state) {
  auto* signaller = P2P_SIGNALLER(g_object_new(P2P_TYPE_SIGNALLER, "name", "signaller", nullptr));
  *signaller->state = std::move(state);
  return GST_OBJECT(signaller);
}

}  // namespace camspan::plugin
