#include <gst/check/gstharness.h>
#include <gst/gst.h>
#include <gst/video/video.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <fstream>
#include <future>
#include <mutex>
#include <thread>

#include "element/sink.hpp"
#include "support/temp_folder.hpp"
#include "support/ws_peer.hpp"

namespace camspan {
namespace {

using test::buffer;
using test::UnrefObject;

/// wsstreamsink in a harness, on any port.
class WsSink : public test::Sink {
 public:
  explicit WsSink(const std::string& properties, const char* caps = "video/x-flv")
      : Sink("port=0 " + properties, caps, "wsstreamsink") {}

  std::string address() {
    guint port = 0;
    g_object_get(element(), "current-port", &port, nullptr);
    return "127.0.0.1:" + std::to_string(port);
  }
  /// The next element message of this name.
  std::unique_ptr<GstMessage, decltype(&gst_message_unref)> told(const char* name) {
    for (;;) {
      auto message = wait(GST_MESSAGE_ELEMENT);
      if (!message || gst_message_has_name(message.get(), name)) return message;
    }
  }
  guint handles() {
    guint count = 0;
    g_object_get(element(), "num-handles", &count, nullptr);
    return count;
  }
};

std::string text(const Bytes& bytes) {
  return std::string(as_text(bytes));
}

TEST(WsStreamSinkTest, IsMadeAndUnmade) {
  GstElement* element = gst_element_factory_make("wsstreamsink", nullptr);
  ASSERT_TRUE(element);
  EXPECT_TRUE(GST_OBJECT_FLAG_IS_SET(element, GST_ELEMENT_FLAG_SINK));
  gst_object_unref(element);
}

TEST(WsStreamSinkTest, PropertiesRoundTripWithinTheirRanges) {
  EXPECT_GT(test::round_trip_properties("wsstreamsink"), 28);
}

TEST(WsStreamSinkTest, TheTokenIsNotReadBack) {
  WsSink sink("auth-token=hidden");
  EXPECT_FALSE(g_object_class_find_property(G_OBJECT_GET_CLASS(sink.element()), "auth-token")->flags &
               G_PARAM_READABLE);
}

TEST(WsStreamSinkTest, ListsOfOriginsAreReadFromText) {
  const std::unique_ptr<GstElement, UnrefObject> element(gst_element_factory_make("wsstreamsink", nullptr));
  gst_object_ref_sink(element.get());
  gst_util_set_object_arg(G_OBJECT(element.get()), "allow-origins", "<http://localhost:3000, \"https://b.example\">");
  GValue origins = G_VALUE_INIT;
  g_value_init(&origins, GST_TYPE_ARRAY);
  g_object_get_property(G_OBJECT(element.get()), "allow-origins", &origins);
  ASSERT_EQ(gst_value_array_get_size(&origins), 2u);
  EXPECT_STREQ(g_value_get_string(gst_value_array_get_value(&origins, 0)), "http://localhost:3000");
  g_value_unset(&origins);
}

TEST(WsStreamSinkTest, OnlyWhatMayChangeChangesWhileItRuns) {
  WsSink sink("max-clients=3");
  g_object_set(sink.element(), "max-clients", 5u, "path", "/other", nullptr);
  guint clients = 0;
  gchar* path = nullptr;
  g_object_get(sink.element(), "max-clients", &clients, "path", &path, nullptr);
  EXPECT_EQ(clients, 5u);
  EXPECT_EQ(path, nullptr);
}

TEST(WsStreamSinkTest, SendsEachTagOfFlvAsOneMessage) {
  WsSink sink("encoding=raw path=/appdata");
  test::WsPeer peer(sink.address());
  ASSERT_EQ(peer.status(), "101");
  test::FlvMaker maker;
  const std::vector<Bytes> tags{maker.metadata(), maker.avc_config(), maker.key(0), maker.delta(40)};
  ASSERT_EQ(sink.push_all(tags), GST_FLOW_OK);
  const std::string head = peer.read_message();
  EXPECT_TRUE(head.starts_with("FLV"));
  EXPECT_TRUE(head.ends_with(text(tags[1])));
  EXPECT_EQ(peer.read_message(), text(tags[2]));
  EXPECT_EQ(peer.read_message(), text(tags[3]));
}

TEST(WsStreamSinkTest, TakesOneByteBuffersAndBuffersWithoutTime) {
  WsSink sink("encoding=raw path=/appdata");
  test::WsPeer peer(sink.address());
  test::FlvMaker maker;
  const std::vector<Bytes> tags{maker.avc_config(), maker.key(0, 100), maker.delta(40, 50)};
  for (const std::byte byte : test::flv_file(tags)) ASSERT_EQ(sink.push({byte}), GST_FLOW_OK);
  peer.read_message();
  EXPECT_EQ(peer.read_message(), text(tags[1]));
  EXPECT_EQ(peer.read_message(), text(tags[2]));
}

TEST(WsStreamSinkTest, EndsForWhatIsNoFlv) {
  WsSink sink("encoding=raw");
  EXPECT_EQ(sink.push(Bytes(100, std::byte{7})), GST_FLOW_ERROR);
  const auto message = sink.wait(GST_MESSAGE_ERROR);
  ASSERT_TRUE(message);
  g_autoptr(GError) error = nullptr;
  gst_message_parse_error(message.get(), &error, nullptr);
  EXPECT_TRUE(g_error_matches(error, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE)) << error->message;
}

TEST(WsStreamSinkTest, EveryPictureOfJpegIsAKeyFrame) {
  WsSink sink("", "image/jpeg,width=320,height=240,framerate=5/1");
  test::WsPeer peer(sink.address());
  ASSERT_EQ(sink.push(Bytes(10, std::byte{0xff})), GST_FLOW_OK);
  EXPECT_NE(peer.read_message().find("image/jpeg"), std::string::npos);
  const std::string unit = peer.read_message();
  EXPECT_NE(unit.find("\xa1k\x02"), std::string::npos);
  EXPECT_TRUE(unit.ends_with("\xc4\x0a" + std::string(10, '\xff')));
}

TEST(WsStreamSinkTest, NewCapsAreANewInit) {
  WsSink sink("", "image/jpeg,width=320");
  test::WsPeer peer(sink.address());
  sink.push(Bytes(1));
  EXPECT_NE(peer.read_message().find("320"), std::string::npos);
  EXPECT_NE(peer.read_message().find("\xa3seq\x00"), std::string::npos);
  gst_harness_set_src_caps_str(sink.harness(), "image/jpeg,width=640");
  sink.push(Bytes(1));
  EXPECT_NE(peer.read_message().find("640"), std::string::npos);
  EXPECT_NE(peer.read_message().find("\xa3seq\x01"), std::string::npos) << "an init has no number";
}

TEST(WsStreamSinkTest, RunsAndStopsAgainAndAgain) {
  WsSink sink("", nullptr);
  GstElement* bin = sink.harness()->element;
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(gst_element_set_state(bin, GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
    ASSERT_NE(gst_element_set_state(bin, GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
  }
}

TEST(WsStreamSinkTest, StopsInASecondWithAClientThatDoesNotRead) {
  WsSink sink("encoding=raw path=/appdata");
  test::WsPeer peer(sink.address(), "", 4096);
  test::FlvMaker maker;
  sink.push_all({maker.avc_config(), maker.key(0)});
  for (std::uint32_t i = 1; i < 20; ++i) sink.push(maker.key(i * 40, 100'000));
  const gint64 begin = g_get_monotonic_time();
  gst_element_set_state(sink.harness()->element, GST_STATE_READY);
  EXPECT_LT(g_get_monotonic_time() - begin, 2 * G_USEC_PER_SEC);
}

TEST(WsStreamSinkTest, SettingsThatCannotBeFailWithTheirError) {
  WsSink other("");
  const std::string port = other.address().substr(10);
  const std::vector<std::pair<std::string, gint>> cases{
      {"port=" + port, GST_RESOURCE_ERROR_BUSY},
      {"port=0 host=camera.example", GST_RESOURCE_ERROR_SETTINGS},
      {"port=0 tls-cert-file=/nowhere", GST_RESOURCE_ERROR_SETTINGS},
      {"port=0 auth-token-file=/nowhere", GST_RESOURCE_ERROR_SETTINGS},
      {"port=0 serve-player=true", GST_RESOURCE_ERROR_SETTINGS},
      {"port=0 config-file=/nowhere", GST_RESOURCE_ERROR_SETTINGS},
  };
  for (const auto& [properties, code] : cases) {
    SCOPED_TRACE(properties);
    g_autoptr(GstElement) pipeline = gst_parse_launch(("fakesrc ! wsstreamsink " + properties).c_str(), nullptr);
    EXPECT_EQ(gst_element_set_state(pipeline, GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
    g_autoptr(GstBus) bus = gst_element_get_bus(pipeline);
    g_autoptr(GstMessage) message = gst_bus_timed_pop_filtered(bus, 10 * GST_SECOND, GST_MESSAGE_ERROR);
    ASSERT_TRUE(message);
    g_autoptr(GError) error = nullptr;
    gst_message_parse_error(message, &error, nullptr);
    EXPECT_TRUE(g_error_matches(error, GST_RESOURCE_ERROR, code)) << error->message;
    gst_element_set_state(pipeline, GST_STATE_NULL);
  }
}

TEST(WsStreamSinkTest, TakesFromTheConfigFileWhatNoPropertyOrDefaultSets) {
  const test::TempFolder folder;
  const std::string file = (folder.path() / "cam.conf").string();
  std::ofstream(file) << "[wsstreamsink]\npath=/from-file\nmax-clients=1\n";
  WsSink sink("encoding=raw max-clients=2 config-file=" + file);
  test::RawClient client(sink.address());
  client.send("HEAD /from-file HTTP/1.1\r\nHost: camera\r\n\r\n");
  EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
}

TEST(WsStreamSinkTest, EosGivesClientsTheRestAndEndsThem) {
  WsSink sink("encoding=raw path=/appdata");
  test::WsPeer peer(sink.address());
  test::FlvMaker maker;
  const Bytes last = maker.delta(40);
  sink.push_all({maker.avc_config(), maker.key(0), last});
  std::thread ending([&] { EXPECT_TRUE(sink.eos()); });
  peer.read_message();
  peer.read_message();
  EXPECT_EQ(peer.read_message(), text(last));
  EXPECT_EQ(peer.read_message(), "\x03\xe8the stream has ended");
  ending.join();
}

gboolean refuse(GstElement*, const gchar* address, const gchar* path, GstStructure* headers, gpointer seen) {
  *static_cast<std::string*>(seen) =
      std::string(address) + ' ' + path + ' ' + gst_structure_get_string(headers, "host");
  return FALSE;
}

TEST(WsStreamSinkTest, AHandlerMayRefuseAClient) {
  WsSink sink("");
  std::string seen;
  g_signal_connect(sink.element(), "client-connecting", G_CALLBACK(refuse), &seen);
  const test::WsPeer peer(sink.address());
  EXPECT_EQ(peer.status(), "403");
  EXPECT_TRUE(seen.starts_with("127.0.0.1:")) << seen;
  EXPECT_TRUE(seen.ends_with(" /appdata camera")) << seen;
  EXPECT_EQ(sink.stat("rejects-application"), 1u);
}

TEST(WsStreamSinkTest, TellsOfClientsAndOfWhatTheySay) {
  WsSink sink("encoding=raw path=/appdata");
  struct Said {
    std::mutex mutex;
    std::condition_variable changed;
    std::string text;
  } said;
  const auto note = +[](GstElement*, guint, GBytes* message, gpointer user) {
    auto& into = *static_cast<Said*>(user);
    gsize size = 0;
    const auto* data = static_cast<const char*>(g_bytes_get_data(message, &size));
    const std::lock_guard held(into.mutex);
    into.text.assign(data, size);
    into.changed.notify_all();
  };
  g_signal_connect(sink.element(), "client-message", G_CALLBACK(note), &said);
  {
    test::WsPeer peer(sink.address());
    const auto added = sink.told("wsstreamsink/client-added");
    ASSERT_TRUE(added);
    EXPECT_EQ(sink.handles(), 1u);
    peer.send("pan left");
    std::unique_lock held(said.mutex);
    EXPECT_TRUE(said.changed.wait_for(held, std::chrono::seconds(10), [&] { return said.text == "pan left"; }));
  }
  const auto removed = sink.told("wsstreamsink/client-removed");
  ASSERT_TRUE(removed);
  gint status = -1;
  EXPECT_TRUE(gst_structure_get(gst_message_get_structure(removed.get()), "status",
                                g_type_from_name("CamspanWsRemoval"), &status, nullptr));
  EXPECT_EQ(status, 0) << "it left";
  EXPECT_EQ(sink.handles(), 0u);
}

TEST(WsStreamSinkTest, TellsThatClientsAreGoneWhenItStops) {
  WsSink sink("encoding=raw path=/appdata");
  std::atomic<int> stopped{0};
  const auto count = +[](GstElement*, guint, gint status, gpointer user) {
    if (status == 4) ++*static_cast<std::atomic<int>*>(user);
  };
  g_signal_connect(sink.element(), "client-removed", G_CALLBACK(count), &stopped);
  // Neither answers a close frame, and one has more to take than its socket holds.
  const test::WsPeer quiet(sink.address());
  const test::WsPeer full(sink.address(), "", 4096);
  ASSERT_TRUE(sink.told("wsstreamsink/client-added"));
  ASSERT_TRUE(sink.told("wsstreamsink/client-added"));
  test::FlvMaker maker;
  ASSERT_EQ(sink.push_all({maker.metadata(), maker.avc_config(), maker.key(0, 1 << 20)}), GST_FLOW_OK);
  gst_element_set_state(sink.element(), GST_STATE_NULL);
  EXPECT_EQ(stopped.load(), 2);
  for (int client = 0; client < 2; ++client) {
    const auto removed = sink.told("wsstreamsink/client-removed");
    ASSERT_TRUE(removed);
    gint status = -1;
    EXPECT_TRUE(gst_structure_get(gst_message_get_structure(removed.get()), "status",
                                  g_type_from_name("CamspanWsRemoval"), &status, nullptr));
    EXPECT_EQ(status, 4) << "stopped";
  }
}

TEST(WsStreamSinkTest, WhatASocketTookInPartGoesOnBeforeAnythingElse) {
  WsSink sink("");
  test::WsPeer peer(sink.address(), "", 4096);
  test::FlvMaker maker;
  ASSERT_EQ(sink.push_all({maker.avc_config(), maker.key(0)}), GST_FLOW_OK);
  for (int message = 0; message < 2; ++message) peer.read_message();
  // Each finds a client that has everything, and is more than its socket takes at once.
  for (std::uint32_t at = 1; at <= 20; ++at) {
    const Bytes tag = maker.delta(at * 40, 500'000);
    ASSERT_EQ(sink.push(tag), GST_FLOW_OK);
    peer.send(std::string("\x82\xa2id\x07\xa6method\xa4list", 17));
    // The answer may be earlier, and is never in between.
    const std::array<std::string, 2> got{peer.read_message(), peer.read_message()};
    const bool overtook = got[0].starts_with("\x83\xa2id\x07");
    EXPECT_TRUE(got[overtook ? 1 : 0].ends_with(text(tag))) << at;
    EXPECT_TRUE(got[overtook ? 0 : 1].starts_with("\x83\xa2id\x07")) << at;
  }
}

TEST(WsStreamSinkTest, SendsToOneClientAndRemovesIt) {
  WsSink sink("");
  test::WsPeer peer(sink.address());
  ASSERT_TRUE(sink.told("wsstreamsink/client-added"));
  g_autoptr(GBytes) message = g_bytes_new_static("for you", 7);
  g_signal_emit_by_name(sink.element(), "send", 1u, message);
  EXPECT_EQ(peer.read_message(), "for you");
  GstStructure* stats = nullptr;
  g_signal_emit_by_name(sink.element(), "get-stats", 1u, &stats);
  ASSERT_TRUE(stats);
  guint64 sent = 0;
  EXPECT_TRUE(gst_structure_get_uint64(stats, "bytes-sent", &sent));
  gst_structure_free(stats);
  g_signal_emit_by_name(sink.element(), "get-stats", 77u, &stats);
  EXPECT_FALSE(stats);
  g_signal_emit_by_name(sink.element(), "remove", 1u);
  EXPECT_EQ(peer.read_message(), "\x03\xe8removed");
}

TEST(WsStreamSinkTest, AsksForAKeyFrameWhenAClientWaitsForOne) {
  WsSink sink("encoding=raw path=/appdata sync-method=next-keyframe");
  test::FlvMaker maker;
  sink.push_all({maker.avc_config(), maker.key(0)});
  test::WsPeer peer(sink.address());
  peer.read_message();
  for (GstEvent* event = nullptr; (event = gst_harness_pull_upstream_event(sink.harness()));) {
    const bool asked = gst_video_event_is_force_key_unit(event);
    gst_event_unref(event);
    if (asked) break;
  }
  sink.push(maker.delta(40));
  sink.push(maker.key(80, 300));
  EXPECT_EQ(peer.read_message().size(), maker.key(80, 300).size());
}

TEST(WsStreamSinkTest, AFlushGoesOnAtAKeyFrame) {
  WsSink sink("encoding=raw path=/appdata");
  test::WsPeer peer(sink.address());
  test::FlvMaker maker;
  sink.push_all({maker.avc_config(), maker.key(0)});
  peer.read_message();
  peer.read_message();
  gst_harness_push_event(sink.harness(), gst_event_new_flush_start());
  gst_harness_push_event(sink.harness(), gst_event_new_flush_stop(TRUE));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_harness_push_event(sink.harness(), gst_event_new_segment(&segment));
  sink.push(maker.delta(40));
  const Bytes key = maker.key(80);
  sink.push(key);
  EXPECT_EQ(peer.read_message(), text(key));
}

TEST(WsStreamSinkTest, StatisticsHaveTheirNamesAndTypes) {
  WsSink sink("encoding=raw path=/appdata");
  test::WsPeer peer(sink.address());
  test::FlvMaker maker;
  sink.push_all({maker.avc_config(), maker.key(0)});
  peer.read_message();
  peer.read_message();
  GstStructure* stats = sink.stats();
  EXPECT_TRUE(gst_structure_has_name(stats, "application/x-wsstreamsink-stats"));
  for (const char* name :
       {"bytes-in", "units-in", "bytes-served", "accepts", "rejects-token", "rejects-origin", "rejects-full",
        "rejects-application", "rejects-request", "dropped-soft", "dropped-hard", "bytes-dropped-soft",
        "bytes-dropped-hard", "bytes-dropped-input", "level-bytes", "gop-cache-bytes", "dropped", "rendered"})
    EXPECT_TRUE(gst_structure_has_field_typed(stats, name, G_TYPE_UINT64)) << name;
  EXPECT_TRUE(gst_structure_has_field_typed(stats, "average-rate", G_TYPE_DOUBLE));
  const GValue* clients = gst_structure_get_value(stats, "clients");
  ASSERT_EQ(gst_value_array_get_size(clients), 1u);
  const GstStructure* client = gst_value_get_structure(gst_value_array_get_value(clients, 0));
  for (const char* name :
       {"queued-bytes", "queue-delay-ms", "sent", "bytes-sent", "dropped-soft", "dropped-hard", "last-activity"})
    EXPECT_TRUE(gst_structure_has_field_typed(client, name, G_TYPE_UINT64)) << name;
  EXPECT_TRUE(gst_structure_has_field_typed(client, "id", G_TYPE_UINT));
  EXPECT_TRUE(gst_structure_has_field_typed(client, "address", G_TYPE_STRING));
  gst_structure_free(stats);
}

TEST(WsStreamSinkTest, ServesMoreWhenItRunsAgainAndCountsOn) {
  WsSink sink("encoding=raw path=/appdata");
  test::FlvMaker maker;
  sink.push_all({maker.avc_config(), maker.key(0)});
  const guint64 before = sink.stat("bytes-in");
  EXPECT_GT(before, 2000u);
  gst_element_set_state(sink.harness()->element, GST_STATE_NULL);
  EXPECT_EQ(sink.stat("bytes-in"), before);
  guint port = 1;
  g_object_get(sink.element(), "current-port", &port, nullptr);
  EXPECT_EQ(port, 0u);
}

TEST(WsStreamSinkTest, StaysWithinItsBoundUnderTenfoldOverload) {
  constexpr guint64 kBound = 500'000;
  constexpr std::size_t kFileHeader = 13;  // no unit
  WsSink sink("encoding=raw path=/appdata max-size-bytes=" + std::to_string(kBound));
  test::WsPeer peer(sink.address());
  test::FlvMaker maker;
  sink.push_all({maker.avc_config()});
  std::uint32_t number = 0;
  const auto push_gop = [&] {
    for (int i = 0; i < 20; ++i, ++number)
      EXPECT_EQ(sink.push(i == 0 ? maker.key(number * 40, 5000) : maker.delta(number * 40, 5000)), GST_FLOW_OK);
    EXPECT_LE(sink.stat("level-bytes"), kBound);
  };
  const auto lost = [&] {
    return sink.stat("bytes-dropped-soft") + sink.stat("bytes-dropped-hard") + sink.stat("bytes-dropped-input");
  };
  // The system takes some of what the client does not.
  for (int gops = 0; gops < 500 && lost() < 10 * kBound; ++gops) push_gop();
  EXPECT_GE(lost(), 10 * kBound);
  std::size_t read = 0;
  // Now it reads: every byte comes, or is counted under one cause.
  auto ended = std::async(std::launch::async, [&] { return sink.eos(); });
  for (std::string message; !message.starts_with("\x03\xe8"); message = peer.read_message()) read += message.size();
  EXPECT_TRUE(ended.get());
  EXPECT_EQ(read - kFileHeader + lost(), sink.stat("bytes-in"));
}

// A client that does not read costs the streaming thread nothing.
TEST(WsStreamSinkTest, AStalledClientDelaysNobody) {
  WsSink sink("encoding=raw path=/appdata");
  test::WsPeer stalled(sink.address(), "", 4096);
  test::WsPeer reads(sink.address());
  test::FlvMaker maker;
  sink.push_all({maker.avc_config(), maker.key(0, 20'000)});
  reads.read_message();
  reads.read_message();
  std::vector<gint64> times;
  for (std::uint32_t i = 1; i <= 300; ++i) {
    const Bytes tag = i % 25 == 0 ? maker.key(i * 40, 20'000) : maker.delta(i * 40, 20'000);
    const gint64 begin = g_get_monotonic_time();
    ASSERT_EQ(sink.push(tag), GST_FLOW_OK);
    times.push_back(g_get_monotonic_time() - begin);
    ASSERT_EQ(reads.read_message(), text(tag));
  }
  std::ranges::sort(times);
  EXPECT_LT(times[times.size() * 99 / 100], 20'000) << "us";
  EXPECT_LE(sink.stat("level-bytes"), 2u << 20);
}

}  // namespace
}  // namespace camspan
