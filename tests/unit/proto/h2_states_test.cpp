// The states of streams (RFC 9113 section 5.1): every row of the table, by real frames, in both roles.
#include <gtest/gtest.h>

#include "support/h2_raw_peer.hpp"

namespace camspan::h2 {
namespace {

using test::H2Frames;
using test::H2RawPeer;
using test::TextSource;

constexpr std::uint32_t kCancel = 0x8;
const StreamId kOne(1);
const StreamId kPushed(2);

/// Stream 1 of a connection of ours, taken to a state by either side.
class Walk {
 public:
  H2RawPeer peer;
  TextSource body{"x", false};

  void we_send_end() {
    body.append("", true);
    peer.ours->resume(kOne, peer.now);
    peer.flush();
  }
  void we_reset() {
    peer.ours->reset(kOne, ErrorCode::cancel);
    peer.flush();
  }
  void peer_resets() { peer.feed(H2Frames().reset(1, kCancel)); }
  void peer_ends() { peer.feed(H2Frames().data(1, "", true)); }
  StreamState state() const { return peer.ours->state(kOne); }
};

class ServerWalk : public Walk {
 public:
  ServerWalk() { peer.start(); }
  void request(bool end) {
    peer.feed(H2Frames().headers(1, {{":method", "POST"}, {":scheme", "https"}, {":path", "/"}}, end));
  }
  void answer() {
    ASSERT_TRUE(peer.ours->submit_response(kOne, 200, {}, &body));
    peer.flush();
  }
};

class ClientWalk : public Walk {
 public:
  explicit ClientWalk(std::size_t max_pushes = 0) {
    Settings settings = Settings::client(65535);
    if (max_pushes != 0) settings.enable_push.reset();
    peer.start_client(settings, max_pushes);
    peer.feed(H2Frames().settings().settings_ack());
  }
  void request(bool end) {
    ASSERT_TRUE(peer.ours->submit_request({"POST", "https", "hub.example", "/", {}}, end ? nullptr : &body));
    peer.flush();
  }
  void peer_answers() { peer.feed(H2Frames().headers(1, {{":status", "200"}}, false)); }
};

using Step = void (*)(ServerWalk&);

TEST(H2StatesTest, AServerGoesThroughEveryRow) {
  const Step open = [](ServerWalk& w) { w.request(false), w.answer(); };
  const Step half_closed_remote = [](ServerWalk& w) { w.request(true), w.answer(); };
  const Step half_closed_local = [](ServerWalk& w) { w.request(false), w.answer(), w.we_send_end(); };
  struct Row {
    const char* name;
    Step from;
    StreamState state;  ///< after `from`
    Step event;
    StreamState to;
  };
  const Row rows[] = {
      {"idle, HEADERS received", [](ServerWalk&) {}, StreamState::idle, [](ServerWalk& w) { w.request(false); },
       StreamState::open},
      {"idle, HEADERS with END_STREAM received", [](ServerWalk&) {}, StreamState::idle,
       [](ServerWalk& w) { w.request(true); }, StreamState::half_closed_remote},
      {"open, END_STREAM sent", open, StreamState::open, [](ServerWalk& w) { w.we_send_end(); },
       StreamState::half_closed_local},
      {"open, END_STREAM received", open, StreamState::open, [](ServerWalk& w) { w.peer_ends(); },
       StreamState::half_closed_remote},
      {"open, reset sent", open, StreamState::open, [](ServerWalk& w) { w.we_reset(); }, StreamState::closed},
      {"open, reset received", open, StreamState::open, [](ServerWalk& w) { w.peer_resets(); }, StreamState::closed},
      {"half closed (local), END_STREAM received", half_closed_local, StreamState::half_closed_local,
       [](ServerWalk& w) { w.peer_ends(); }, StreamState::closed},
      {"half closed (local), reset sent", half_closed_local, StreamState::half_closed_local,
       [](ServerWalk& w) { w.we_reset(); }, StreamState::closed},
      {"half closed (local), reset received", half_closed_local, StreamState::half_closed_local,
       [](ServerWalk& w) { w.peer_resets(); }, StreamState::closed},
      {"half closed (remote), END_STREAM sent", half_closed_remote, StreamState::half_closed_remote,
       [](ServerWalk& w) { w.we_send_end(); }, StreamState::closed},
      {"half closed (remote), reset sent", half_closed_remote, StreamState::half_closed_remote,
       [](ServerWalk& w) { w.we_reset(); }, StreamState::closed},
      {"half closed (remote), reset received", half_closed_remote, StreamState::half_closed_remote,
       [](ServerWalk& w) { w.peer_resets(); }, StreamState::closed},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    ServerWalk walk;
    row.from(walk);
    EXPECT_EQ(walk.state(), row.state);
    row.event(walk);
    EXPECT_EQ(walk.state(), row.to);
    EXPECT_FALSE(walk.peer.go_away());
  }
}

TEST(H2StatesTest, AClientGoesThroughEveryRow) {
  using ClientStep = void (*)(ClientWalk&);
  const ClientStep open = [](ClientWalk& w) { w.request(false), w.peer_answers(); };
  const ClientStep half_closed_local = [](ClientWalk& w) { w.request(true), w.peer_answers(); };
  const ClientStep half_closed_remote = [](ClientWalk& w) { w.request(false), w.peer_answers(), w.peer_ends(); };
  struct Row {
    const char* name;
    ClientStep from;
    StreamState state;
    ClientStep event;
    StreamState to;
  };
  const Row rows[] = {
      {"idle, HEADERS sent", [](ClientWalk&) {}, StreamState::idle, [](ClientWalk& w) { w.request(false); },
       StreamState::open},
      {"idle, HEADERS with END_STREAM sent", [](ClientWalk&) {}, StreamState::idle,
       [](ClientWalk& w) { w.request(true); }, StreamState::half_closed_local},
      {"open, END_STREAM sent", open, StreamState::open, [](ClientWalk& w) { w.we_send_end(); },
       StreamState::half_closed_local},
      {"open, END_STREAM received", open, StreamState::open, [](ClientWalk& w) { w.peer_ends(); },
       StreamState::half_closed_remote},
      {"open, reset sent", open, StreamState::open, [](ClientWalk& w) { w.we_reset(); }, StreamState::closed},
      {"open, reset received", open, StreamState::open, [](ClientWalk& w) { w.peer_resets(); }, StreamState::closed},
      {"half closed (local), END_STREAM received", half_closed_local, StreamState::half_closed_local,
       [](ClientWalk& w) { w.peer_ends(); }, StreamState::closed},
      {"half closed (local), reset sent", half_closed_local, StreamState::half_closed_local,
       [](ClientWalk& w) { w.we_reset(); }, StreamState::closed},
      {"half closed (local), reset received", half_closed_local, StreamState::half_closed_local,
       [](ClientWalk& w) { w.peer_resets(); }, StreamState::closed},
      {"half closed (remote), END_STREAM sent", half_closed_remote, StreamState::half_closed_remote,
       [](ClientWalk& w) { w.we_send_end(); }, StreamState::closed},
      {"half closed (remote), reset sent", half_closed_remote, StreamState::half_closed_remote,
       [](ClientWalk& w) { w.we_reset(); }, StreamState::closed},
      {"half closed (remote), reset received", half_closed_remote, StreamState::half_closed_remote,
       [](ClientWalk& w) { w.peer_resets(); }, StreamState::closed},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    ClientWalk walk;
    row.from(walk);
    EXPECT_EQ(walk.state(), row.state);
    row.event(walk);
    EXPECT_EQ(walk.state(), row.to);
    EXPECT_FALSE(walk.peer.go_away());
  }
}

/// The promise of a GET, on stream 1.
Bytes promise(std::uint32_t id) {
  Bytes payload(4);
  store_be<4>(payload.data(), id);
  const Bytes block = H2Frames::block(H2RawPeer::get("/pushed"));
  payload.insert(payload.end(), block.begin(), block.end());
  return payload;
}

TEST(H2StatesTest, AClientThatTookPushesWouldReserveThem) {
  for (const bool reset : {false, true}) {
    ClientWalk walk(1);
    walk.request(false);
    walk.peer.feed(H2Frames().frame(H2Frames::push_type, H2Frames::kEndHeaders, 1, promise(2)));
    EXPECT_EQ(walk.peer.ours->state(kPushed), StreamState::reserved_remote);
    EXPECT_EQ(walk.state(), StreamState::open);
    if (reset) {
      walk.peer.feed(H2Frames().reset(2, kCancel));
    } else {
      walk.peer.feed(H2Frames().headers(2, {{":status", "200"}}, false));
      EXPECT_EQ(walk.peer.ours->state(kPushed), StreamState::half_closed_local);
      walk.peer.feed(H2Frames().data(2, "pushed", true));
    }
    EXPECT_EQ(walk.peer.ours->state(kPushed), StreamState::closed);
    EXPECT_TRUE(walk.peer.observer.streams[2].body.empty()) << "nobody asked for it";
    walk.peer_answers();
    EXPECT_EQ(walk.peer.observer.streams[1].response.status, 200);
  }
}

TEST(H2StatesTest, AClientTakesNoPush) {
  ClientWalk walk;
  walk.request(false);
  walk.peer.feed(H2Frames().frame(H2Frames::push_type, H2Frames::kEndHeaders, 1, promise(2)));
  EXPECT_EQ(walk.peer.go_away(), ErrorCode::protocol_error);
  EXPECT_EQ(walk.peer.ours->stats().of(Limit::pushes), 1u);
}

TEST(H2StatesTest, IdsBelowTheNewestAreClosedAndNeverComeBack) {
  ServerWalk walk;
  walk.peer.feed(H2Frames().headers(5, H2RawPeer::get(), true));
  EXPECT_EQ(walk.peer.ours->state(StreamId(3)), StreamState::closed);
  EXPECT_EQ(walk.peer.ours->state(StreamId(7)), StreamState::idle);
  EXPECT_FALSE(walk.peer.go_away());
  walk.peer.feed(H2Frames().headers(3, H2RawPeer::get(), true));
  EXPECT_EQ(walk.peer.observer.streams.count(3), 0u);
  EXPECT_EQ(walk.peer.go_away(), ErrorCode::protocol_error);
}

TEST(H2StatesTest, AServerTakesNoEvenStream) {
  ServerWalk walk;
  walk.peer.feed(H2Frames().headers(2, H2RawPeer::get(), true));
  EXPECT_EQ(walk.peer.go_away(), ErrorCode::protocol_error);
}

}  // namespace
}  // namespace camspan::h2
