#include <gtest/gtest.h>

#include "element/sink.hpp"
#include "support/flv_maker.hpp"
#include "support/reserved_port.hpp"
#include "support/temp_folder.hpp"
#include "support/upload_server.hpp"

namespace camspan {
namespace {

using test::always;
using test::Sink;
using test::UploadServer;
using Answer = UploadServer::Answer;

class H2SinkSpoolTest : public ::testing::Test {
 protected:
  /// The next element message of that name.
  static guint64 bytes_of_spool_message(Sink& sink) {
    for (;;) {
      const auto message = sink.wait(GST_MESSAGE_ELEMENT);
      if (!message) return G_MAXUINT64;
      const GstStructure* structure = gst_message_get_structure(message.get());
      guint64 bytes = 0;
      if (gst_structure_has_name(structure, "h2sink/spool") && gst_structure_get_uint64(structure, "bytes", &bytes))
        return bytes;
    }
  }

  test::TempFolder folder;
  test::FlvMaker maker;
};

TEST_F(H2SinkSpoolTest, SaysWhatIsInTheSpoolAndWhenItIsEmpty) {
  const test::ReservedPort port;
  Sink sink("location=http://127.0.0.1:" + std::to_string(port.number()) +
            "/ingest/cam1 reconnect-delay=1 reconnect-delay-max=5 " +
            "drain-timeout=10000 spool-location=" + folder.file("spool"));
  ASSERT_EQ(sink.push_all(maker.stream({})), GST_FLOW_OK);
  const guint64 bytes = bytes_of_spool_message(sink);
  EXPECT_GT(bytes, 0u);
  EXPECT_NE(bytes, G_MAXUINT64);
  EXPECT_GT(sink.stat("spool-bytes"), 0u);
  EXPECT_NE(sink.stat("spool-oldest-time"), GST_CLOCK_TIME_NONE);
  UploadServer server(always(Answer::acknowledge), nullptr, port.number());
  ASSERT_EQ(sink.push(maker.key(5000)), GST_FLOW_OK);
  ASSERT_TRUE(sink.eos());
  EXPECT_EQ(bytes_of_spool_message(sink), 0u);
  EXPECT_EQ(sink.stat("spool-bytes"), 0u);
  EXPECT_EQ(sink.stat("spool-oldest-time"), GST_CLOCK_TIME_NONE);
}

TEST_F(H2SinkSpoolTest, DropsTheSpoolWhenAsked) {
  const std::string properties =
      "location=http://127.0.0.1:1/ingest/cam1 drain-timeout=0 spool-location=" + folder.file("spool");
  {
    Sink sink(properties);
    ASSERT_EQ(sink.push_all(maker.stream({})), GST_FLOW_OK);
    ASSERT_TRUE(sink.wait(GST_MESSAGE_WARNING));
  }
  Sink sink(properties);
  EXPECT_GT(bytes_of_spool_message(sink), 0u);
  g_signal_emit_by_name(sink.element(), "drop-spool");
  EXPECT_EQ(bytes_of_spool_message(sink), 0u);
  EXPECT_GT(sink.stat("bytes-dropped-spool"), 0u);
}

TEST_F(H2SinkSpoolTest, WarnsOfAFolderThatCannotBeUsedAndUploadsWithoutIt) {
  UploadServer server(always(Answer::acknowledge));
  folder.write("file", "");
  Sink sink("location=" + server.url() + " spool-mode=always spool-location=" + folder.file("file"));
  const auto warning = sink.wait(GST_MESSAGE_WARNING);
  ASSERT_TRUE(warning);
  g_autoptr(GError) error = nullptr;
  gst_message_parse_warning(warning.get(), &error, nullptr);
  EXPECT_NE(std::string(error->message).find("spool-location"), std::string::npos) << error->message;
  ASSERT_EQ(sink.push_all(maker.stream({})), GST_FLOW_OK);
  ASSERT_TRUE(sink.eos());
  EXPECT_TRUE(server.requests().at(0).ended);
}

}  // namespace
}  // namespace camspan
