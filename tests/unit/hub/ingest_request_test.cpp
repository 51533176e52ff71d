#include "hub/ingest_request.hpp"

#include <gtest/gtest.h>

namespace camspan::hub {
namespace {

using Body = IngestRequest::Body;

tl::expected<IngestRequest, Problem> parse(std::initializer_list<http::Header> headers) {
  return parse_ingest(headers);
}

TEST(IngestRequestTest, TypeDecidesWhatTheBodyIs) {
  EXPECT_EQ(parse({})->body, Body::by_first_bytes);
  EXPECT_EQ(parse({{"content-type", ""}})->body, Body::by_first_bytes);
  EXPECT_EQ(parse({{"content-type", "video/x-flv"}})->body, Body::live);
  EXPECT_EQ(parse({{"content-type", " Video/X-FLV ; a=b"}})->body, Body::live);
  EXPECT_EQ(parse({{"content-type", "image/jpeg"}})->body, Body::file);
  EXPECT_EQ(parse({{"content-type", "application/octet-stream"}})->body, Body::file);
}

TEST(IngestRequestTest, ReadsEveryHeader) {
  const auto request = parse({{"camspan-stream", "6BA7B810-9DAD-41D1-80B4-00C04FD430C8"},
                              {"camspan-first", "12"},
                              {"camspan-start", "2026-11-21T08:30:00.000Z"},
                              {"camspan-spooled", "1"},
                              {"camspan-channel", "3"},
                              {"camspan-meta", R"({"place":"door"})"},
                              {"camspan-name", "a-1.jpg"},
                              {"accept", "text/plain, application/x-ndjson;q=0.9"}});
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(request->stream, "6ba7b810-9dad-41d1-80b4-00c04fd430c8");
  EXPECT_EQ(request->first, 12u);
  EXPECT_EQ(request->start, UtcTime(std::chrono::seconds(1795249800)));
  EXPECT_TRUE(request->spooled);
  EXPECT_EQ(request->channel, 3u);
  EXPECT_EQ(request->meta, R"({"place":"door"})");
  EXPECT_EQ(request->name, "a-1.jpg");
  EXPECT_TRUE(request->acknowledge);
}

TEST(IngestRequestTest, HasDefaultsForWhatIsNotSaid) {
  const auto request = parse({{"accept", "*/*"}}).value();
  EXPECT_EQ(request.stream, "");
  EXPECT_EQ(request.first, 0u);
  EXPECT_FALSE(request.start);
  EXPECT_FALSE(request.spooled);
  EXPECT_EQ(request.channel, 0u);
  EXPECT_FALSE(request.acknowledge);
}

TEST(IngestRequestTest, TakesAStreamOfThirtyTwoDigits) {
  EXPECT_EQ(parse({{"camspan-stream", "6ba7b8109dad41d180b400c04fd430c8"}})->stream,
            "6ba7b810-9dad-41d1-80b4-00c04fd430c8");
}

TEST(IngestRequestTest, RefusesWhatIsNoValueOfItsHeader) {
  const std::string long_meta = "{\"a\":\"" + std::string(4096, 'x') + "\"}";
  const http::Header rows[] = {
      {"camspan-stream", "not-a-uuid"},
      {"camspan-stream", "6ba7b810+9dad-41d1-80b4-00c04fd430c8"},
      {"camspan-first", "-1"},
      {"camspan-first", "1x"},
      {"camspan-first", "5"},  // of no stream
      {"camspan-first", "18446744073709551615"},
      {"camspan-start", "yesterday"},
      {"camspan-spooled", "0"},
      {"camspan-channel", "256"},
      {"camspan-channel", "x"},
      {"camspan-meta", "[1]"},
      {"camspan-meta", "{"},
      {"camspan-meta", long_meta},
      {"camspan-name", "../x"},
      {"camspan-name", ".hidden"},
      {"camspan-name", "a/b"},
      {"camspan-name", "a.part"},
      {"camspan-name", ""},
      {"camspan-name", std::string(129, 'a')},
  };
  for (const http::Header& header : rows) {
    const auto request = parse({header});
    ASSERT_FALSE(request) << header.name << ": " << header.value.substr(0, 40);
    EXPECT_EQ(request.error().cause, Cause::bad_request);
    EXPECT_NE(request.error().detail.find(header.name), std::string::npos);
  }
}

TEST(IngestRequestTest, DeepMetaCostsNothing) {
  const std::string meta = std::string(2000, '[') + std::string(2000, ']');
  EXPECT_FALSE(parse({{"camspan-meta", meta}}));
  EXPECT_TRUE(parse({{"camspan-meta", "{\"a\":" + meta + "}"}}));
}

TEST(TagNumbersTest, CountsEverythingFromTheBeginning) {
  TagNumbers numbers(0, {});
  for (const UnitKind kind : {UnitKind::script, UnitKind::config, UnitKind::config, UnitKind::key, UnitKind::audio})
    EXPECT_TRUE(numbers.next(kind));
  EXPECT_EQ(numbers.end(), 5u);
}

TEST(TagNumbersTest, LeavesOutTheRepeatedHeadOfAStreamThatGoesOn) {
  TagNumbers numbers(7, {});
  EXPECT_FALSE(numbers.next(UnitKind::script));
  EXPECT_FALSE(numbers.next(UnitKind::config));
  EXPECT_FALSE(numbers.next(UnitKind::config));
  EXPECT_EQ(numbers.next(UnitKind::delta), 7u);
  EXPECT_EQ(numbers.next(UnitKind::script), 8u);
  EXPECT_EQ(numbers.next(UnitKind::config), 9u);
  EXPECT_EQ(numbers.next(UnitKind::other), 10u);
}

TEST(TagNumbersTest, CountsMetadataBehindAHeadOfKnownLength) {
  TagNumbers numbers(7, 2);
  EXPECT_FALSE(numbers.next(UnitKind::script));
  EXPECT_FALSE(numbers.next(UnitKind::config));
  EXPECT_EQ(numbers.next(UnitKind::script), 7u);
  EXPECT_EQ(numbers.next(UnitKind::delta), 8u);
  TagNumbers none(7, 0);
  EXPECT_EQ(none.next(UnitKind::config), 7u);
  TagNumbers longer(7, 9);
  EXPECT_EQ(longer.next(UnitKind::audio), 7u) << "media ends a head that is shorter than was said";
  EXPECT_EQ(longer.next(UnitKind::script), 8u);
}

TEST(IngestRequestTest, TakesTheLengthOfARepeatedHead) {
  EXPECT_FALSE(parse({}).value().head);
  EXPECT_EQ(parse({{"camspan-head", "3"}}).value().head, 3u);
  for (const char* bad : {"", "-1", "x", "99999999999999999999"}) EXPECT_FALSE(parse({{"camspan-head", bad}})) << bad;
}

TEST(IngestRequestTest, ReadsHowManyTagsStreamsBeforeHad) {
  const std::string a = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
  const std::string b = "6ba7b810-9dad-41d1-80b4-00c04fd430c9";
  const auto request =
      parse_ingest(http::Headers{{"camspan-after", a + ";12, " + b + ";3"}, {"camspan-rest", b + ";7"}});
  ASSERT_TRUE(request);
  using Tags = std::vector<IngestRequest::StreamTag>;
  EXPECT_EQ(request->after, (Tags{{a, 12}, {b, 3}}));
  EXPECT_EQ(request->rest, (IngestRequest::StreamTag{b, 7}));
  for (const std::string& bad :
       {std::string("x"), a, a + ";", a + ";-1", a + ";4611686018427387905", std::string("x;1"), a + ";1,,"})
    EXPECT_FALSE(parse_ingest(http::Headers{{"camspan-after", bad}})) << bad;
  EXPECT_FALSE(parse_ingest(http::Headers{{"camspan-rest", "1;1"}}));
}

}  // namespace
}  // namespace camspan::hub
