#include "plugins/encoder_control.hpp"

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <memory>

#include "element/sink.hpp"

namespace camspan::plugin {
namespace {

using test::UnrefObject;

std::unique_ptr<GstElement, UnrefObject> made(const char* factory) {
  GstElement* element = gst_element_factory_make(factory, nullptr);
  if (element) gst_object_ref_sink(element);
  return std::unique_ptr<GstElement, UnrefObject>(element);
}

TEST(EncoderControlTest, SetsTheBitrateInTheUnitOfTheEncoder) {
  const auto x264 = made("x264enc");
  if (!x264) GTEST_SKIP() << "no x264enc";
  EXPECT_TRUE(set_encoder_bitrate(x264.get(), 1'500'000));
  guint kbit = 0;
  g_object_get(x264.get(), "bitrate", &kbit, nullptr);
  EXPECT_EQ(kbit, 1500u);
  const auto openh264 = made("openh264enc");
  if (!openh264) GTEST_SKIP() << "no openh264enc";
  EXPECT_TRUE(set_encoder_bitrate(openh264.get(), 1'500'000));
  guint bits = 0;
  g_object_get(openh264.get(), "bitrate", &bits, nullptr);
  EXPECT_EQ(bits, 1'500'000u);
}

TEST(EncoderControlTest, LeavesOtherElementsAlone) {
  const auto identity = made("identity");
  EXPECT_FALSE(set_encoder_bitrate(identity.get(), 1'500'000));
}

TEST(EncoderControlTest, FindsTheEncoderByNameOrBecauseItIsTheOnlyOne) {
  const std::unique_ptr<GstElement, UnrefObject> pipeline(
      gst_parse_launch("videotestsrc ! x264enc name=enc ! fakesink name=sink", nullptr));
  if (!pipeline) GTEST_SKIP() << "no x264enc";
  const std::unique_ptr<GstElement, UnrefObject> sink(gst_bin_get_by_name(GST_BIN(pipeline.get()), "sink"));
  const auto name_of = [&](const char* name) {
    const std::unique_ptr<GstElement, UnrefObject> found(find_encoder(sink.get(), name));
    return std::string(found ? GST_OBJECT_NAME(found.get()) : "none");
  };
  EXPECT_EQ(name_of("enc"), "enc");
  EXPECT_EQ(name_of("auto"), "enc");
  EXPECT_EQ(name_of("other"), "none");
  gst_bin_add(GST_BIN(pipeline.get()), gst_element_factory_make("x264enc", nullptr));
  EXPECT_EQ(name_of("auto"), "none") << "there are two";
}

}  // namespace
}  // namespace camspan::plugin
