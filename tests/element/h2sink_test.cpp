#include <gst/check/gstharness.h>
#include <gst/gst.h>
#include <gst/video/video.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <sstream>

#include "element/sink.hpp"
#include "support/flv_maker.hpp"
#include "support/reserved_port.hpp"
#include "support/temp_folder.hpp"
#include "support/upload_server.hpp"

namespace camspan {
namespace {

using test::always;
using test::buffer;
using test::ReceivedRequest;
using test::Sink;
using test::UnrefObject;
using test::UploadServer;
using Answer = UploadServer::Answer;

std::vector<test::TagContent> contents(const Bytes& body) {
  std::vector<test::TagContent> result;
  for (const SharedUnit& unit : test::parse_flv(body)) result.push_back(test::content_of(*unit));
  return result;
}

std::vector<test::TagContent> contents(const std::vector<Bytes>& tags) {
  return contents(test::flv_file(tags));
}

TEST(H2SinkTest, IsMadeAndUnmade) {
  GstElement* element = gst_element_factory_make("h2sink", nullptr);
  ASSERT_TRUE(element);
  EXPECT_TRUE(GST_OBJECT_FLAG_IS_SET(element, GST_ELEMENT_FLAG_SINK));
  gst_object_unref(element);
}

TEST(H2SinkTest, PropertiesRoundTripWithinTheirRanges) {
  EXPECT_GT(test::round_trip_properties("h2sink"), 38);
}

TEST(H2SinkTest, SecretsAreNotReadBack) {
  Sink sink(
      "location=http://127.0.0.1:1/x auth-token=hidden user-pw=hidden proxy-pw=hidden "
      "headers=\"h,authorization=hidden,x-site=north\"");
  for (const char* name : {"auth-token", "user-pw", "proxy-pw"})
    EXPECT_FALSE(g_object_class_find_property(G_OBJECT_GET_CLASS(sink.element()), name)->flags & G_PARAM_READABLE);
  GstStructure* headers = nullptr;
  g_object_get(sink.element(), "headers", &headers, nullptr);
  EXPECT_STREQ(gst_structure_get_string(headers, "authorization"), "***");
  EXPECT_STREQ(gst_structure_get_string(headers, "x-site"), "north");
  gst_structure_free(headers);
}

TEST(H2SinkTest, UploadsWhatFlvmuxGives) {
  UploadServer server(always(Answer::acknowledge));
  Sink sink("location=" + server.url());
  const auto tags = test::FlvMaker().stream({});
  ASSERT_EQ(sink.push_all(tags), GST_FLOW_OK);
  ASSERT_TRUE(sink.eos());
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_TRUE(requests[0].ended);
  EXPECT_EQ(contents(requests[0].body), contents(tags));
  EXPECT_EQ(sink.stat("bytes-acked") + 13, sink.stat("bytes-in"));
  EXPECT_EQ(sink.stat("bytes-queued"), 0u);
}

TEST(H2SinkTest, TakesOneByteBuffersAndBuffersWithoutTime) {
  UploadServer server(always(Answer::acknowledge));
  Sink sink("location=" + server.url(), nullptr);
  gst_harness_set_src_caps_str(sink.harness(), "application/octet-stream");
  test::FlvMaker::Shape shape;
  shape.duration_ms = 200;
  const auto tags = test::FlvMaker().stream(shape);
  for (const std::byte byte : test::flv_file(tags)) ASSERT_EQ(sink.push({byte}), GST_FLOW_OK);
  ASSERT_TRUE(sink.eos());
  EXPECT_EQ(contents(server.requests().at(0).body), contents(tags));
}

gboolean note_and_follow(GstElement*, const gchar* url, gpointer told) {
  *static_cast<std::string*>(told) = url;
  return TRUE;
}

TEST(H2SinkTest, GoesWhereItsReceiverIsNowWhenAHandlerSaysYes) {
  UploadServer other(always(Answer::acknowledge));
  UploadServer server([&other](std::size_t) {
    auto script = UploadServer::with_status(307);
    script.headers = {{"location", other.url("/new")}};
    return script;
  });
  Sink sink("location=" + server.url() + " auth-token=t");
  std::string told;
  // What is asked for is seen at start.
  gst_element_set_state(sink.harness()->element, GST_STATE_NULL);
  g_signal_connect(sink.element(), "redirect", G_CALLBACK(note_and_follow), &told);
  gst_element_set_state(sink.harness()->element, GST_STATE_PLAYING);
  const auto tags = test::FlvMaker().stream({});
  ASSERT_EQ(sink.push_all(tags), GST_FLOW_OK);
  ASSERT_TRUE(sink.eos());
  EXPECT_EQ(told, other.url("/new"));
  ASSERT_EQ(other.requests().size(), 1u);
  EXPECT_EQ(other.requests()[0].headers.at("authorization"), "Bearer t");
  EXPECT_EQ(contents(other.requests()[0].body), contents(tags));
}

TEST(H2SinkTest, GoesToNoOtherServerUnasked) {
  UploadServer other(always(Answer::acknowledge));
  UploadServer server([&other](std::size_t) {
    auto script = UploadServer::with_status(307);
    script.headers = {{"location", other.url("/new")}};
    return script;
  });
  Sink sink("location=" + server.url() + " auth-token=t");
  sink.push_all(test::FlvMaker().stream({}));
  EXPECT_TRUE(sink.wait(GST_MESSAGE_ERROR));
  EXPECT_TRUE(other.requests().empty());
}

/// Caps with the given tags as streamheader, after the file header.
GstCaps* caps_with(const std::vector<Bytes>& head) {
  GstCaps* caps = gst_caps_new_empty_simple("video/x-flv");
  GValue array = G_VALUE_INIT;
  g_value_init(&array, GST_TYPE_ARRAY);
  std::vector<Bytes> all = {test::flv_file({})};
  all.insert(all.end(), head.begin(), head.end());
  for (const Bytes& bytes : all) {
    GValue value = G_VALUE_INIT;
    g_value_init(&value, GST_TYPE_BUFFER);
    GstBuffer* made = buffer(bytes);
    GST_BUFFER_FLAG_SET(made, GST_BUFFER_FLAG_HEADER);
    gst_value_take_buffer(&value, made);
    gst_value_array_append_and_take_value(&array, &value);
  }
  gst_structure_take_value(gst_caps_get_structure(caps, 0), "streamheader", &array);
  return caps;
}

TEST(H2SinkTest, SendsTheStreamHeaderOnceWhetherOrNotItComesInBandToo) {
  test::FlvMaker maker;
  const std::vector<Bytes> head = {maker.metadata(), maker.avc_config(), maker.aac_config()};
  const std::vector<Bytes> media = {maker.key(0), maker.audio(7), maker.delta(40)};
  std::vector<Bytes> expected = head;
  expected.insert(expected.end(), media.begin(), media.end());
  for (const bool in_band : {true, false}) {
    UploadServer server(always(Answer::acknowledge));
    Sink sink("location=" + server.url(), nullptr);
    gst_harness_set_src_caps(sink.harness(), caps_with(head));
    std::vector<Bytes> repeated = {test::flv_file({})};
    repeated.insert(repeated.end(), head.begin(), head.end());
    for (const Bytes& bytes : repeated) {
      if (!in_band) break;
      GstBuffer* made = buffer(bytes);
      GST_BUFFER_FLAG_SET(made, GST_BUFFER_FLAG_HEADER);
      ASSERT_EQ(gst_harness_push(sink.harness(), made), GST_FLOW_OK);
    }
    for (const Bytes& tag : media) ASSERT_EQ(sink.push(tag), GST_FLOW_OK);
    ASSERT_TRUE(sink.eos());
    EXPECT_EQ(contents(server.requests().at(0).body), contents(expected)) << in_band;
  }
}

TEST(H2SinkTest, SendsANewStreamHeaderWhenTheCapsChange) {
  test::FlvMaker maker;
  UploadServer server(always(Answer::acknowledge));
  Sink sink("location=" + server.url(), nullptr);
  const std::vector<Bytes> first = {maker.metadata(), maker.avc_config(0, 0)};
  const std::vector<Bytes> second = {first[0], maker.avc_config(0, 1)};
  const Bytes key = maker.key(0), later = maker.key(1000);
  gst_harness_set_src_caps(sink.harness(), caps_with(first));
  ASSERT_EQ(sink.push(key), GST_FLOW_OK);
  gst_harness_set_src_caps(sink.harness(), caps_with(second));
  ASSERT_EQ(sink.push(later), GST_FLOW_OK);
  ASSERT_TRUE(sink.eos());
  EXPECT_EQ(contents(server.requests().at(0).body),
            contents(std::vector<Bytes>{first[0], first[1], key, second[1], later}));
}

TEST(H2SinkTest, FailsToStartWithoutALocationAndSaysWhy) {
  const std::unique_ptr<GstElement, UnrefObject> element(gst_element_factory_make("h2sink", nullptr));
  gst_object_ref_sink(element.get());
  const std::unique_ptr<GstBus, UnrefObject> bus(gst_bus_new());
  gst_element_set_bus(element.get(), bus.get());
  EXPECT_EQ(gst_element_set_state(element.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
  GstMessage* message = gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ERROR);
  ASSERT_TRUE(message);
  g_autoptr(GError) error = nullptr;
  gst_message_parse_error(message, &error, nullptr);
  EXPECT_TRUE(g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS));
  EXPECT_NE(strstr(error->message, "location"), nullptr);
  gst_message_unref(message);
  gst_element_set_bus(element.get(), nullptr);
  gst_element_set_state(element.get(), GST_STATE_NULL);
}

struct Refused {
  int status;
  GQuark domain;
  gint code;
};

TEST(H2SinkTest, PostsTheErrorThatFitsARefusal) {
  for (const Refused row : {Refused{401, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED},
                            Refused{403, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED},
                            Refused{404, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND},
                            Refused{415, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE}}) {
    UploadServer server([row](std::size_t) {
      UploadServer::Script script;
      script.answer = Answer::status;
      script.status = row.status;
      return script;
    });
    Sink sink("location=" + server.url());
    sink.push_all(test::FlvMaker().stream({}));
    const auto message = sink.wait(GST_MESSAGE_ERROR);
    ASSERT_TRUE(message) << row.status;
    g_autoptr(GError) error = nullptr;
    gst_message_parse_error(message.get(), &error, nullptr);
    EXPECT_TRUE(g_error_matches(error, row.domain, row.code)) << row.status << " " << error->message;
    const GstStructure* details = nullptr;
    gst_message_parse_error_details(message.get(), &details);
    guint status = 0;
    EXPECT_TRUE(details && gst_structure_get_uint(details, "http-status-code", &status));
    EXPECT_EQ(status, static_cast<guint>(row.status));
    EXPECT_EQ(sink.push(test::FlvMaker().key(0)), GST_FLOW_ERROR);
  }
}

TEST(H2SinkTest, WarnsOnceForAnOutageAndAsksForAKeyFrameAfterIt) {
  const test::ReservedPort port;
  auto server = std::make_unique<UploadServer>(always(Answer::acknowledge), nullptr, port.number());
  Sink sink("location=" + server->url() + " reconnect-delay=1 reconnect-delay-max=5");
  test::FlvMaker maker;
  ASSERT_EQ(sink.push_all(maker.stream({})), GST_FLOW_OK);
  ASSERT_TRUE(server->wait([](const auto& requests) { return requests.size() == 1; }));
  server.reset();
  const auto warning = sink.wait(GST_MESSAGE_WARNING);
  ASSERT_TRUE(warning);
  server = std::make_unique<UploadServer>(always(Answer::acknowledge), nullptr, port.number());
  ASSERT_TRUE(server->wait([](const auto& requests) { return requests.size() == 1; }));
  ASSERT_EQ(sink.push(maker.key(5000)), GST_FLOW_OK);
  ASSERT_TRUE(sink.eos());
  EXPECT_FALSE(sink.has(GST_MESSAGE_WARNING)) << "one per outage";
  bool key_asked = false;
  while (GstEvent* event = gst_harness_try_pull_upstream_event(sink.harness())) {
    key_asked = key_asked || gst_video_event_is_force_key_unit(event);
    gst_event_unref(event);
  }
  EXPECT_TRUE(key_asked);
}

TEST(H2SinkTest, GoesThroughItsStatesAHundredTimes) {
  UploadServer present(always(Answer::acknowledge));
  UploadServer hanging(always(Answer::hang));
  const std::string absent = "http://127.0.0.1:1/x";
  const auto tags = test::FlvMaker().stream({});
  for (const std::string& location : {present.url(), hanging.url(), absent}) {
    const std::unique_ptr<GstElement, UnrefObject> pipeline(gst_parse_launch(
        ("appsrc name=src caps=video/x-flv ! h2sink leaky=downstream location=" + location).c_str(), nullptr));
    const std::unique_ptr<GstElement, UnrefObject> source(gst_bin_get_by_name(GST_BIN(pipeline.get()), "src"));
    for (int cycle = 0; cycle < 100; ++cycle) {
      ASSERT_EQ(gst_element_set_state(pipeline.get(), GST_STATE_PLAYING), GST_STATE_CHANGE_SUCCESS) << location;
      GstFlowReturn flow = GST_FLOW_OK;
      GstBuffer* bytes = buffer(test::flv_file(tags));
      g_signal_emit_by_name(source.get(), "push-buffer", bytes, &flow);
      gst_buffer_unref(bytes);
      const gint64 begin = g_get_monotonic_time();
      ASSERT_EQ(gst_element_set_state(pipeline.get(), GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
      ASSERT_LT(g_get_monotonic_time() - begin, G_USEC_PER_SEC) << "torn down within a second";
    }
  }
}

TEST(H2SinkTest, EndsWithinASecondWhenItsPeerIsKilledAndTheQueueBlocks) {
  auto server = std::make_unique<UploadServer>(always(Answer::hang));
  const std::unique_ptr<GstElement, UnrefObject> pipeline(gst_parse_launch(
      ("fakesrc sizetype=fixed sizemax=4096 filltype=zero ! h2sink leaky=no max-size-bytes=65536 location=" +
       server->url())
          .c_str(),
      nullptr));
  ASSERT_NE(gst_element_set_state(pipeline.get(), GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
  ASSERT_TRUE(server->wait([](const auto& requests) { return requests.size() == 1; }));
  server.reset();
  const gint64 begin = g_get_monotonic_time();
  EXPECT_EQ(gst_element_set_state(pipeline.get(), GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  EXPECT_LT(g_get_monotonic_time() - begin, G_USEC_PER_SEC);
}

TEST(H2SinkTest, IsFinalizedWhileItConnects) {
  for (int i = 0; i < 20; ++i) Sink sink("location=http://127.0.0.1:1/x");
}

TEST(H2SinkTest, DropsWhatWaitsOnAFlushAndGoesOnAtAKeyFrame) {
  UploadServer server(always(Answer::acknowledge));
  Sink sink("location=" + server.url());
  test::FlvMaker maker;
  ASSERT_EQ(sink.push_all({maker.avc_config(), maker.key(0), maker.delta(40)}), GST_FLOW_OK);
  ASSERT_TRUE(server.wait([](const auto& requests) { return requests.size() == 1 && requests[0].body.size() > 1000; }));
  gst_harness_push_event(sink.harness(), gst_event_new_flush_start());
  gst_harness_push_event(sink.harness(), gst_event_new_flush_stop(TRUE));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_harness_push_event(sink.harness(), gst_event_new_segment(&segment));
  ASSERT_EQ(sink.push(maker.delta(80)), GST_FLOW_OK) << "dropped: its reference may be gone";
  const Bytes key = maker.key(120);
  ASSERT_EQ(sink.push(key), GST_FLOW_OK);
  ASSERT_TRUE(sink.eos());
  const auto tags = contents(server.requests().at(0).body);
  EXPECT_EQ(tags.back(), contents(std::vector<Bytes>{key}).back());
  for (const test::TagContent& tag : tags) EXPECT_NE(tag.timestamp, 80u);
}

TEST(H2SinkTest, StaysWithinItsBoundUnderTenfoldOverload) {
  Sink sink("location=http://127.0.0.1:1/x leaky=downstream max-size-bytes=100000");
  test::FlvMaker maker;
  ASSERT_EQ(sink.push_all({maker.avc_config()}), GST_FLOW_OK);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    ASSERT_EQ(sink.push(i % 20 ? maker.delta(i * 40, 1000) : maker.key(i * 40, 5000)), GST_FLOW_OK);
    ASSERT_LE(sink.stat("level-bytes"), 100000u);
  }
  EXPECT_EQ(sink.stat("bytes-in"), 13 + sink.stat("level-bytes") + sink.stat("bytes-dropped-overflow"));
  const auto message = sink.wait(GST_MESSAGE_QOS);
  EXPECT_TRUE(message);
}

TEST(H2SinkTest, StatisticsKeepTheirKeysAndTypes) {
  Sink sink("location=http://127.0.0.1:1/x");
  GstStructure* stats = sink.stats();
  EXPECT_STREQ(gst_structure_get_name(stats), "application/x-h2sink-stats");
  for (const char* key : {"bytes-in",
                          "bytes-queued",
                          "bytes-sent",
                          "bytes-acked",
                          "bytes-resent",
                          "bytes-dropped-overflow",
                          "bytes-dropped-error",
                          "bytes-dropped-spool",
                          "spool-bytes",
                          "spool-oldest-time",
                          "units-dropped",
                          "tags-acked",
                          "requests",
                          "connects",
                          "http-status",
                          "flow-window",
                          "send-rate",
                          "goodput",
                          "connect-ms",
                          "tls-ms",
                          "first-ack-ms",
                          "level-bytes",
                          "level-time",
                          "rendered",
                          "dropped"})
    EXPECT_EQ(gst_structure_get_field_type(stats, key), G_TYPE_UINT64) << key;
  EXPECT_EQ(gst_structure_get_field_type(stats, "rtt-ms"), G_TYPE_DOUBLE);
  EXPECT_EQ(gst_structure_get_field_type(stats, "average-rate"), G_TYPE_DOUBLE);
  EXPECT_EQ(gst_structure_get_field_type(stats, "stream-id"), G_TYPE_STRING);
  gst_structure_free(stats);
}

TEST(H2SinkTest, FixedPropertiesStayAsTheyAreWhileItRuns) {
  Sink sink("location=http://127.0.0.1:1/x");
  g_object_set(sink.element(), "location", "http://127.0.0.1:2/y", "max-size-bytes", G_GUINT64_CONSTANT(123456),
               nullptr);
  g_autofree gchar* location = nullptr;
  guint64 bytes = 0;
  g_object_get(sink.element(), "location", &location, "max-size-bytes", &bytes, nullptr);
  EXPECT_STREQ(location, "http://127.0.0.1:1/x");
  EXPECT_EQ(bytes, 123456u);
}

TEST(H2SinkTest, PropertyGoesBeforeEnvironmentBeforeConfigFile) {
  const test::TempFolder folder;
  const std::string file =
      folder.write("h2sink.ini", "[h2sink]\nlocation=http://127.0.0.1:1/from-file\nca-file=/from/file\n");
  UploadServer server(always(Answer::acknowledge));
  const std::string good =
      folder.write("good.ini", "[h2sink]\nlocation=" + server.url("/from-file") + "\nmethod=put\n");
  {
    Sink sink("config-file=" + good + " method=post");
    ASSERT_EQ(sink.push_all(test::FlvMaker().stream({})), GST_FLOW_OK);
    ASSERT_TRUE(sink.eos());
    EXPECT_EQ(server.requests().at(0).path, "/from-file") << "what only the file says";
    EXPECT_EQ(server.requests().at(0).method, "POST") << "what the property says";
  }
  const std::string wrong = folder.write("wrong.ini", "[h2sink]\nlocatoin=http://127.0.0.1:1/\n");
  const std::unique_ptr<GstElement, UnrefObject> element(gst_element_factory_make("h2sink", nullptr));
  gst_object_ref_sink(element.get());
  g_object_set(element.get(), "config-file", wrong.c_str(), nullptr);
  EXPECT_EQ(gst_element_set_state(element.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE) << "a key nobody knows";
  gst_element_set_state(element.get(), GST_STATE_NULL);
}

TEST(H2SinkTest, AUriSetsLocationAndProperties) {
  g_autoptr(GError) error = nullptr;
  GstElement* element =
      gst_element_make_from_uri(GST_URI_SINK, "h2://hub.example:8443/ingest/cam1?retries=3", nullptr, &error);
  ASSERT_TRUE(element);
  gint retries = 0;
  g_autofree gchar* location = nullptr;
  g_object_get(element, "location", &location, "retries", &retries, nullptr);
  EXPECT_STREQ(location, "https://hub.example:8443/ingest/cam1");
  EXPECT_EQ(retries, 3);
  gst_object_unref(element);
  EXPECT_FALSE(gst_element_make_from_uri(GST_URI_SINK, "h2://hub.example/x?frobnicate=1", nullptr, &error));
}

TEST(H2SinkTest, TellsAcknowledgementsBySignalAndMessage) {
  UploadServer server(always(Answer::acknowledge));
  Sink sink("location=" + server.url());
  guint64 acked = 0;
  g_signal_connect(sink.element(), "ack", G_CALLBACK(+[](GstElement*, guint64 bytes, guint64, gpointer user) {
                     *static_cast<guint64*>(user) = bytes;
                   }),
                   &acked);
  ASSERT_EQ(sink.push_all(test::FlvMaker().stream({})), GST_FLOW_OK);
  ASSERT_TRUE(sink.eos());
  guint64 told = 0;
  const guint64 all = sink.stat("bytes-acked");
  while (told < all) {
    const auto message = sink.wait(GST_MESSAGE_ELEMENT);
    ASSERT_TRUE(message);
    if (!gst_message_has_name(message.get(), "h2sink/ack")) continue;
    ASSERT_TRUE(gst_structure_get_uint64(gst_message_get_structure(message.get()), "bytes", &told));
  }
  EXPECT_EQ(acked, all);
}

}  // namespace
}  // namespace camspan
