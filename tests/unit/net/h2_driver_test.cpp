#include "net/h2_driver.hpp"

#include <gtest/gtest.h>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include "support/h2_frames.hpp"
#include "support/h2_pair.hpp"

namespace camspan::net {
namespace {

using test::H2Frames;

/// A line whose far end is the test: it takes a write when it is told to, and says what it is given to say.
class FakeStream final : public ByteStream {
 public:
  struct Line {
    explicit Line(asio::io_context& io) : taken(io.get_executor()), said(io.get_executor()) {}
    WakeUp taken;
    WakeUp said;
    bool busy = false;  ///< a write waits for `taken`
    bool blocked = false;
    std::vector<Bytes> writes;
    Bytes to_say;
    bool aborted = false;
    bool shut = false;
    Info info;
  };

  FakeStream(asio::io_context& io, Line& line) : io_(io), line_(line) {}

  asio::awaitable<Result<std::size_t>> read_some(std::span<std::byte> into) override {
    while (line_.to_say.empty() && !line_.aborted) co_await line_.said.wait();
    if (line_.aborted) co_return fail(Errc::cancelled);
    const std::size_t count = std::min(into.size(), line_.to_say.size());
    std::copy_n(line_.to_say.begin(), count, into.begin());
    line_.to_say.erase(line_.to_say.begin(), line_.to_say.begin() + static_cast<std::ptrdiff_t>(count));
    co_return count;
  }
  asio::awaitable<Result<>> write(ByteView bytes) override {
    line_.writes.emplace_back(bytes.begin(), bytes.end());
    line_.busy = true;
    while (line_.blocked && !line_.aborted) co_await line_.taken.wait();
    line_.busy = false;
    if (line_.aborted) co_return fail(Errc::cancelled);
    co_return Result<>{};
  }
  asio::awaitable<Result<>> write_gather(std::span<const ByteView> pieces) override {
    Bytes joined;
    for (const ByteView piece : pieces) joined.insert(joined.end(), piece.begin(), piece.end());
    co_return co_await write(joined);
  }
  asio::awaitable<void> shutdown(int) override {
    line_.shut = true;
    co_return;
  }
  void abort() override {
    line_.aborted = true;
    line_.said.notify();
    line_.taken.notify();
  }
  asio::any_io_executor executor() override { return io_.get_executor(); }
  const Info& info() const override { return line_.info; }

 private:
  asio::io_context& io_;
  Line& line_;
};

/// A client connection over a FakeStream.
class H2DriverTest : public ::testing::Test, public H2Driver::Owner {
 protected:
  H2DriverTest() {
    observer.connection = connection.get();
    driver.emplace(std::make_unique<FakeStream>(io, line), *connection, *this);
    asio::co_spawn(io, driver->run(nullptr, {}), asio::detached);
    say(H2Frames().settings({{0x4, 16777215}}).window_update(0, 16711680).settings_ack());
    line.writes.clear();
  }
  ~H2DriverTest() override {
    driver->end(Errc::closed);
    io.run();
  }

  void input_fed() override {}
  void connection_ended(std::error_code why) override { reason = why; }

  void say(const H2Frames& frames) {
    line.to_say.insert(line.to_say.end(), frames.bytes().begin(), frames.bytes().end());
    line.said.notify();
    run();
  }
  /// Until every coroutine waits.
  void run() {
    io.restart();
    while (io.poll() != 0) {
    }
  }
  h2::StreamId request(h2::BodySource& body) {
    return connection->submit_request({"POST", "https", "hub.example", "/", {}}, &body).value();
  }
  std::size_t written() const {
    std::size_t bytes = 0;
    for (const Bytes& write : line.writes) bytes += write.size();
    return bytes;
  }

  asio::io_context io{1};
  FakeStream::Line line{io};
  test::H2Recorder observer;
  std::unique_ptr<h2::Connection> connection =
      h2::Connection::create_client(h2::Settings::client(65535), h2::Limits::client(), observer,
                                    std::chrono::steady_clock::now())
          .value();
  std::optional<H2Driver> driver;
  std::optional<std::error_code> reason;
};

TEST_F(H2DriverTest, SendsAtOnceWhenTheLineIsIdle) {
  test::TextSource body("first", false);
  const h2::StreamId id = request(body);
  driver->flush();
  run();
  ASSERT_EQ(line.writes.size(), 1u);
  body.append("second", false);
  connection->resume(id, TimePoint());
  driver->flush();
  run();
  ASSERT_EQ(line.writes.size(), 2u);
  EXPECT_EQ(line.writes[1].size(), 9u + 6u);
}

TEST_F(H2DriverTest, JoinsWhatComesWhileTheLineIsBusy) {
  test::TextSource body("first", false);
  const h2::StreamId id = request(body);
  line.blocked = true;
  driver->flush();
  run();
  ASSERT_TRUE(line.busy);
  for (int i = 0; i < 20; ++i) {
    body.append(std::string(1000, 'x'), false);
    connection->resume(id, TimePoint());
    driver->flush();
    run();
  }
  EXPECT_EQ(line.writes.size(), 1u);
  line.blocked = false;
  line.taken.notify();
  run();
  ASSERT_EQ(line.writes.size(), 2u);
  EXPECT_EQ(line.writes[1].size(), 20u * 1009u);
}

TEST_F(H2DriverTest, MakesFullRecordsOfABacklogAndHoldsNothingBack) {
  line.info.tls = true;
  test::TextSource body(std::string(100'000, 'x'), false);
  const h2::StreamId id = request(body);
  line.blocked = true;
  driver->flush();
  run();
  ASSERT_EQ(line.writes.size(), 1u);
  EXPECT_EQ(line.writes[0].size() % 16384, 0u);
  body.append(std::string(50'000, 'x'), false);
  connection->resume(id, TimePoint());
  driver->flush();
  line.blocked = false;
  line.taken.notify();
  run();
  EXPECT_GT(written(), 150'000u) << "the part that was held back has gone, too";
  for (std::size_t i = 0; i + 1 < line.writes.size(); ++i) EXPECT_EQ(line.writes[i].size() % 16384, 0u) << i;
}

TEST_F(H2DriverTest, BoundsWhatItTakesWhileTheLineIsBusy) {
  test::TextSource body(std::string(4'000'000, 'x'));
  request(body);
  line.blocked = true;
  driver->flush();
  run();
  EXPECT_TRUE(line.busy);
  // One buffer on its way, one being filled, each at most 16 records and a frame.
  EXPECT_LE(body.given(), 2u * 17 * 16384);
  line.blocked = false;
  line.taken.notify();
  run();
  EXPECT_EQ(body.given(), 4'000'000u);
  EXPECT_GT(written(), 4'000'000u);
  for (const Bytes& write : line.writes) EXPECT_LE(write.size(), 17u * 16384);
}

TEST_F(H2DriverTest, SaysGoodbyeBeforeItClosesAfterABrokenFrame) {
  say(H2Frames().frame(H2Frames::ping_type, 0, 1, as_bytes("12345678")));
  ASSERT_EQ(line.writes.size(), 1u);
  const auto frames = test::parse_frames(line.writes[0]);
  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames.back().type, H2Frames::go_away_type);
  EXPECT_TRUE(line.shut);
  driver->end(Errc::closed);  // instead of a second for the peer to close
  run();
  EXPECT_EQ(reason, make_error_code(Errc::closed));
}

TEST_F(H2DriverTest, TellsItsOwnerOnceWhenTheLineBreaks) {
  line.aborted = true;
  line.said.notify();
  run();
  EXPECT_EQ(reason, make_error_code(Errc::cancelled));
  EXPECT_TRUE(driver->ended());
  reason.reset();
  driver->end(Errc::timed_out);
  EXPECT_FALSE(reason);
  EXPECT_EQ(driver->reason(), Errc::cancelled);
}

}  // namespace
}  // namespace camspan::net
