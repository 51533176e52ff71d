// A stream that meets everything at once, as a seed decides: reconnects, kills, lost and old indexes, full disks,
// configurations that change. Whatever happens, what comes out is what went in.
#include <random>

#include "recorder_fixture.hpp"
#include "recordings/segment_name.hpp"
#include "support/faulty_files.hpp"

namespace camspan::recordings {
namespace {

class StormTest : public RecorderFixture {
 protected:
  ~StormTest() override { recorder_.reset(); }

  std::size_t roll(std::size_t below) { return random_() % below; }

  /// A stream whose configuration changes, whose timestamps wrap, and whose audio runs beside the video.
  std::vector<Bytes> make_stream() {
    std::uint32_t now = roll(2) == 0 ? 0xffff'ff00 : static_cast<std::uint32_t>(roll(100'000));
    auto tags = maker_.stream({.duration_ms = 0, .first_ms = now});
    for (int gop = 0; gop < 25; ++gop) {
      if (roll(6) == 0) tags.push_back(maker_.avc_config(now, static_cast<std::uint8_t>(gop)));
      if (roll(6) == 0) tags.push_back(maker_.metadata(640, 360, gop, roll(2) == 0 ? 0 : now));
      const auto part = maker_.stream({.duration_ms = static_cast<std::uint32_t>(100 + roll(900)),
                                       .first_ms = now,
                                       .gop = 1000,
                                       .key_bytes = 300,
                                       .delta_bytes = 100,
                                       .audio_bytes = 30,
                                       .head = false});
      tags.insert(tags.end(), part.begin(), part.end());
      now = timestamp_of(tags.back()) + 20;
      if (roll(3) == 0) std::swap(tags[tags.size() - 1], tags[tags.size() - 2]);
    }
    return tags;
  }

  Recorder::Begin begin_at(const std::vector<Bytes>& tags, std::size_t first) const {
    const auto ms = std::int32_t(timestamp_of(tags[std::min(first, tags.size() - 1)]) - timestamp_of(tags[3]));
    return begin_of("a", first, ms);
  }

  /// As kill -9 at any moment: what is on disk stays, with a part of a write behind it, and the index may be older.
  void kill(Stream& stream, const std::vector<Bytes>& tags) {
    const auto aside = folder_.path() / "aside";
    std::filesystem::copy(root(), aside, std::filesystem::copy_options::recursive);
    const auto rows = index_.rows();
    stream.recording.reset();
    recorder_.reset();
    std::filesystem::remove_all(root());
    std::filesystem::rename(aside, root());
    index_.clear();
    const bool index_lives = roll(2) == 0;
    for (const auto& row : rows) {
      if (index_lives) index_.put(row.segment, row.finished);
    }
    for (const std::string& name : files()) {
      if (final_path(name) == name || roll(2) == 0) continue;
      Bytes bytes = load(root() / name);
      const Bytes& next = tags[roll(tags.size())];
      bytes.insert(bytes.end(), next.begin(), next.begin() + static_cast<std::ptrdiff_t>(roll(next.size() - 1)));
      if (roll(3) == 0) bytes.resize(bytes.size() + 1 + roll(5000));
      store(root() / name, bytes);
    }
    start();
  }

  void weather(std::uint32_t seed) {
    random_.seed(seed);
    const auto tags = make_stream();
    start();
    auto stream = open(begin_at(tags, 0)).value();
    std::uint64_t acknowledged = 0;
    while (true) {
      const std::size_t next = stream->next;
      const std::size_t size = std::min(roll(80), tags.size() - next);
      append(*stream, std::span(tags).subspan(next, size));
      bool gone = true;
      switch (roll(8)) {
        case 0:
          static_cast<void>(end(*stream));
          break;
        case 1:
          commit();
          acknowledged = std::max(acknowledged, stream->committed.empty() ? 0 : stream->committed.back());
          kill(*stream, tags);
          break;
        case 2:
          faults_.room = roll(8000);
          static_cast<void>(end(*stream));
          faults_.room = test::FaultyFiles::kNoLimit;
          break;
        case 3:
          restart();
          break;
        default:
          commit();
          gone = false;
      }
      if (!stream->committed.empty()) acknowledged = std::max(acknowledged, stream->committed.back());
      if (!gone && stream->next < tags.size()) continue;
      if (!gone && end(*stream)) break;
      const auto last = index_.last_of({"cam1", 0, "a"});
      const std::uint64_t stored = last ? last->end : 0;
      ASSERT_GE(stored, acknowledged) << "what was acknowledged is gone";
      const std::uint64_t first = stored - std::min<std::uint64_t>(stored, roll(3) == 0 ? roll(50) : 0);
      stream = open(begin_at(tags, first)).value();
      ASSERT_EQ(stream->next, stored);
    }
    auto segments = index_.segments();
    std::ranges::stable_sort(segments, {}, &Segment::first);
    auto reader = RangeReader::open(root(), segments, {}).value();
    const Bytes flv = RecorderFixture::read(*reader);
    auto played = contents_of(flv);
    auto sent = contents_of(tags, 0);
    // Only the place of 0 is the reader's choice.
    const std::uint32_t shift = played[3].timestamp - sent[3].timestamp;
    for (auto& tag : sent) tag.timestamp += shift;
    expect_same(played, sent);
  }

  std::mt19937 random_;
  test::FaultyFiles faults_;
};

TEST_F(StormTest, LosesNothingWhateverHappens) {
  faults_.fast = true;
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    recorder_.reset();
    std::filesystem::remove_all(root());
    index_.clear();
    weather(seed);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace camspan::recordings
