/// The server of the Gecko OS API at a free port, for one test.
#pragma once

#include <gos.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <future>
#include <string>
#include <thread>

#include "gos/server.hpp"
#include "proto/ws_message/message.hpp"
#include "support/io_run.hpp"
#include "support/ws_peer.hpp"

namespace camspan::gos {

class GosServerTest : public ::testing::Test {
 protected:
  GosServerTest() {
    setenv("CAMSPAN_GOS_LISTEN", "127.0.0.1:0", 1);
    address_ = server() != nullptr ? server()->address() : "";
  }
  ~GosServerTest() override { stop_server(); }

  const std::string& address() const { return address_; }

  template <class Condition>
  static bool eventually(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + test::kPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

 private:
  std::string address_;
};

}  // namespace camspan::gos
