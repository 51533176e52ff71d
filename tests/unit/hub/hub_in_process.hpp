/// A whole hub in this process.
#pragma once

#include <gtest/gtest.h>
#include <optional>
#include <thread>

#include "hub/clock.hpp"
#include "hub/hub.hpp"
#include "hub/token.hpp"
#include "support/faulty_files.hpp"
#include "support/flv_maker.hpp"
#include "support/temp_folder.hpp"

namespace camspan::hub {

class HubInProcess : public testing::Test {
 protected:
  void start(Config config = {}) {
    config.data = folder_.path() / "data";
    config.listen = "127.0.0.1:0";
    config.plain = "127.0.0.1:0";
    auto started = Hub::start(config);
    ASSERT_TRUE(started) << started.error().sentence;
    hub_ = std::move(*started);
  }
  /// The disk of the hub that is started next, to its end.
  test::FaultyFiles& faulty_disk() { return disk_.emplace(); }
  void stop() { hub_->stop(); }
  const std::string& address() const { return hub_->addresses().plain; }

  std::string token(std::vector<Right> allow, const std::string& device = "*") const {
    const auto key = TokenKey::load(folder_.path() / "data" / "jwt.key", false).value();
    const auto now = std::chrono::floor<std::chrono::seconds>(utc_now());
    return key.sign({"", device, std::move(allow), now + std::chrono::seconds(600)}, now).value();
  }

  /// A stream, of two seconds unless it is said otherwise; its tags are in tags_.
  std::string film(const test::FlvMaker::Shape& shape = {}) {
    test::FlvMaker maker;
    tags_ = maker.stream(shape);
    return std::string(as_text(test::flv_file(tags_)));
  }
  static std::string flv_header() { return std::string(as_text(test::flv_file({}))); }
  std::string part(std::size_t from, std::size_t to) const {
    std::string text;
    for (std::size_t i = from; i < to; ++i) text += as_text(tags_[i]);
    return text;
  }
  static std::vector<test::TagContent> contents(const std::string& flv) {
    std::vector<test::TagContent> contents;
    for (const auto& unit : test::parse_flv(as_bytes(flv))) contents.push_back(test::content_of(*unit));
    return contents;
  }
  std::vector<std::filesystem::path> files_below(const char* folder) const {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path() / "data" / folder))
      if (entry.is_regular_file()) files.push_back(entry.path());
    return files;
  }
  static void wait_for(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      std::this_thread::yield();
    }
  }

  test::TempFolder folder_;
  std::optional<test::FaultyFiles> disk_;
  std::unique_ptr<Hub> hub_;
  std::vector<Bytes> tags_;
};

}  // namespace camspan::hub
