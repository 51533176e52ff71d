#include "proto/rtc/sdp.hpp"

#include <gmock/gmock.h>

#include "support/sdp_samples.hpp"

namespace camspan::rtc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using Kind = SdpError::Kind;

constexpr const char* kCandidate = "candidate:1 1 UDP 2130706431 192.0.2.1 50000 typ host";

std::string without(std::string text, const std::string& line) {
  const auto at = text.find(line);
  EXPECT_NE(at, std::string::npos) << line;
  return text.erase(at, text.find('\n', at) + 1 - at);
}
std::string with(std::string text, const std::string& line, const std::string& other) {
  return text.replace(text.find(line), line.size(), other);
}
Kind kind_of(const std::string& sdp) {
  const auto parsed = parse_data_offer(sdp);
  EXPECT_FALSE(parsed);
  return parsed ? Kind{} : parsed.error().kind;
}
LocalTransport local() {
  LocalTransport local;
  local.ice = {"abcd", "0123456789abcdef012345"};
  local.fingerprint = parse_fingerprint(test::kSampleFingerprint).value();
  local.session_id = 42;
  return local;
}
std::string answer_to(const std::string& offer) {
  return write_answer(parse_data_offer(offer).value(), local());
}

TEST(SdpTest, ReadsWhatChromiumOffers) {
  const auto offer = parse_data_offer(test::chromium_offer());
  ASSERT_TRUE(offer) << offer.error().sentence;
  EXPECT_EQ(offer->ice, (IceCredentials{"Kjrt", "Vpr+IN2zN2g+ZodVPAybDzt5"}));
  EXPECT_TRUE(offer->trickle);
  EXPECT_EQ(offer->setup, Setup::actpass);
  EXPECT_EQ(to_string(offer->fingerprint), test::kSampleFingerprint);
  EXPECT_EQ(offer->sctp_port, 5000);
  EXPECT_EQ(offer->max_message_size, 262144u);
  EXPECT_THAT(offer->bundle, ElementsAre("0"));
  EXPECT_THAT(offer->candidates, IsEmpty());
  EXPECT_FALSE(offer->end_of_candidates);
}

TEST(SdpTest, ReadsWhatAiortcOffers) {
  const auto offer = parse_data_offer(test::aiortc_offer());
  ASSERT_TRUE(offer) << offer.error().sentence;
  EXPECT_THAT(offer->candidates, SizeIs(2));
  EXPECT_TRUE(offer->end_of_candidates);
  EXPECT_FALSE(offer->trickle);
  EXPECT_EQ(offer->max_message_size, 65536u);
}

TEST(SdpTest, ReadsWhatFirefoxOffers) {
  const auto offer = parse_data_offer(test::firefox_offer());
  ASSERT_TRUE(offer) << offer.error().sentence;
  EXPECT_EQ(offer->ice.ufrag, "0f1e2d3c");
  EXPECT_TRUE(offer->trickle);  // of the session
  EXPECT_THAT(offer->candidates, ElementsAre(HasSubstr(".local")));
}

TEST(SdpTest, ReadsWhatLibdatachannelAndPionOffer) {
  const auto lf = parse_data_offer(test::libdatachannel_offer());
  ASSERT_TRUE(lf) << lf.error().sentence;
  EXPECT_EQ(lf->ice.ufrag, "w3Bs");
  const auto pion = parse_data_offer(test::pion_offer());
  ASSERT_TRUE(pion) << pion.error().sentence;
  EXPECT_EQ(pion->max_message_size, kDefaultMaxMessage);
  EXPECT_EQ(to_string(pion->fingerprint), test::kSampleFingerprint);
}

TEST(SdpTest, TakesTheTransportOfTheSectionThatDataIsBundledWith) {
  const auto offer = parse_data_offer(test::webrtcbin_offer());
  ASSERT_TRUE(offer) << offer.error().sentence;
  EXPECT_EQ(offer->data_section()->mid, "application1");
  EXPECT_FALSE(offer->data_section()->rejected);
  EXPECT_EQ(offer->ice.ufrag, "Kt2Wd7oMyC2ZuX+B3n+vHDDmyAlBKQsd");
}

TEST(SdpTest, TakesTheTransportOfDataThatIsNotBundled) {
  std::string text = without(test::chromium_audio_offer(), "a=group:BUNDLE");
  const auto second = text.rfind("a=ice-ufrag:UTaJ");
  text.replace(second, 16, "a=ice-ufrag:DATA");
  EXPECT_EQ(parse_data_offer(text)->ice.ufrag, "DATA");
}

TEST(SdpTest, NamesWhatAnOfferLacks) {
  EXPECT_EQ(kind_of(without(test::chromium_offer(), "a=fingerprint")), Kind::no_fingerprint);
  EXPECT_EQ(kind_of(without(test::chromium_offer(), "a=ice-ufrag")), Kind::no_ice);
  EXPECT_EQ(kind_of(without(test::chromium_offer(), "a=ice-pwd")), Kind::no_ice);
  EXPECT_EQ(kind_of(with(test::chromium_offer(), "m=application 9", "m=application 0")), Kind::no_data_section);
  EXPECT_EQ(kind_of(with(test::chromium_offer(), "UDP/DTLS/SCTP", "UDP/TLS/RTP/SAVPF")), Kind::no_data_section);
  EXPECT_EQ(kind_of("v=0\r\ns=-\r\n"), Kind::no_data_section);
  EXPECT_EQ(parse_data_offer(without(test::chromium_offer(), "a=fingerprint")).error().status(), 406);
}

TEST(SdpTest, RefusesWhatIsBrokenAndSaysWhere) {
  EXPECT_EQ(kind_of(""), Kind::malformed);
  EXPECT_EQ(kind_of("hello"), Kind::malformed);
  EXPECT_EQ(kind_of("{\"sdp\":\"v=0\"}"), Kind::malformed);
  EXPECT_EQ(kind_of(with(test::chromium_offer(), "m=application 9", "m=application x")), Kind::malformed);
  EXPECT_EQ(kind_of(with(test::chromium_offer(), "Kjrt", "K t")), Kind::malformed);
  EXPECT_EQ(kind_of(with(test::chromium_offer(), "Kjrt", "Kj")), Kind::malformed);
  EXPECT_EQ(kind_of(with(test::chromium_offer(), "sctp-port:5000", "sctp-port:70000")), Kind::malformed);
  EXPECT_EQ(kind_of(with(test::chromium_offer(), "A3:A6", "A3-A6")), Kind::malformed);
  EXPECT_EQ(kind_of(with(test::chromium_offer(), "A3:A6", "ZZ:A6")), Kind::malformed);
  EXPECT_EQ(kind_of(with(test::chromium_offer(), "setup:actpass", "setup:holdconn")), Kind::not_acceptable);
  const auto error = parse_data_offer(with(test::chromium_offer(), "s=-", "nonsense")).error();
  EXPECT_EQ(error.line, 3u);
  EXPECT_THAT(error.sentence, HasSubstr("Line 3"));
}

TEST(SdpTest, RefusesMoreThanItsLimits) {
  std::string many = test::chromium_offer();
  for (std::size_t i = 0; i <= kMaxCandidates; ++i) many += std::string("a=") + kCandidate + "\r\n";
  EXPECT_EQ(kind_of(many), Kind::too_many_candidates);
  EXPECT_EQ(parse_data_offer(many).error().status(), 413);
  EXPECT_EQ(parse_data_offer(many).error().cause(), "too-many-candidates");

  std::string sections = test::chromium_offer();
  for (std::size_t i = 0; i < kMaxMediaSections; ++i) sections += "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n";
  EXPECT_EQ(kind_of(sections), Kind::too_large);
  EXPECT_EQ(kind_of(test::chromium_offer() + std::string(kMaxSdpBytes, 'x')), Kind::too_large);
  std::string lines = test::chromium_offer();
  for (std::size_t i = 0; i < kMaxSdpLines; ++i) lines += "a=x\n";
  EXPECT_EQ(kind_of(lines), Kind::too_large);
}

TEST(SdpTest, AnswersTheDataSectionAsTheActiveSide) {
  const std::string text = answer_to(test::chromium_offer());
  const auto answer = parse_data_offer(text);
  ASSERT_TRUE(answer) << answer.error().sentence;
  EXPECT_EQ(answer->setup, Setup::active);
  EXPECT_EQ(answer->ice, local().ice);
  EXPECT_EQ(answer->max_message_size, local().max_message_size);
  EXPECT_EQ(answer->data_section()->mid, "0");
  EXPECT_THAT(answer->bundle, ElementsAre("0"));
  EXPECT_TRUE(answer->trickle);
}

TEST(SdpTest, LeavesTheRoleToAPeerThatHasChosen) {
  for (const auto& [theirs, ours] : {std::pair{"active", Setup::passive}, std::pair{"passive", Setup::active}})
    EXPECT_EQ(parse_data_offer(answer_to(with(test::chromium_offer(), "actpass", theirs)))->setup, ours);
}

TEST(SdpTest, AnswersBundledMediaInactiveInTheOrderOfTheOffer) {
  const std::string text = answer_to(test::chromium_audio_offer());
  const auto answer = parse_data_offer(text);
  ASSERT_TRUE(answer) << answer.error().sentence;
  ASSERT_THAT(answer->media, SizeIs(2));
  EXPECT_EQ(answer->media[0].kind, "audio");
  EXPECT_EQ(answer->media[0].direction, "inactive");
  EXPECT_FALSE(answer->media[0].rejected);
  EXPECT_THAT(answer->media[0].formats, ElementsAre("111"));
  EXPECT_THAT(answer->media[0].lines, testing::Contains("rtpmap:111 opus/48000/2"));
  EXPECT_THAT(answer->bundle, ElementsAre("0", "1"));
}

TEST(SdpTest, RejectsMediaOfAnotherTransport) {
  const auto answer = parse_data_offer(answer_to(without(test::chromium_audio_offer(), "a=group:BUNDLE")));
  ASSERT_TRUE(answer) << answer.error().sentence;
  EXPECT_TRUE(answer->media[0].rejected);
  EXPECT_FALSE(answer->media[1].rejected);
  EXPECT_THAT(answer->bundle, IsEmpty());
}

TEST(SdpTest, AnswersTheDraftsFormInIt) {
  const std::string text = answer_to(test::aiortc_offer());
  EXPECT_THAT(text, HasSubstr("m=application 9 DTLS/SCTP 5000\r\n"));
  EXPECT_THAT(text, HasSubstr("a=sctpmap:5000 webrtc-datachannel "));
  EXPECT_THAT(text, Not(HasSubstr("a=sctp-port")));
}

TEST(SdpTest, OffersWhatItCanAnswer) {
  const auto offer = parse_data_offer(write_offer(local()));
  ASSERT_TRUE(offer) << offer.error().sentence;
  EXPECT_EQ(offer->setup, Setup::actpass);
  EXPECT_TRUE(parse_data_offer(write_answer(*offer, local())));
}

TEST(SdpTest, PutsCandidatesIntoTheFirstSectionThatIsUsed) {
  const std::string plain = answer_to(test::chromium_audio_offer());
  const auto answer = parse_data_offer(with_candidates(plain, {kCandidate}, true));
  EXPECT_THAT(answer->candidates, ElementsAre(kCandidate));
  EXPECT_TRUE(answer->end_of_candidates);
  const std::string rejecting = answer_to(without(test::chromium_audio_offer(), "a=group:BUNDLE"));
  EXPECT_THAT(parse_data_offer(with_candidates(rejecting, {kCandidate}, false))->candidates, ElementsAre(kCandidate));
}

TEST(SdpTest, WritesTheCandidatesThatAreKnown) {
  LocalTransport transport = local();
  transport.candidates = {kCandidate};
  transport.end_of_candidates = true;
  const auto answer = parse_data_offer(write_answer(parse_data_offer(test::chromium_offer()).value(), transport));
  EXPECT_THAT(answer->candidates, ElementsAre(kCandidate));
  EXPECT_TRUE(answer->end_of_candidates);
}

TEST(SdpTest, SurvivesEveryCutOfAnOffer) {
  const std::string whole = test::chromium_audio_offer();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto offer = parse_data_offer(std::string_view(whole).substr(0, size));
    if (offer) {
      EXPECT_TRUE(parse_data_offer(write_answer(*offer, local()))) << size;
    }
  }
}

TEST(SdpFragmentTest, ReadsCandidatesWithTheirSections) {
  const auto fragment = parse_fragment(
      "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
      "a=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\nm=video 9 RTP/AVP 0\r\na=mid:1\r\n"
      "a=candidate:2 1 udp 1 192.0.2.1 2 typ host\r\na=end-of-candidates\r\n");
  ASSERT_TRUE(fragment);
  EXPECT_EQ(fragment->ice.ufrag, "EsAw");
  EXPECT_THAT(fragment->candidates, ElementsAre(Candidate{"0", "candidate:1 1 udp 1 192.0.2.1 1 typ host"},
                                                Candidate{"1", "candidate:2 1 udp 1 192.0.2.1 2 typ host"}));
  EXPECT_TRUE(fragment->end_of_candidates);
}

TEST(SdpFragmentTest, ReadsItsOwn) {
  const SdpFragment fragment{{"EsAw", "P2uYro0UCOQ4zxjKXaWCBui1"}, {{"0", kCandidate}, {"1", kCandidate}}, true};
  const auto read = parse_fragment(write_fragment(fragment));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->ice, fragment.ice);
  EXPECT_EQ(read->candidates, fragment.candidates);
  EXPECT_TRUE(read->end_of_candidates);
  // Found by fuzzing: a plain fragment may name the ufrag alone.
  const auto plain = parse_fragment(write_fragment({{"EsAw", ""}, {}, false}));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->ice.ufrag, "EsAw");
}

TEST(SdpFragmentTest, RefusesTenThousandCandidates) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "a=candidate:1\n";
  EXPECT_EQ(parse_fragment(text).error().status(), 413);
  text.resize(14 * 300);
  EXPECT_EQ(parse_fragment(text).error().cause(), "too-many-candidates");
}

TEST(SdpFragmentTest, RefusesWhatIsNone) {
  EXPECT_FALSE(parse_fragment("candidate:1"));
  EXPECT_FALSE(parse_fragment("a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"));
  EXPECT_FALSE(parse_fragment("a=ice-ufrag:x\r\n"));
  EXPECT_TRUE(parse_fragment(""));
}

}  // namespace
}  // namespace camspan::rtc
