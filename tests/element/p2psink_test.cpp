#include <gst/check/gstharness.h>
#include <gst/gst.h>
#include <gst/video/video.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "element/sink.hpp"
#include "support/flv_maker.hpp"

namespace camspan {
namespace {

using test::UnrefObject;

constexpr const char* kLocal = "device-id=cam1 signaller=local";

/// A harness around `p2psink <properties>`, with a bus.
class P2pSink {
 public:
  explicit P2pSink(const std::string& properties = kLocal) {
    g_autoptr(GError) error = nullptr;
    // A parsed line of one element is that element.
    element_.reset(gst_parse_launch(("p2psink " + properties).c_str(), &error));
    if (!element_) throw std::runtime_error(error->message);
    gst_object_ref_sink(element_.get());
    // Not in the line: GStreamer 1.22 keeps a reference to a child whose property a line sets.
    if (properties.find(kLocal) == 0) set_child("port", "0");
    bus_.reset(gst_bus_new());
    gst_element_set_bus(element_.get(), bus_.get());
  }
  ~P2pSink() {
    gst_element_set_state(element_.get(), GST_STATE_NULL);
    if (source_) {
      gst_pad_set_active(source_, FALSE);
      gst_object_unref(source_);
    }
    gst_element_set_bus(element_.get(), nullptr);
  }

  GstElement* element() { return element_.get(); }
  void set_child(const char* property, const char* value) {
    GObject* child = gst_child_proxy_get_child_by_name(GST_CHILD_PROXY(element_.get()), "signaller");
    gst_util_set_object_arg(child, property, value);
    g_object_unref(child);
  }
  /// Links a pad that pushes, and starts.
  bool play() {
    source_ = gst_pad_new("src", GST_PAD_SRC);
    gst_pad_set_active(source_, TRUE);
    GstPad* sink = gst_element_request_pad_simple(element_.get(), "sink");
    const bool linked = sink && gst_pad_link(source_, sink) == GST_PAD_LINK_OK;
    if (sink) gst_object_unref(sink);
    if (!linked || gst_element_set_state(element_.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) return false;
    gst_pad_push_event(source_, gst_event_new_stream_start("s"));
    caps("video/x-flv");
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    return gst_pad_push_event(source_, gst_event_new_segment(&segment));
  }
  void caps(const char* text) {
    GstCaps* caps = gst_caps_from_string(text);
    gst_pad_push_event(source_, gst_event_new_caps(caps));
    gst_caps_unref(caps);
  }
  GstFlowReturn push(const Bytes& bytes) { return gst_pad_push(source_, test::buffer(bytes)); }
  GstFlowReturn push_all(const std::vector<Bytes>& tags) {
    GstFlowReturn flow = push(test::flv_file({}));
    for (const Bytes& tag : tags)
      if (flow == GST_FLOW_OK) flow = push(tag);
    return flow;
  }
  GstPad* source() { return source_; }
  std::unique_ptr<GstMessage, decltype(&gst_message_unref)> wait(GstMessageType types) {
    return {gst_bus_timed_pop_filtered(bus_.get(), 10 * GST_SECOND, types), gst_message_unref};
  }
  std::unique_ptr<GstStructure, decltype(&gst_structure_free)> stats() {
    GstStructure* stats = nullptr;
    g_object_get(element_.get(), "stats", &stats, nullptr);
    return {stats, gst_structure_free};
  }
  guint64 stat(const char* name) {
    guint64 value = G_MAXUINT64;
    EXPECT_TRUE(gst_structure_get_uint64(stats().get(), name, &value)) << name;
    return value;
  }
  /// Tags are handed to another thread: waits until it has taken `wanted`, at most 10 s. @return what it took
  guint64 bytes_in(guint64 wanted) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (stat("bytes-in") != wanted && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    return stat("bytes-in");
  }

 private:
  std::unique_ptr<GstBus, UnrefObject> bus_;
  std::unique_ptr<GstElement, UnrefObject> element_;
  GstPad* source_ = nullptr;
};

TEST(P2pSinkTest, IsMadeAndUnmade) {
  GstElement* element = gst_element_factory_make("p2psink", nullptr);
  ASSERT_TRUE(element);
  EXPECT_TRUE(GST_OBJECT_FLAG_IS_SET(element, GST_ELEMENT_FLAG_SINK));
  gst_object_unref(element);
}

void expect_round_trips(GObject* object) {
  guint count = 0;
  GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(object), &count);
  int ours = 0;
  for (guint i = 0; i < count; ++i) {
    GParamSpec* spec = specs[i];
    if (spec->owner_type != G_OBJECT_TYPE(object)) continue;
    ++ours;
    EXPECT_GT(strlen(g_param_spec_get_blurb(spec)), 15u) << spec->name;
    if (!(spec->flags & G_PARAM_WRITABLE)) continue;
    const int mutability = (spec->flags & GST_PARAM_MUTABLE_READY ? 1 : 0) +
                           (spec->flags & GST_PARAM_MUTABLE_PAUSED ? 1 : 0) +
                           (spec->flags & GST_PARAM_MUTABLE_PLAYING ? 1 : 0);
    EXPECT_EQ(mutability, 1) << spec->name;
    if (!(spec->flags & G_PARAM_READABLE)) continue;
    GValue value = G_VALUE_INIT;
    g_value_init(&value, spec->value_type);
    g_object_get_property(object, spec->name, &value);
    const bool comparable = !G_VALUE_HOLDS_BOXED(&value);
    EXPECT_TRUE(!comparable || g_param_value_defaults(spec, &value)) << spec->name;
    if (G_VALUE_HOLDS_STRING(&value)) g_value_set_static_string(&value, "some text");
    if (G_VALUE_HOLDS_UINT(&value)) g_value_set_uint(&value, G_PARAM_SPEC_UINT(spec)->maximum);
    if (G_VALUE_HOLDS_UINT64(&value)) g_value_set_uint64(&value, G_PARAM_SPEC_UINT64(spec)->maximum);
    if (G_VALUE_HOLDS_BOOLEAN(&value)) g_value_set_boolean(&value, !g_value_get_boolean(&value));
    if (strcmp(spec->name, "memory-budget") == 0) g_value_set_uint64(&value, 1 << 30);
    g_object_set_property(object, spec->name, &value);
    GValue back = G_VALUE_INIT;
    g_value_init(&back, spec->value_type);
    g_object_get_property(object, spec->name, &back);
    EXPECT_TRUE(!comparable || g_param_values_cmp(spec, &value, &back) == 0) << spec->name;
    g_value_unset(&value);
    g_value_unset(&back);
  }
  g_free(specs);
  EXPECT_GT(ours, 8);
}

TEST(P2pSinkTest, PropertiesRoundTripWithinTheirRanges) {
  P2pSink sink("name=s");
  expect_round_trips(G_OBJECT(sink.element()));
  GObject* signaller = gst_child_proxy_get_child_by_name(GST_CHILD_PROXY(sink.element()), "signaller");
  ASSERT_TRUE(signaller);
  expect_round_trips(signaller);
  g_object_unref(signaller);
  EXPECT_EQ(gst_child_proxy_get_children_count(GST_CHILD_PROXY(sink.element())), 1u);
}

TEST(P2pSinkTest, SecretsAreNotReadBack) {
  P2pSink sink("device-secret=hidden turn-servers=\"<\\\"turn://u:hidden@h:1\\\">\"");
  sink.set_child("auth-token", "hidden");
  sink.set_child("headers", "h,authorization=hidden,x-site=north");
  for (const char* name : {"device-secret", "turn-servers"})
    EXPECT_FALSE(g_object_class_find_property(G_OBJECT_GET_CLASS(sink.element()), name)->flags & G_PARAM_READABLE);
  GstStructure* headers = nullptr;
  gst_child_proxy_get(GST_CHILD_PROXY(sink.element()), "signaller::headers", &headers, nullptr);
  ASSERT_TRUE(headers);
  EXPECT_STREQ(gst_structure_get_string(headers, "authorization"), "***");
  EXPECT_STREQ(gst_structure_get_string(headers, "x-site"), "north");
  gst_structure_free(headers);
}

TEST(P2pSinkTest, HasOnePadForFlv) {
  P2pSink sink;
  ASSERT_TRUE(sink.play());
  GstPadTemplate* pad = gst_element_get_pad_template(sink.element(), "sink");
  EXPECT_FALSE(gst_element_request_pad(sink.element(), pad, nullptr, nullptr));
}

TEST(P2pSinkTest, GivesItsPadBack) {
  P2pSink sink;
  for (int i = 0; i < 3; ++i) {
    GstPad* pad = gst_element_request_pad_simple(sink.element(), "sink");
    ASSERT_TRUE(pad);
    gst_element_release_request_pad(sink.element(), pad);
    gst_object_unref(pad);
  }
}

TEST(P2pSinkTest, SaysWhichSettingIsMissing) {
  const auto why = [](const std::string& properties) {
    P2pSink sink(properties);
    EXPECT_FALSE(sink.play());
    const auto message = sink.wait(GST_MESSAGE_ERROR);
    if (!message) return std::string("nothing");
    GError* error = nullptr;
    gst_message_parse_error(message.get(), &error, nullptr);
    EXPECT_TRUE(g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS));
    const std::string text = error->message;
    g_error_free(error);
    return text;
  };
  EXPECT_NE(why("device-id=cam1").find("signaller::uri is not set"), std::string::npos);
  EXPECT_NE(why("signaller=local").find("device-id is not set"), std::string::npos);
  EXPECT_NE(why(std::string(kLocal) + " ice-port-range=9-7").find("ice-port-range"), std::string::npos);
  EXPECT_NE(why(std::string(kLocal) + " stun-server=nonsense").find("stun-server"), std::string::npos);
  EXPECT_NE(why(std::string(kLocal) + " min-bitrate=9 max-bitrate=8").find("min-bitrate"), std::string::npos);
  EXPECT_NE(why(std::string(kLocal) + " certificate-file=/nowhere").find("/nowhere"), std::string::npos);
  EXPECT_NE(why(std::string(kLocal) + " interface=none0").find("none0"), std::string::npos);
}

TEST(P2pSinkTest, TakesAStreamWithNobodyWatching) {
  P2pSink sink;
  ASSERT_TRUE(sink.play());
  const auto tags = test::FlvMaker().stream({});
  ASSERT_EQ(sink.push_all(tags), GST_FLOW_OK);
  std::size_t size = 0;
  for (const Bytes& tag : tags) size += tag.size();
  EXPECT_EQ(sink.bytes_in(size), size);
  EXPECT_GT(sink.stat("gop-cache-bytes"), 0u);
  EXPECT_EQ(sink.stat("num-viewers"), 0u);
  EXPECT_TRUE(gst_pad_push_event(sink.source(), gst_event_new_eos()));
}

TEST(P2pSinkTest, TakesOneByteBuffers) {
  P2pSink sink;
  ASSERT_TRUE(sink.play());
  test::FlvMaker::Shape shape;
  shape.duration_ms = 200;
  const auto tags = test::FlvMaker().stream(shape);
  const Bytes file = test::flv_file(tags);
  for (const std::byte byte : file) ASSERT_EQ(sink.push({byte}), GST_FLOW_OK);
  EXPECT_EQ(sink.bytes_in(file.size() - 13), file.size() - 13);
}

TEST(P2pSinkTest, RefusesWhatIsNoFlv) {
  P2pSink sink;
  ASSERT_TRUE(sink.play());
  const Bytes nonsense(100, std::byte{'x'});
  EXPECT_EQ(sink.push(nonsense), GST_FLOW_ERROR);
  const auto message = sink.wait(GST_MESSAGE_ERROR);
  ASSERT_TRUE(message);
  GError* error = nullptr;
  gst_message_parse_error(message.get(), &error, nullptr);
  EXPECT_TRUE(g_error_matches(error, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE)) << error->message;
  g_error_free(error);
}

TEST(P2pSinkTest, GoesUpAndDownAgainAndAgain) {
  P2pSink sink;
  ASSERT_TRUE(sink.play());
  for (int i = 0; i < 100; ++i) {
    ASSERT_NE(gst_element_set_state(sink.element(), GST_STATE_NULL), GST_STATE_CHANGE_FAILURE);
    ASSERT_NE(gst_element_set_state(sink.element(), GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
  }
}

TEST(P2pSinkTest, FlushesInTheMiddleOfATag) {
  P2pSink sink;
  ASSERT_TRUE(sink.play());
  const auto tags = test::FlvMaker().stream({});
  ASSERT_EQ(sink.push_all({tags[0], tags[1], tags[2], tags[3]}), GST_FLOW_OK);
  const Bytes half(tags[4].begin(), tags[4].begin() + 20);
  ASSERT_EQ(sink.push(half), GST_FLOW_OK);
  gst_pad_push_event(sink.source(), gst_event_new_flush_start());
  gst_pad_push_event(sink.source(), gst_event_new_flush_stop(TRUE));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_pad_push_event(sink.source(), gst_event_new_segment(&segment));
  EXPECT_EQ(sink.push_all(tags), GST_FLOW_OK);
}

TEST(P2pSinkTest, SettingsOfAStateAreNotTakenInAnother) {
  P2pSink sink;
  ASSERT_TRUE(sink.play());
  g_object_set(sink.element(), "device-id", "other", "max-viewers", 7u, nullptr);
  gchar* id = nullptr;
  guint viewers = 0;
  g_object_get(sink.element(), "device-id", &id, "max-viewers", &viewers, nullptr);
  EXPECT_STREQ(id, "cam1");
  EXPECT_EQ(viewers, 7u);
  g_free(id);
}

TEST(P2pSinkTest, StatisticsHaveTheirKeys) {
  P2pSink sink;
  ASSERT_TRUE(sink.play());
  const auto stats = sink.stats();
  EXPECT_STREQ(gst_structure_get_name(stats.get()), "application/x-p2psink-stats");
  for (const char* name : {"bytes-in",
                           "bytes-sent",
                           "frames-sent",
                           "frames-dropped-late",
                           "frames-dropped-overflow",
                           "frames-dropped-lifetime",
                           "frames-dropped-input",
                           "viewers-total",
                           "viewers-failed",
                           "viewers-refused",
                           "num-viewers",
                           "key-requests",
                           "gop-cache-bytes",
                           "level-bytes",
                           "budget-used",
                           "bitrate-in",
                           "estimated-bitrate",
                           "target-bitrate",
                           "rendered",
                           "dropped"})
    EXPECT_TRUE(gst_structure_has_field_typed(stats.get(), name, G_TYPE_UINT64)) << name;
  EXPECT_TRUE(gst_structure_has_field_typed(stats.get(), "viewers", GST_TYPE_ARRAY));
}

TEST(P2pSinkTest, ActionsOnNobodyFail) {
  P2pSink sink;
  ASSERT_TRUE(sink.play());
  gchar** viewers = nullptr;
  g_signal_emit_by_name(sink.element(), "get-viewers", &viewers);
  ASSERT_TRUE(viewers);
  EXPECT_FALSE(viewers[0]);
  g_strfreev(viewers);
  gboolean done = TRUE;
  g_signal_emit_by_name(sink.element(), "disconnect-viewer", "nobody", &done);
  EXPECT_FALSE(done);
  GBytes* message = g_bytes_new_static("x", 1);
  g_signal_emit_by_name(sink.element(), "send-message", "nobody", "chat", message, &done);
  EXPECT_FALSE(done);
  g_bytes_unref(message);
  GstStructure* stats = nullptr;
  g_signal_emit_by_name(sink.element(), "get-stats", "nobody", &stats);
  EXPECT_FALSE(stats);
}

TEST(P2pSinkTest, TwoLiveInOneProcess) {
  P2pSink first, second;
  EXPECT_TRUE(first.play());
  EXPECT_TRUE(second.play());
  EXPECT_EQ(first.push_all(test::FlvMaker().stream({})), GST_FLOW_OK);
  EXPECT_EQ(second.push_all(test::FlvMaker().stream({})), GST_FLOW_OK);
}

}  // namespace
}  // namespace camspan
