#include "gst_glue.hpp"

#include <camspan/hal.h>
#include <gst/video/video.h>

#include <atomic>
#include <optional>

#include "core/log.hpp"

namespace camspan::plugin {
namespace {

GST_DEBUG_CATEGORY_STATIC(core_category);

/// A mapped buffer; unmapped and released with the last unit that looks into it.
class MappedBuffer {
 public:
  explicit MappedBuffer(GstBuffer* buffer) : buffer_(gst_buffer_ref(buffer)) {
    mapped_ = gst_buffer_map(buffer_, &map_, GST_MAP_READ);
  }
  ~MappedBuffer() {
    if (mapped_) gst_buffer_unmap(buffer_, &map_);
    gst_buffer_unref(buffer_);
  }
  MappedBuffer(const MappedBuffer&) = delete;
  MappedBuffer& operator=(const MappedBuffer&) = delete;

  bool mapped() const { return mapped_; }
  ByteView bytes() const { return std::as_bytes(std::span(map_.data, map_.size)); }

 private:
  GstBuffer* buffer_;
  GstMapInfo map_{};
  bool mapped_ = false;
};

std::optional<std::chrono::nanoseconds> running_time(const GstSegment& segment, GstClockTime time) {
  if (segment.format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID(time)) return std::nullopt;
  const guint64 running = gst_segment_to_running_time(&segment, GST_FORMAT_TIME, time);
  if (!GST_CLOCK_TIME_IS_VALID(running)) return std::nullopt;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(running));
}

GQuark domain_and_code(const Failure& failure, bool ever_connected, gint& code) {
  const auto is = [&](Errc e) { return failure.code == make_error_code(e); };
  if (is(Errc::wrong_type)) {
    code = GST_STREAM_ERROR_WRONG_TYPE;
    return GST_STREAM_ERROR;
  }
  if (is(Errc::malformed)) {
    code = GST_STREAM_ERROR_FORMAT;
    return GST_STREAM_ERROR;
  }
  code = ever_connected ? GST_RESOURCE_ERROR_WRITE : GST_RESOURCE_ERROR_OPEN_WRITE;
  if (is(Errc::bad_setting)) code = GST_RESOURCE_ERROR_SETTINGS;
  if (is(Errc::not_authenticated) || is(Errc::not_authorized)) code = GST_RESOURCE_ERROR_NOT_AUTHORIZED;
  if (is(Errc::not_found)) code = GST_RESOURCE_ERROR_NOT_FOUND;
  if (is(Errc::no_space) || is(Errc::too_large)) code = GST_RESOURCE_ERROR_NO_SPACE_LEFT;
  if (is(Errc::busy)) code = GST_RESOURCE_ERROR_BUSY;
  return GST_RESOURCE_ERROR;
}

void post(GstElement* element, GstMessageType type, const Failure& failure, bool ever_connected) {
  gint code = 0;
  const GQuark domain = domain_and_code(failure, ever_connected, code);
  GstStructure* details =
      gst_structure_new("details", "http-status-code", G_TYPE_UINT, static_cast<guint>(failure.http_status), "reason",
                        G_TYPE_STRING, failure.code.message().c_str(), nullptr);
  const std::string debug = "status " + std::to_string(failure.http_status) + ", " + failure.code.category().name() +
                            ":" + std::to_string(failure.code.value()) + " (" + failure.code.message() + ")";
  gst_element_message_full_with_details(element, type, domain, code, g_strdup(failure.sentence.c_str()),
                                        g_strdup(debug.c_str()), __FILE__, GST_FUNCTION, __LINE__, details);
}

GstDebugLevel to_gst(log::Level level) {
  switch (level) {
    case log::Level::error:
      return GST_LEVEL_ERROR;
    case log::Level::warn:
      return GST_LEVEL_WARNING;
    case log::Level::info:
      return GST_LEVEL_INFO;
    case log::Level::debug:
      return GST_LEVEL_DEBUG;
    case log::Level::trace:
      return GST_LEVEL_TRACE;
  }
  return GST_LEVEL_TRACE;
}

}  // namespace

std::shared_ptr<Unit> to_unit(GstBuffer* buffer, const GstSegment& segment) {
  auto mapped = std::make_shared<const MappedBuffer>(buffer);
  if (!mapped->mapped()) return nullptr;
  auto unit = std::make_shared<Unit>();
  unit->bytes = mapped->bytes();
  unit->owner = std::move(mapped);
  unit->pts = running_time(segment, GST_BUFFER_PTS(buffer));
  unit->dts = running_time(segment, GST_BUFFER_DTS_OR_PTS(buffer));
  return unit;
}

std::optional<UtcTime> capture_time(GstElement* element, GstBuffer* buffer, const GstSegment& segment, bool live) {
  using std::chrono::milliseconds;
  static GstStaticCaps unix_time = GST_STATIC_CAPS("timestamp/x-unix");
  GstCaps* reference = gst_static_caps_get(&unix_time);
  const GstReferenceTimestampMeta* meta = gst_buffer_get_reference_timestamp_meta(buffer, reference);
  gst_caps_unref(reference);
  if (meta) return UtcTime(milliseconds(static_cast<std::int64_t>(meta->timestamp / GST_MSECOND)));

  const auto running = running_time(segment, GST_BUFFER_PTS(buffer));
  if (!live || !running) return std::nullopt;
  const ObjectPtr<GstClock> clock(gst_element_get_clock(element));
  if (!clock) return std::nullopt;
  const auto age = static_cast<std::int64_t>(gst_clock_get_time(clock.get())) -
                   static_cast<std::int64_t>(gst_element_get_base_time(element)) - running->count();
  return UtcTime(std::chrono::duration_cast<milliseconds>(std::chrono::nanoseconds(hal()->utc_ns() - age)));
}

void post_error(GstElement* element, const Failure& failure, bool ever_connected) {
  post(element, GST_MESSAGE_ERROR, failure, ever_connected);
}

void post_warning(GstElement* element, const Failure& failure) {
  post(element, GST_MESSAGE_WARNING, failure, true);
}

void post_stopped(GstElement* element, const char* what) {
  const GstElementFactory* factory = gst_element_get_factory(element);
  const std::string name = factory ? gst_plugin_feature_get_name(factory) : "the element";
  gst_element_message_full(element, GST_MESSAGE_ERROR, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED,
                           g_strdup((name + " had to stop.").c_str()), g_strdup(what), __FILE__, GST_FUNCTION,
                           __LINE__);
}

void init_live_sink(GstBaseSink* sink) {
  gst_base_sink_set_sync(sink, FALSE);
  gst_base_sink_set_async_enabled(sink, FALSE);
  gst_base_sink_set_last_sample_enabled(sink, FALSE);
  gst_base_sink_set_qos_enabled(sink, FALSE);
}

GstStructure* base_sink_stats(GstBaseSink* sink) {
  auto* parent = G_OBJECT_CLASS(g_type_class_peek(GST_TYPE_BASE_SINK));
  GParamSpec* spec = g_object_class_find_property(parent, "stats");
  GValue value = G_VALUE_INIT;
  g_value_init(&value, GST_TYPE_STRUCTURE);
  parent->get_property(G_OBJECT(sink), spec->param_id, &value, spec);
  GstStructure* stats = static_cast<GstStructure*>(g_value_dup_boxed(&value));
  g_value_unset(&value);
  return stats;
}

GstClockID start_stats_timer(GstElement* element, unsigned interval_ms, GstClockCallback post) {
  if (interval_ms == 0) return nullptr;
  const ObjectPtr<GstClock> clock(gst_system_clock_obtain());
  const GstClockTime interval = interval_ms * GST_MSECOND;
  GstClockID timer = gst_clock_new_periodic_id(clock.get(), gst_clock_get_time(clock.get()) + interval, interval);
  gst_clock_id_wait_async(timer, post, gst_object_ref(element), gst_object_unref);
  return timer;
}

void send_force_key_unit(GstBaseSink* sink) {
  static std::atomic<guint> count{0};
  // An upstream without an encoder refuses, and so does the audio side of a muxer: only the key frame tells.
  gst_pad_push_event(GST_BASE_SINK_PAD(sink),
                     gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, ++count));
}

gboolean first_answer(GSignalInvocationHint*, GValue* result, const GValue* answer, gpointer) {
  const char* text = g_value_get_string(answer);
  if (!text) return TRUE;
  g_value_set_string(result, text);
  return FALSE;
}

gboolean first_decision(GSignalInvocationHint*, GValue* result, const GValue* answer, gpointer) {
  g_value_copy(answer, result);
  return FALSE;
}

void route_log() {
  GST_DEBUG_CATEGORY_INIT(core_category, "camspancore", 0, "Camspan transport core");
  // GStreamer filters by category; the core must not do so before it.
  log::set_level(log::Level::trace);
  log::set_sink([](log::Level level, const char* category, const char* message) {
    GST_CAT_LEVEL_LOG(core_category, to_gst(level), nullptr, "%s: %s", category, message);
  });
}

}  // namespace camspan::plugin
