/// What the tests of the original's defects have in common: one row for each of h2-stream.md section 5, by its number.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "unit/vendor/client.hpp"

namespace camspan::linkkit {

using Request = LinkServer::Request;
using Answer = LinkServer::Answer;
using Behaviour = LinkServer::Behaviour;

/// What callbacks saw.
struct Events : Board {
  int connects = 0;
  int disconnects = 0;
  std::vector<int> called;                                // what a call from a callback gave
  std::vector<std::pair<std::string, void*>> sent_heads;  // channel and user_data of HEADERS frames
  std::vector<int> results;
  void* handle = nullptr;
  stream_data_info_t* info = nullptr;
};
inline Events* g_events = nullptr;

/// A defect and what shows that it is not ours. Numbers 6 and 14 are in tests/unit/vendor_hal.
template <class Suite>
struct Row {
  int number;
  const char* defect;
  void (Suite::*prove)();
};

template <class Suite>
std::string name_of(const testing::TestParamInfo<Row<Suite>>& row) {
  return "Number" + std::to_string(row.param.number);
}

class DefectClient : public LinkKitClient {
 protected:
  void SetUp() override {
    LinkKitClient::SetUp();
    g_events = &events_;
    callbacks_.on_reconnect_cb = on_reconnect;
    callbacks_.on_disconnect_cb = on_disconnect;
  }
  void* connect() { return LinkKitClient::connect(&callbacks_); }
  /// The url is empty, so the port does not count.
  void* connect_plain(const std::string& address) {
    setenv("CAMSPAN_HUB", ("http://" + address).c_str(), 1);
    char nothing[] = "";
    device_conn_info_t info{product_key_.data(), device_name_.data(), secret_.data(), nothing, 9999};
    handles_.push_back(IOT_HTTP2_Connect(&info, &callbacks_));
    EXPECT_NE(handles_.back(), nullptr);
    return handles_.back();
  }
  static Behaviour answers(std::function<std::optional<Answer>(const Request&)> answer) {
    Behaviour behaviour;
    behaviour.answer = std::move(answer);
    return behaviour;
  }
  static Behaviour hangs_on(const char* path_end) {
    Behaviour behaviour;
    behaviour.hang = [path_end](const Request& request) { return request.path.ends_with(path_end); };
    return behaviour;
  }
  int open_result(void* handle, const char* identify = kIdentify) {
    stream_data_info_t info = channel(identify);
    const int result = IOT_HTTP2_Stream_Open(handle, &info, nullptr);
    if (result == 0) IOT_HTTP2_Stream_Close(handle, &info);
    return result;
  }
  bool wait_for_disconnect(int count = 1) {
    return events_.wait([&] { return events_.disconnects == count; });
  }

  Events events_;
  http2_stream_cb_t callbacks_{};

 private:
  static void on_reconnect() {
    g_events->change([] { ++g_events->connects; });
  }
  static void on_disconnect() {
    g_events->change([] { ++g_events->disconnects; });
  }
};

}  // namespace camspan::linkkit
