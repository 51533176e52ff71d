#include <gmock/gmock.h>

#include <atomic>

#include "compile/program.h"
#include "gos_server.hpp"
#include "proto/ws_message/packer.hpp"

namespace camspan::gos {
namespace {

using namespace std::chrono_literals;
using test::WsPeer;
using ws_message::Code;
using ws_message::Request;
using ws_message::Response;

std::string encoded(const auto& message) {
  return std::string(as_text(encode(message)));
}

Bytes text(std::string_view value) {
  Bytes out;
  ws_message::Packer(out).str(value);
  return out;
}

Response response_of(const std::string& message) {
  const auto decoded = ws_message::decode(as_bytes(message), {});
  if (!decoded || !std::holds_alternative<Response>(*decoded)) throw std::runtime_error("no response");
  return std::get<Response>(*decoded);
}

Request request_of(const std::string& message) {
  const auto decoded = ws_message::decode(as_bytes(message), {});
  if (!decoded || !std::holds_alternative<Request>(*decoded)) throw std::runtime_error("no request");
  return std::get<Request>(*decoded);
}

/// What the handlers of a test do and see; C callbacks have no other way to it.
struct Program {
  std::function<void(const gos_msgpack_object_t*, gos_msgpack_context_t*)> on_stream;
  std::function<void(gos_hs_stream_ws_client_t)> on_connect;
  std::atomic<bool> welcome{true};
  std::atomic<unsigned> connects{0};
  std::atomic<unsigned> disconnects{0};
  std::atomic<void*> client{nullptr};
};
Program* g_program = nullptr;

void stream(const char*, const gos_msgpack_object_t* in, gos_msgpack_context_t* out, void*) {
  g_program->on_stream(in, out);
}
bool accept() {
  return g_program->welcome;
}
void connect(void* client) {
  g_program->client = client;
  if (g_program->on_connect) g_program->on_connect(client);
  ++g_program->connects;
}
void disconnect(void*) {
  ++g_program->disconnects;
}

class GosStreamTest : public GosServerTest {
 protected:
  GosStreamTest() {
    g_program = &program_;
    program_.on_stream = [](const gos_msgpack_object_t*, gos_msgpack_context_t* out) {
      if (out == nullptr) return;
      gos_msgpack_write_dict_marker(out, 1);
      gos_msgpack_write_dict_int(out, "value", 5);
      EXPECT_EQ(gos_hs_stream_flush(out, 1000), GOS_SUCCESS);
    };
    gos_hs_stream_ws_set_accept_callback(accept);
    gos_hs_stream_ws_set_handlers(connect, disconnect);
    gos_hs_stream_register("settings", stream, GOS_HS_STREAM_PERMISSION_ALL, nullptr);
  }
  ~GosStreamTest() override {
    program_.on_connect = {};
    stop_server();
  }

  /// The handle of a client whose connect handler has run.
  gos_hs_stream_ws_client_t handle(unsigned connects = 1) {
    EXPECT_TRUE(eventually([&] { return program_.connects == connects; }));
    return program_.client;
  }
  Response ask(WsPeer& peer, const Request& request) {
    peer.send(encoded(request));
    last_ = peer.read_message();
    return response_of(last_);
  }

  Program program_;
  std::string last_;
};

TEST_F(GosStreamTest, RunsAProgramInCAndOneInCpp) {
  EXPECT_EQ(run_c11_program(), 0);
  EXPECT_EQ(run_cpp17_program(), 0);
}

TEST_F(GosStreamTest, AnswersAReadWithTheBytesOfTheExample) {
  WsPeer peer(address());
  peer.send(std::string("\x83\xa2id\x01\xa6method\xa4read\xa6stream\xa8settings", 33));
  EXPECT_EQ(peer.read_message(), std::string("\x83\xa2id\x01\xa4"
                                             "code\x01\xa4"
                                             "data\x81\xa5value\x05",
                                             24));
}

TEST_F(GosStreamTest, GivesAWriteToTheHandlerOnTheApplicationThread) {
  std::string seen;
  std::thread::id ran_on;
  program_.on_stream = [&](const gos_msgpack_object_t* in, gos_msgpack_context_t* out) {
    EXPECT_EQ(out, nullptr);
    char value[16];
    seen = MSGPACK_STR(in, value, sizeof value);
    ran_on = std::this_thread::get_id();
  };
  WsPeer peer(address());
  EXPECT_EQ(ask(peer, {1, "write", "settings", text("hello")}).code, Code::success);
  EXPECT_EQ(seen, "hello");
  EXPECT_NE(ran_on, std::this_thread::get_id());
}

TEST_F(GosStreamTest, FlushesForAHandlerThatOnlyWrites) {
  program_.on_stream = [](const gos_msgpack_object_t*, gos_msgpack_context_t* out) { gos_msgpack_write_int(out, 9); };
  WsPeer peer(address());
  const auto answer = ask(peer, {1, "read", "settings", {}});
  EXPECT_EQ(as_text(*answer.data), "\x09");
}

TEST_F(GosStreamTest, LetsAHandlerKeepAReadAndFlushItLater) {
  gos_msgpack_context_t* kept = nullptr;
  program_.on_stream = [&](const gos_msgpack_object_t* in, gos_msgpack_context_t* out) {
    if (in == nullptr) {
      kept = out;
    } else {
      gos_msgpack_write_bool(kept, true);
      EXPECT_EQ(gos_hs_stream_flush(kept, 1000), GOS_SUCCESS);
      EXPECT_EQ(gos_hs_stream_flush(kept, 0), GOS_BAD_ARG);
    }
  };
  WsPeer peer(address());
  peer.send(encoded(Request{1, "read", "settings", {}}));
  EXPECT_EQ(ask(peer, {2, "write", "settings", text("now")}).id, 1u);
  EXPECT_EQ(response_of(peer.read_message()).id, 2u);
}

TEST_F(GosStreamTest, AnswersNilInTimeForAHandlerThatDoesNothing) {
  program_.on_stream = [](const gos_msgpack_object_t*, gos_msgpack_context_t*) {};
  WsPeer peer(address());
  const auto answer = ask(peer, {1, "read", "settings", {}});
  EXPECT_EQ(answer.code, Code::success);
  EXPECT_EQ(as_text(*answer.data), "\xc0");
}

TEST_F(GosStreamTest, KeepsToThePermissions) {
  gos_hs_stream_register("in", stream, GOS_HS_STREAM_PERMISSION_WRITE, nullptr);
  gos_hs_stream_register("out", stream, GOS_HS_STREAM_PERMISSION_READ, nullptr);
  gos_hs_stream_register("own", stream, GOS_HS_STREAM_PERMISSION_NONE, nullptr);
  WsPeer peer(address());
  EXPECT_EQ(ask(peer, {1, "read", "in", {}}).code, Code::not_listening);
  EXPECT_EQ(ask(peer, {2, "write", "out", text("x")}).code, Code::not_listening);
  EXPECT_EQ(ask(peer, {3, "read", "out", {}}).code, Code::success);
  ask(peer, {4, "list", {}, {}});
  EXPECT_THAT(last_, testing::EndsWith("\x93\xa2in\xa3out\xa8settings"));
  gos_hs_stream_unregister("out");
  EXPECT_EQ(ask(peer, {5, "read", "out", {}}).code, Code::not_listening);
}

TEST_F(GosStreamTest, BoundsNamesAndTheirNumber) {
  EXPECT_EQ(gos_hs_stream_register("", stream, GOS_HS_STREAM_PERMISSION_ALL, nullptr), GOS_BAD_ARG);
  EXPECT_EQ(gos_hs_stream_register(std::string(65, 'x').c_str(), stream, GOS_HS_STREAM_PERMISSION_ALL, nullptr),
            GOS_BAD_ARG);
  for (int i = 1; i < 64; ++i)
    EXPECT_EQ(gos_hs_stream_register(std::to_string(i).c_str(), stream, GOS_HS_STREAM_PERMISSION_ALL, nullptr),
              GOS_SUCCESS);
  EXPECT_EQ(gos_hs_stream_register("more", stream, GOS_HS_STREAM_PERMISSION_ALL, nullptr), GOS_ERROR_OUT_OF_BUFFERS);
  EXPECT_EQ(gos_hs_stream_register("settings", stream, GOS_HS_STREAM_PERMISSION_READ, nullptr), GOS_SUCCESS);
}

TEST_F(GosStreamTest, ReadsAStreamOfTheClientInsideTheConnectHandler) {
  std::promise<std::string> read;
  program_.on_connect = [&](gos_hs_stream_ws_client_t client) {
    gos_msgpack_object_t* object = nullptr;
    char value[16] = "";
    EXPECT_EQ(gos_hs_stream_ws_read(client, "name", &object, 10000), GOS_SUCCESS);
    MSGPACK_STR(object, value, sizeof value);
    gos_msgpack_free_objects(object);
    read.set_value(value);
  };
  WsPeer peer(address());
  const std::string asked = peer.read_message();
  EXPECT_EQ(request_of(asked).method, "read");
  EXPECT_EQ(request_of(asked).stream, "name");
  peer.send(encoded(Response{*request_of(asked).id, Code::success, {}, text("page")}));
  EXPECT_EQ(read.get_future().get(), "page");
}

TEST_F(GosStreamTest, ListsTheStreamsOfTheClient) {
  WsPeer peer(address());
  const auto client = handle();
  auto answering = std::async(std::launch::async, [&] {
    const auto id = *request_of(peer.read_message()).id;
    Bytes names;
    ws_message::Packer packer(names);
    packer.array_header(1);
    packer.str("name");
    peer.send(encoded(Response{id, Code::success, {}, names}));
  });
  gos_msgpack_object_t* object = nullptr;
  EXPECT_EQ(gos_hs_stream_ws_list(client, &object, 10000), GOS_SUCCESS);
  char value[16];
  EXPECT_STREQ(MSGPACK_TO_STR(object, value, sizeof value), "[name]");
  gos_msgpack_free_objects(object);
  answering.get();
}

TEST_F(GosStreamTest, GivesUpOnAClientThatDoesNotAnswerInTime) {
  WsPeer peer(address());
  const auto client = handle();
  gos_msgpack_object_t* object = nullptr;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(gos_hs_stream_ws_read(client, "name", &object, 200), GOS_TIMEOUT);
  const auto waited = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(object, nullptr);
  EXPECT_GE(waited, 200ms);
  RecordProperty("late_us", std::to_string((waited - 200ms) / 1us));
  // What comes too late is nobody's answer.
  peer.send(encoded(Response{*request_of(peer.read_message()).id, Code::success, {}, text("late")}));
  auto second = std::async(std::launch::async, [&] {
    const auto id = *request_of(peer.read_message()).id;
    peer.send(encoded(Response{id, Code::error, "no such thing", {}}));
  });
  EXPECT_EQ(gos_hs_stream_ws_read(client, "name", &object, 10000), GOS_ERROR);
  second.get();
}

TEST_F(GosStreamTest, SendsMediaToEveryClientAsTheExampleSays) {
  WsPeer first(address());
  WsPeer second(address());
  handle(2);
  gos_msgpack_context_t* context = nullptr;
  ASSERT_EQ(gos_hs_stream_ws_write(GOS_HS_STREAM_WRITE_ALL, "image", &context), GOS_SUCCESS);
  gos_msgpack_write_bin_marker(context, 4);
  gos_hs_stream_write_direct(context, "\xff\xd8", 2);
  gos_hs_stream_write_direct(context, "\xff\xd9", 2);
  EXPECT_EQ(gos_hs_stream_flush(context, 0), GOS_SUCCESS);
  const std::string bytes =
      "\x83\xa6method\xa5write\xa6stream\xa5image\xa4"
      "data\xc4\x04\xff\xd8\xff\xd9";
  EXPECT_EQ(first.read_message(), bytes);
  EXPECT_EQ(second.read_message(), bytes);
}

TEST_F(GosStreamTest, SendsNothingThatIsNotOneValue) {
  WsPeer peer(address());
  const auto client = handle();
  gos_msgpack_context_t* context = nullptr;
  ASSERT_EQ(gos_hs_stream_ws_write(client, "image", &context), GOS_SUCCESS);
  gos_msgpack_write_bin_marker(context, 4);
  gos_hs_stream_write_direct(context, "\xff\xd8", 2);
  EXPECT_EQ(gos_hs_stream_flush(context, 0), GOS_ERROR);
  ASSERT_EQ(gos_hs_stream_ws_write(client, "image", &context), GOS_SUCCESS);
  gos_msgpack_write_bin_marker(context, 1);
  gos_hs_stream_write_direct(context, "\xff\xd8", 2);
  EXPECT_EQ(gos_hs_stream_flush(context, 0), GOS_ERROR);
  ASSERT_EQ(gos_hs_stream_ws_write(client, "image", &context), GOS_SUCCESS);
  gos_hs_stream_ws_abort_write(context);
  gos_hs_stream_ws_abort_write(context);  // it is known no more
  ASSERT_EQ(gos_hs_stream_ws_write(client, "nothing", &context), GOS_SUCCESS);
  EXPECT_EQ(gos_hs_stream_flush(context, 0), GOS_SUCCESS);
  const std::string first = peer.read_message();
  EXPECT_EQ(request_of(first).stream, "nothing");
  EXPECT_EQ(as_text(*request_of(first).data), "\xc0");
}

TEST_F(GosStreamTest, SaysHowManyClientsTookAWriteToAll) {
  WsPeer good(address());
  WsPeer silent(address());
  handle(2);
  const auto write_all = [](std::uint32_t timeout_ms) {
    gos_msgpack_context_t* context = nullptr;
    EXPECT_EQ(gos_hs_stream_ws_write(GOS_HS_STREAM_WRITE_ALL, "x", &context), GOS_SUCCESS);
    gos_msgpack_write_int(context, 1);
    return gos_hs_stream_flush(context, timeout_ms);
  };
  const auto answer = [](WsPeer& peer, Code code) {
    const auto id = *request_of(peer.read_message()).id;
    peer.send(encoded(Response{id, code, {}, {}}));
  };
  auto answers = std::async(std::launch::async, [&] { answer(good, Code::success); });
  EXPECT_EQ(write_all(300), GOS_PARTIAL_RESULTS);
  answers.get();
  EXPECT_EQ(write_all(100), GOS_TIMEOUT);
  answer(good, Code::success);  // late, for the one before
  silent.read_message();
  silent.read_message();
  auto both = std::async(std::launch::async, [&] {
    answer(good, Code::success);
    answer(silent, Code::success);
  });
  EXPECT_EQ(write_all(10000), GOS_SUCCESS);
  both.get();
  auto errors = std::async(std::launch::async, [&] {
    answer(good, Code::error);
    answer(silent, Code::error);
  });
  EXPECT_EQ(write_all(10000), GOS_ERROR);
  errors.get();
}

TEST_F(GosStreamTest, RunsNoOtherHandlerWhileOneWaits) {
  std::atomic<bool> waiting{false};
  program_.on_connect = [&](gos_hs_stream_ws_client_t client) {
    waiting = true;
    gos_msgpack_object_t* object = nullptr;
    EXPECT_EQ(gos_hs_stream_ws_read(client, "name", &object, 10000), GOS_SUCCESS);
    gos_msgpack_free_objects(object);
    waiting = false;
  };
  program_.on_stream = [&](const gos_msgpack_object_t*, gos_msgpack_context_t* out) {
    EXPECT_FALSE(waiting);
    gos_msgpack_write_nil(out);
  };
  WsPeer peer(address());
  const auto id = *request_of(peer.read_message()).id;
  peer.send(encoded(Request{1, "read", "settings", {}}));
  peer.send(encoded(Request{2, "list", {}, {}}));
  EXPECT_EQ(response_of(peer.read_message()).id, 2u);  // the read is queued behind the handler
  EXPECT_TRUE(waiting);
  peer.send(encoded(Response{id, Code::success, {}, text("x")}));
  EXPECT_EQ(response_of(peer.read_message()).id, 1u);
}

TEST_F(GosStreamTest, AsksTheProgramWhetherAClientMayCome) {
  program_.welcome = false;
  EXPECT_EQ(WsPeer(address()).status(), "503");
  program_.welcome = true;
  EXPECT_EQ(WsPeer(address()).status(), "101");
  EXPECT_TRUE(eventually([&] { return program_.disconnects == 1; }));
  EXPECT_EQ(program_.connects, 1u);
}

TEST_F(GosStreamTest, KnowsAHandleUntilItsDisconnectHandlerHasReturned) {
  auto peer = std::make_unique<WsPeer>(address());
  const auto old = handle();
  gos_msgpack_context_t* context = nullptr;
  ASSERT_EQ(gos_hs_stream_ws_write(old, "x", &context), GOS_SUCCESS);
  peer.reset();
  ASSERT_TRUE(eventually([&] { return gos_hs_stream_ws_close(old) == GOS_BAD_ARG; }));
  EXPECT_EQ(program_.disconnects, 1u);
  EXPECT_EQ(gos_hs_stream_flush(context, 0), GOS_ERROR);  // of a client that is gone
  WsPeer newer(address());
  EXPECT_NE(handle(2), old);
  EXPECT_EQ(gos_hs_stream_ws_close(old), GOS_BAD_ARG);
  EXPECT_EQ(gos_hs_stream_ws_write(old, "x", &context), GOS_BAD_ARG);
  EXPECT_EQ(ask(newer, {1, "list", {}, {}}).code, Code::success);
}

TEST_F(GosStreamTest, ClosesAClientWith1000AndStillTellsOfItsEnd) {
  WsPeer peer(address());
  EXPECT_EQ(gos_hs_stream_ws_close(handle()), GOS_SUCCESS);
  EXPECT_EQ(peer.read_message(), "\x03\xe8");
  peer.raw().send(test::masked("\x03\xe8", '\x88'));
  EXPECT_TRUE(eventually([&] { return program_.disconnects == 1; }));
}

}  // namespace
}  // namespace camspan::gos
