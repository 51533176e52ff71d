// The defects of the original that ours must not have: those of connections and streams.
#include <camspan/hal.h>
#include <cstring>
#include <thread>

#include "support/h2_loopback.hpp"
#include "support/scripted_server.hpp"
#include "unit/vendor/compile/programs.hpp"
#include "unit/vendor/defects.hpp"
#include "vendor/connection.hpp"

namespace camspan::linkkit {
namespace {

class LinkKitStreamDefect;
using D = LinkKitStreamDefect;

std::string g_log;
std::mutex g_log_mutex;

void call_back_in(std::uint32_t, char* channel, int, const std::uint8_t* name, std::uint32_t, const std::uint8_t*,
                  std::uint32_t, std::uint8_t, void*) {
  // Of the query's answer: the last thing that comes before the channel is used.
  if (std::strcmp(reinterpret_cast<const char*>(name), "x-response-status") != 0 || channel == nullptr) return;
  stream_data_info_t other{};
  other.identify = kIdentify;
  const int open = IOT_HTTP2_Stream_Open(g_events->handle, &other, nullptr);
  const int ended = IOT_HTTP2_Disconnect(g_events->handle);
  g_events->change([&] { g_events->called = {open, ended}; });
}
void on_frame_send(std::uint32_t, char* channel, int type, std::uint8_t, void* user) {
  if (type == 1) g_events->change([&] { g_events->sent_heads.emplace_back(channel ? channel : "", user); });
}
void keep_log(int, const char*, const char* message) {
  const std::lock_guard lock(g_log_mutex);
  g_log += std::string(message) + "\n";
}

class LinkKitStreamDefect : public DefectClient, public testing::WithParamInterface<Row<LinkKitStreamDefect>> {
 public:
  void certificate_is_verified() {
    start();
    const test::TestCertificates others;
    setenv("CAMSPAN_CA_FILE", others.ca_file().c_str(), 1);
    device_conn_info_t info = device();
    EXPECT_EQ(IOT_HTTP2_Connect(&info, nullptr), nullptr);
  }
  void streams_end() {
    start();
    void* const handle = connect();
    stream_data_info_t info = open(handle);
    std::string body = body_of(10);
    // More than a server lets be open at once.
    for (int i = 0; i < 250; ++i) ASSERT_EQ(send(handle, info, body), 0) << i;
    IOT_HTTP2_Stream_Close(handle, &info);
  }
  void large_packets_arrive() {
    start();
    void* const handle = connect();
    stream_data_info_t info = open(handle);
    std::string body = body_of(300000);
    ASSERT_EQ(send(handle, info, body, 100000), 0);
    EXPECT_EQ(info.send_len, 300000u);
    EXPECT_TRUE(sent_body() == body);
    IOT_HTTP2_Stream_Close(handle, &info);
  }
  void handles_are_apart() {
    start();
    auto second = make_server({});
    void* const a = connect();
    device_conn_info_t info = device();
    info.port = second->port();
    void* const b = IOT_HTTP2_Connect(&info, nullptr);
    handles_.push_back(b);
    EXPECT_EQ(open_result(a), 0);
    EXPECT_EQ(open_result(b), 0);
    EXPECT_EQ(server_->count("open"), 1u);
    EXPECT_EQ(second->count("open"), 1u);
    disconnect(b);
  }
  void failed_connect_leaves_nothing() {
    start();
    device_conn_info_t info = device();
    info.port = 1;
    EXPECT_EQ(IOT_HTTP2_Connect(&info, &callbacks_), nullptr);
    EXPECT_EQ(IOT_HTTP2_Disconnect(nullptr), -2);
    EXPECT_EQ(open_result(connect()), 0);
  }
  void host_is_kept() {
    std::atomic<bool> dropped{false};
    Behaviour behaviour;
    behaviour.drop = [&](const Request&) { return !dropped.exchange(true); };
    start(behaviour);
    void* const handle = connect();
    url_ = "nonsense.invalid";
    product_key_ = device_name_ = secret_ = "gone";
    stream_data_info_t info = open(handle);
    std::string body = body_of(100);
    EXPECT_EQ(send(handle, info, body), -1);
    ASSERT_TRUE(events_.wait([&] { return events_.connects == 2; }));
    EXPECT_EQ(open_result(handle), 0);
    ASSERT_TRUE(server_->wait([](const auto& all) { return all.size() >= 3 && all[2].is("open"); }));
    EXPECT_EQ(server_->requests()[2].fields, server_->requests()[0].fields);
    IOT_HTTP2_Stream_Close(handle, &info);
  }
  void channels_end_with_their_connection() {
    std::atomic<bool> dropped{false};
    Behaviour behaviour;
    behaviour.drop = [&](const Request&) { return !dropped.exchange(true); };
    start(behaviour);
    void* const handle = connect();
    stream_data_info_t info = open(handle);
    std::string body = body_of(100);
    EXPECT_EQ(send(handle, info, body), -1);
    const auto begun = Clock::now();
    EXPECT_EQ(send(handle, info, body), -1);
    EXPECT_EQ(IOT_HTTP2_Stream_Query(handle, &info, nullptr), -1);
    EXPECT_LT(seconds_since(begun), 1.0);  // at once, connected or not
    ASSERT_TRUE(events_.wait([&] { return events_.connects == 2; }));
    EXPECT_EQ(send(handle, info, body), -1);
    EXPECT_EQ(IOT_HTTP2_Stream_Close(handle, &info), -1);
    EXPECT_EQ(info.channel_id, nullptr);
    EXPECT_EQ(server_->count("send"), 1u);
  }
  void calls_while_it_reconnects() {
    start();
    void* const handle = connect();
    stream_data_info_t info = open(handle);
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&, own = info]() mutable {
        std::string body = body_of(5000);
        while (!stop) {
          send(handle, own, body);
          open_result(handle);
        }
      });
    server_.reset();
    EXPECT_TRUE(wait_for_disconnect());
    for (int i = 0; i < 100; ++i) EXPECT_EQ(open_result(handle), -1);
    stop = true;
    for (auto& thread : threads) thread.join();
    IOT_HTTP2_Stream_Close(handle, &info);
  }
  void go_away_is_obeyed() {
    using test::H2Frames;
    const H2Frames::Fields good{{":status", "200"}, {"x-data-stream-id", "DS1"}, {"x-response-status", "200"}};
    test::ScriptedServer server([&](std::size_t connection, test::ScriptedServer::Line& line) {
      line.greet({{4, 1 << 24}});
      if (connection != 0) return line.wait_for_close();
      line.read_until(H2Frames::headers_type);
      line.send(H2Frames().headers(1, good, true));
      line.read_until(H2Frames::headers_type);
      const auto last_stream = std::byte{3};
      line.send(H2Frames().frame(H2Frames::go_away_type, 0, 0, Bytes{{}, {}, {}, last_stream, {}, {}, {}, {}}));
      line.read_until(H2Frames::data_type);
      line.send(H2Frames().headers(3, good, true));
      line.wait_for_close();
    });
    void* const handle = connect_plain(server.address());
    stream_data_info_t info = open(handle);
    std::string body = body_of(10);
    EXPECT_EQ(send(handle, info, body), 0);  // what is under way is answered
    const auto begun = Clock::now();
    ASSERT_TRUE(events_.wait([&] { return events_.connects == 2; }));
    EXPECT_LT(seconds_since(begun), 1.0);
    EXPECT_EQ(events_.disconnects, 1);
    EXPECT_EQ(send(handle, info, body), -1);
    IOT_HTTP2_Stream_Close(handle, &info);
    disconnect(handle);
  }
  void pings_are_supervised() {
    using namespace std::chrono_literals;
    EXPECT_EQ(KeepAlive().interval, 30s);
    EXPECT_EQ(KeepAlive().timeout, 10s);
    test::H2Loopback loopback;
    auto [from, nobody_reads] = loopback.connect();
    auto line = std::make_unique<net::PlainStream>(std::move(from));
    const auto notifier = std::make_shared<Notifier>(&callbacks_);
    bool over = false;
    KeepAlive soon;
    soon.interval = soon.timeout = 5ms;
    auto connection = Connection::create(
        std::move(line), Device(), notifier, [&] { over = true; }, soon);
    EXPECT_TRUE(connection->usable());
    const auto limit = Clock::now() + 10s;
    while (!over && Clock::now() < limit) loopback.io.run_one_for(1s);
    EXPECT_TRUE(over);
    EXPECT_FALSE(connection->usable());
    connection.reset();
    loopback.io.run_for(10s);
    notifier->finish();
  }
  void acknowledgements_leave_at_once() {
    std::atomic<double> waited{99};
    test::ScriptedServer server([&](std::size_t, test::ScriptedServer::Line& line) {
      line.greet();
      const auto begun = Clock::now();
      line.send(test::H2Frames().ping(7));
      while (const auto frame = line.read_until(6))
        if ((frame->flags & 1) != 0) break;
      waited = seconds_since(begun);
    });
    connect_plain(server.address());
    EXPECT_TRUE(server.wait_served(0));
    EXPECT_LT(waited, 1.0);
  }
  void answers_are_taken_at_once() {
    start();
    void* const handle = connect();
    const auto begun = Clock::now();
    for (int i = 0; i < 100; ++i) EXPECT_EQ(open_result(handle), 0);
    std::printf("100 channels opened and closed in %.3f s\n", seconds_since(begun));
    EXPECT_LT(seconds_since(begun), 5.0);  // the original: 10 s at least
  }
  void end_without_close_notify_is_noticed() {
    start(hangs_on("/slow"));
    void* const handle = connect();
    int result = 0;
    std::thread caller([&] { result = open_result(handle, "a/slow"); });
    ASSERT_TRUE(server_->wait([](const auto& all) { return all.size() == 1; }));
    const auto begun = Clock::now();
    server_.reset();
    caller.join();
    EXPECT_EQ(result, -1);
    EXPECT_TRUE(wait_for_disconnect());
    EXPECT_LT(seconds_since(begun), 3.0);
  }
  void headers_are_matched_whole() {
    const std::string longest(64, 'D');
    start(answers([longest](const Request& request) -> std::optional<Answer> {
      if (!request.is("open")) return std::nullopt;
      const std::string huge(3000, 'x');
      return Answer{200,
                    {{"x", huge},
                     {"x-data", huge},
                     {"x-file", huge},
                     {"x-data-stream-id", request.path.ends_with("long") ? longest + "D" : longest}},
                    ""};
    }));
    void* const handle = connect();
    stream_data_info_t info = open(handle);
    EXPECT_EQ(info.channel_id, longest);
    EXPECT_EQ(open_result(handle, "too/long"), -1);
    IOT_HTTP2_Stream_Close(handle, &info);
  }
  void repeated_ids_do_no_harm() {
    start(answers([](const Request& request) -> std::optional<Answer> {
      if (!request.is("open")) return std::nullopt;
      return Answer{200, {{"x-data-stream-id", "DS1"}, {"x-data-stream-id", "DS2"}}, ""};
    }));
    void* const handle = connect();
    EXPECT_EQ(open_result(handle), -1);
  }
  void first_frames_have_their_channel() {
    callbacks_.on_stream_frame_send_cb = on_frame_send;
    start();
    void* const handle = connect();
    int mine = 0;
    stream_data_info_t info = channel();
    info.user_data = &mine;
    ASSERT_EQ(IOT_HTTP2_Stream_Open(handle, &info, nullptr), 0);
    const std::string id = info.channel_id;
    std::string body = body_of(10);
    ASSERT_EQ(send(handle, info, body), 0);
    ASSERT_TRUE(events_.wait([&] { return events_.sent_heads.size() == 2; }));
    EXPECT_EQ(events_.sent_heads[0], std::make_pair(std::string(), static_cast<void*>(&mine)));
    EXPECT_EQ(events_.sent_heads[1], std::make_pair(id, static_cast<void*>(&mine)));
    IOT_HTTP2_Stream_Close(handle, &info);
    disconnect(handle);
  }
  void callbacks_may_call() {
    callbacks_.on_stream_header_cb = call_back_in;
    start();
    void* const handle = connect();
    events_.handle = handle;
    stream_data_info_t info = open(handle);
    ASSERT_TRUE(events_.wait([&] { return events_.called.size() == 2; }));
    EXPECT_EQ(events_.called, (std::vector<int>{-1, -1}));
    EXPECT_EQ(IOT_HTTP2_Stream_Close(handle, &info), 0);
    disconnect(handle);
  }
  void close_is_safe() {
    Behaviour behaviour;
    behaviour.hang = [](const Request& request) { return request.is_query(); };
    start(behaviour);
    void* const handle = connect();
    stream_data_info_t none = channel();
    EXPECT_EQ(IOT_HTTP2_Stream_Close(handle, &none), -2);
    stream_data_info_t info = open(handle);
    stream_data_info_t same = info;
    std::string id = info.channel_id;
    same.channel_id = id.data();
    int result = 0;
    std::thread waiter([&] { result = IOT_HTTP2_Stream_Query(handle, &same, nullptr); });
    ASSERT_TRUE(server_->wait([](const auto& all) { return all.size() == 2; }));
    EXPECT_EQ(IOT_HTTP2_Stream_Close(handle, &info), 0);
    waiter.join();
    EXPECT_EQ(result, -1);
  }
  void a_packet_stays_in_its_body() {
    start();
    void* const handle = connect();
    stream_data_info_t info = open(handle);
    std::string body = body_of(100);
    info.stream = body.data();
    info.stream_len = 50;
    info.packet_len = 51;
    EXPECT_EQ(IOT_HTTP2_Stream_Send(handle, &info, nullptr), -1);
    info.packet_len = 20;
    ASSERT_EQ(IOT_HTTP2_Stream_Send(handle, &info, nullptr), 0);
    info.packet_len = 31;
    EXPECT_EQ(IOT_HTTP2_Stream_Send(handle, &info, nullptr), -1);
    info.stream_len = 51;  // another length in the middle
    EXPECT_EQ(IOT_HTTP2_Stream_Send(handle, &info, nullptr), -1);
    info.stream_len = 50;
    info.packet_len = 30;
    EXPECT_EQ(IOT_HTTP2_Stream_Send(handle, &info, nullptr), 0);
    info.send_len = 60;
    EXPECT_EQ(IOT_HTTP2_Stream_Send(handle, &info, nullptr), -1);
    IOT_HTTP2_Stream_Close(handle, &info);
  }
  void nothing_is_cut_short() {
    start();
    void* const handle = connect();
    EXPECT_EQ(open_result(handle, std::string(113, 'a').c_str()), 0);
    for (const std::string& bad : {std::string(114, 'a'), std::string("/a"), std::string("a//b"), std::string("a/../b"),
                                   std::string("a b"), std::string("a?b"), std::string("a#b"), std::string("\xc3\xa4")})
      EXPECT_EQ(open_result(handle, bad.c_str()), -1) << bad;
    for (std::string* const field : {&product_key_, &device_name_, &secret_}) {
      const std::string right = *field;
      for (const std::size_t size : {std::size_t{0}, std::size_t{65}}) {
        field->assign(size, 'a');
        device_conn_info_t info = device();
        EXPECT_EQ(IOT_HTTP2_Connect(&info, nullptr), nullptr);
      }
      *field = right;
    }
    for (const char* const url : {"https://localhost", "localhost/path", "local host"}) {
      device_conn_info_t info = device(url);
      EXPECT_EQ(IOT_HTTP2_Connect(&info, nullptr), nullptr) << url;
    }
    device_conn_info_t info = device();
    info.port = 65536;
    EXPECT_EQ(IOT_HTTP2_Connect(&info, nullptr), nullptr);
  }
  void short_hosts_and_version_6() {
    Behaviour behaviour;
    behaviour.host = "[::1]";
    start(behaviour);
    device_conn_info_t info = device("::1");
    void* const handle = IOT_HTTP2_Connect(&info, nullptr);
    ASSERT_NE(handle, nullptr);
    EXPECT_EQ(open_result(handle), 0);
    IOT_HTTP2_Disconnect(handle);
  }
  void bad_user_headers() {
    start();
    void* const handle = connect();
    http2_header rows[] = {MAKE_HEADER("Upper", "x"),    MAKE_HEADER(":path", "x"),         MAKE_HEADER("a b", "x"),
                           MAKE_HEADER("a", "x\r\ny"),   MAKE_HEADER("connection", "x"),    MAKE_HEADER("te", "gzip"),
                           MAKE_HEADER("x-auth-z", "x"), MAKE_HEADER("content-length", "1")};
    stream_data_info_t info = channel();
    for (http2_header& row : rows) {
      header_ext_info_t header{&row, 1};
      EXPECT_EQ(IOT_HTTP2_Stream_Open(handle, &info, &header), -1) << row.name;
    }
    header_ext_info_t null{nullptr, 1};
    EXPECT_EQ(IOT_HTTP2_Stream_Open(handle, &info, &null), -1);
    EXPECT_EQ(server_->requests().size(), 0u);
  }
  void headers_compile() {
    EXPECT_TRUE(linkkit_2_3_c(nullptr));
    EXPECT_TRUE(linkkit_2_3_cpp(nullptr));
    EXPECT_TRUE(upload_3_x_c());
    EXPECT_TRUE(upload_3_x_cpp());
  }
  void secrets_stay_out_of_the_log() {
    hal_ops board{};
    board.log = keep_log;
    hal_register(&board);
    IOT_SetLogLevel(IOT_LOG_DEBUG);
    start(answers([](const Request&) { return Answer{401, {{"x-data-stream-id", "0"}}, "{\"message\":\"no\"}"}; }));
    EXPECT_EQ(open_result(connect()), -1);
    EXPECT_TRUE(events_.wait([] {
      const std::lock_guard lock(g_log_mutex);
      return g_log.find("401") != g_log.npos;
    }));
    disconnect(handles_.back());
    server_.reset();  // its thread logs, too: the board may be changed only when nobody does
    IOT_SetLogLevel(IOT_LOG_WARNING);
    hal_register(nullptr);
    EXPECT_EQ(g_log.find(secret_), g_log.npos);
    EXPECT_EQ(g_log.find("b127df42ff9e113a4b3c19fa5353b0c210174662"), g_log.npos);
  }
};

const Row<D> kRows[] = {
    {1, "server certificate not verified", &D::certificate_is_verified},
    {2, "END_STREAM never sent", &D::streams_end},
    {3, "large packets cut", &D::large_packets_arrive},
    {4, "one connection per process", &D::handles_are_apart},
    {5, "failed Connect leaves a dangling handle", &D::failed_connect_leaves_nothing},
    {7, "host name in a dead stack frame", &D::host_is_kept},
    {8, "channels survive a reconnect; no back-off", &D::channels_end_with_their_connection},
    {9, "crash in calls while reconnecting", &D::calls_while_it_reconnects},
    {10, "PING without supervision", &D::pings_are_supervised},
    {11, "GOAWAY ignored", &D::go_away_is_obeyed},
    {12, "acknowledgements late", &D::acknowledgements_leave_at_once},
    {13, "100 ms per answer", &D::answers_are_taken_at_once},
    {15, "end of connection taken for a timeout", &D::end_without_close_notify_is_noticed},
    {16, "headers matched by prefix into fixed arrays", &D::headers_are_matched_whole},
    {18, "repeated channel ids leak", &D::repeated_ids_do_no_harm},
    {19, "first frame without channel", &D::first_frames_have_their_channel},
    {20, "call in a callback deadlocks", &D::callbacks_may_call},
    {21, "Close crashes", &D::close_is_safe},
    {33, "packet over the body's end", &D::a_packet_stays_in_its_body},
    {34, "silent truncation", &D::nothing_is_cut_short},
    {35, "short hosts refused, IPv4 only", &D::short_hosts_and_version_6},
    {36, "headers do not compile", &D::headers_compile},
    {37, "leaks on error paths", &D::bad_user_headers},
    {38, "secrets in logs", &D::secrets_stay_out_of_the_log},
};

TEST_P(LinkKitStreamDefect, IsNotOurs) {
  (this->*GetParam().prove)();
}

INSTANTIATE_TEST_SUITE_P(Original, LinkKitStreamDefect, testing::ValuesIn(kRows), name_of<D>);

}  // namespace
}  // namespace camspan::linkkit
