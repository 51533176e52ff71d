/// A program on the Link Kit API, and a server with a certificate that it trusts.
#pragma once

#include <camspan/hal_tls.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>

#include "http2_api.h"
#include "http2_upload_api.h"
#include "iot_export.h"
#include "support/link_server.hpp"
#include "support/test_certificates.hpp"

// In the header of 2.3, which 3.x programs do not have; a program includes one of the two.
extern "C" {
typedef void (*upload_file_result_cb)(const char* path, int result, void* user_data);
int IOT_HTTP2_Stream_UploadFile(void* handle, const char* file_path, const char* identify, header_ext_info_t* header,
                                upload_file_result_cb cb, void* user_data);
}

namespace camspan::linkkit {

using test::LinkServer;
using Clock = std::chrono::steady_clock;

inline constexpr const char* kIdentify = "iotx/vision/voice/intercom/live";

/// Values that callbacks leave, and waiting for them.
class Board {
 public:
  template <class Change>
  void change(Change apply) {
    // Under the lock: who waits may take the board away as soon as it is free.
    const std::lock_guard lock(mutex_);
    apply();
    changed_.notify_all();
  }
  template <class Condition>
  bool wait(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60), condition);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

class LinkKitClient : public testing::Test {
 protected:
  void SetUp() override { setenv("CAMSPAN_CA_FILE", certificates_.ca_file().c_str(), 1); }
  void TearDown() override {
    for (void* const handle : handles_) IOT_HTTP2_Disconnect(handle);
    server_.reset();
    if (tls_ != nullptr) SSL_CTX_free(tls_);
  }

  void start(LinkServer::Behaviour behaviour = {}) { server_ = make_server(std::move(behaviour)); }
  std::unique_ptr<LinkServer> make_server(LinkServer::Behaviour behaviour) {
    if (tls_ == nullptr) {
      const auto pair = certificates_.server({"localhost", "127.0.0.1", "::1"});
      hal_tls_options options{};
      options.cert_file = pair.cert_file.c_str();
      options.key = pair.key_file.c_str();
      options.alpn = "h2";
      tls_ = hal_tls_context(HAL_TLS_SERVER, &options, nullptr, 0);
    }
    return std::make_unique<LinkServer>(std::move(behaviour), tls_);
  }

  /// Fills a struct whose strings live as long as the test.
  device_conn_info_t device(const char* url = "localhost") {
    url_ = url;
    return {product_key_.data(), device_name_.data(), secret_.data(), url_.data(), server_->port()};
  }
  void* connect(http2_stream_cb_t* callbacks = nullptr) {
    device_conn_info_t info = device();
    void* const handle = IOT_HTTP2_Connect(&info, callbacks);
    EXPECT_NE(handle, nullptr);
    handles_.push_back(handle);
    return handle;
  }
  /// Ends a handle before the test does.
  int disconnect(void* handle) {
    std::erase(handles_, handle);
    return IOT_HTTP2_Disconnect(handle);
  }
  static stream_data_info_t channel(const char* identify = kIdentify) {
    stream_data_info_t info{};
    info.identify = identify;
    return info;
  }
  static stream_data_info_t open(void* handle) {
    stream_data_info_t info = channel();
    EXPECT_EQ(IOT_HTTP2_Stream_Open(handle, &info, nullptr), 0);
    return info;
  }
  static int send(void* handle, stream_data_info_t& info, std::string& body, std::uint32_t packet = 2048,
                  header_ext_info_t* header = nullptr) {
    info.send_len = 0;
    info.stream_len = static_cast<std::uint32_t>(body.size());
    while (info.send_len < info.stream_len) {
      info.stream = body.data() + info.send_len;
      info.packet_len = std::min(packet, info.stream_len - info.send_len);
      if (const int result = IOT_HTTP2_Stream_Send(handle, &info, header); result != 0) return result;
    }
    return 0;
  }
  static std::string body_of(std::size_t size) {
    std::string body(size, '\0');
    std::uint32_t state = 1;
    for (char& c : body) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    return body;
  }
  std::string write_file(const std::string& name, const std::string& content) {
    const std::string path = certificates_.folder().file(name);
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  std::string sent_body() {
    for (const auto& request : server_->requests())
      if (request.is("send") && !request.is_query()) return std::string(as_text(request.body));
    return {};
  }
  static double seconds_since(Clock::time_point begun) {
    return std::chrono::duration<double>(Clock::now() - begun).count();
  }

  test::TestCertificates certificates_;
  ssl_ctx_st* tls_ = nullptr;
  std::unique_ptr<LinkServer> server_;
  std::vector<void*> handles_;
  std::string product_key_ = "a1TESTPK001";
  std::string device_name_ = "cam-01";
  std::string secret_ = "0123456789abcdef0123456789abcdef";
  std::string url_;
};

}  // namespace camspan::linkkit
