// The functions of iv_av.h themselves: what they return, and when.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "iv_av.h"
#include "iv_err.h"
#include "support/reserved_port.hpp"
#include "support/temp_folder.hpp"
#include "unit/iv/compile/programs.hpp"
#include "vendor/iv/log_file.hpp"

namespace camspan::iv {
namespace {

using namespace std::chrono_literals;

TEST(IvHeadersTest, CompileAsCAndCppAndFindTheirFunctions) {
  EXPECT_TRUE(iv_calls_without_init_c());
  EXPECT_TRUE(iv_calls_without_init_cpp());
  EXPECT_TRUE(iv_frames_are_not_there_c());
  EXPECT_TRUE(iv_frames_are_not_there_cpp());
  EXPECT_TRUE(iv_voice_stop_c());
}

/// A device whose hub is not there.
class IvApiTest : public testing::Test {
 protected:
  IvApiTest() {
    std::ofstream(folder_.file("device.toml")) << "[[device]]\nid = \"cam1\"\nsecret = \"s3cret\"\n";
    hub_ = "http://127.0.0.1:" + std::to_string(port_.number());
    setenv("CAMSPAN_DEVICE_FILE", folder_.file("device.toml").c_str(), 1);
    setenv("CAMSPAN_HUB", hub_.c_str(), 1);
    parm_.p2p_handle_send_init_cb = [](const char*, const char*) -> void* { return nullptr; };
    parm_.p2p_handle_send_get_cb = [](void*) -> iv_cm_memory_s { return {nullptr, 0, nullptr}; };
    parm_.p2p_handle_send_stop_cb = [](void*) { return 0; };
    parm_.p2p_handle_command_cb = [](const char*, size_t, const char*) -> iv_cm_memory_s {
      return {nullptr, 0, nullptr};
    };
    parm_.p2p_init_params.log_file_path = log_.c_str();
  }
  ~IvApiTest() override {
    iv_avt_p2p_exit();
    iv_avt_p2p_set_buf_watermark(0, 0, 0);
    unsetenv("CAMSPAN_DEVICE_FILE");
    unsetenv("CAMSPAN_HUB");
  }

  const test::TempFolder folder_;
  const test::ReservedPort port_;  // nobody listens there
  std::string hub_;
  std::string log_ = folder_.file("log");
  iv_p2p_parm_s parm_{};
};

TEST_F(IvApiTest, StartsOnceAndEndsOnce) {
  EXPECT_EQ(iv_avt_p2p_exit(), IV_ERR_AVT_STATE_ERROR);
  EXPECT_EQ(iv_avt_p2p_init(&parm_), IV_ERR_NONE);
  EXPECT_EQ(iv_avt_p2p_init(&parm_), IV_ERR_AVT_STATE_ERROR);
  EXPECT_EQ(iv_avt_p2p_exit(), IV_ERR_NONE);
  EXPECT_EQ(iv_avt_p2p_exit(), IV_ERR_AVT_STATE_ERROR);
  EXPECT_EQ(iv_avt_p2p_init(&parm_), IV_ERR_NONE) << "and again";
}

TEST_F(IvApiTest, CopiesAllThatItIsGiven) {
  {
    const auto given = std::make_unique<iv_p2p_parm_s>(parm_);
    const std::string path = folder_.file("copied");
    given->p2p_init_params.log_file_path = path.c_str();
    EXPECT_EQ(iv_avt_p2p_init(given.get()), IV_ERR_NONE);
  }
  EXPECT_EQ(iv_avt_get_peerinfo(), hub_ + "/whep/cam1");
}

TEST_F(IvApiTest, NamesWhatIsMissing) {
  EXPECT_EQ(iv_avt_p2p_init(nullptr), IV_ERR_AVT_INIT_PRM_NULL);
  for (const auto leave_out : {+[](iv_p2p_parm_s& parm) { parm.p2p_handle_send_init_cb = nullptr; },
                               +[](iv_p2p_parm_s& parm) { parm.p2p_handle_send_get_cb = nullptr; },
                               +[](iv_p2p_parm_s& parm) { parm.p2p_handle_send_stop_cb = nullptr; },
                               +[](iv_p2p_parm_s& parm) { parm.p2p_handle_command_cb = nullptr; }}) {
    iv_p2p_parm_s parm = parm_;
    leave_out(parm);
    EXPECT_EQ(iv_avt_p2p_init(&parm), IV_ERR_AVT_INIT_CB_NULL);
  }
  EXPECT_EQ(iv_avt_p2p_exit(), IV_ERR_AVT_STATE_ERROR) << "nothing began";
}

TEST_F(IvApiTest, RefusesWhatIsOutOfRange) {
  for (const auto spoil : {+[](iv_p2p_parm_s& parm) { parm.p2p_keep_alive.max_attempt_num = 11; },
                           +[](iv_p2p_parm_s& parm) { parm.p2p_init_params.log_level = iv_avt_p2p_log_level_e(6); },
                           +[](iv_p2p_parm_s& parm) { parm.p2p_init_params.mtu_size = 499; },
                           +[](iv_p2p_parm_s& parm) { parm.p2p_init_params.mtu_size = 1461; },
                           +[](iv_p2p_parm_s& parm) { std::memset(&parm.p2p_init_params.nic_type, 2, 1); },
                           +[](iv_p2p_parm_s& parm) { parm.p2p_init_params.sender_interval_ms = 1001; },
                           +[](iv_p2p_parm_s& parm) { parm.p2p_init_params.protocol = iv_avt_p2p_tp_type_e(3); },
                           +[](iv_p2p_parm_s& parm) { parm.p2p_init_params.proxy_port = 65536; },
                           +[](iv_p2p_parm_s& parm) { parm.p2p_init_params.thread_policy = 3; },
                           +[](iv_p2p_parm_s& parm) { parm.p2p_init_params.thread_policy = -1; },
                           +[](iv_p2p_parm_s& parm) { parm.p2p_init_params.thread_priority = 100; },
                           +[](iv_p2p_parm_s& parm) { parm.p2p_init_params.need_pre_connect = 2; },
                           +[](iv_p2p_parm_s& parm) { parm.net_info.probe_port = -1; },
                           +[](iv_p2p_parm_s& parm) { parm.net_info.trans_port = 65536; },
                           +[](iv_p2p_parm_s& parm) { parm.net_info.local_addr[0] = 'x'; },
                           +[](iv_p2p_parm_s& parm) { std::fill_n(parm.net_info.local_addr, 64, '1'); },
                           +[](iv_p2p_parm_s& parm) { parm.net_info.device_id = const_cast<char*>("a-b"); },
                           +[](iv_p2p_parm_s& parm) { parm.net_info.vendor_id = const_cast<char*>("a b"); }}) {
    iv_p2p_parm_s parm = parm_;
    spoil(parm);
    EXPECT_EQ(iv_avt_p2p_init(&parm), IV_ERR_AVT_INIT_PRM_RANGE);
  }
}

TEST_F(IvApiTest, FailsWhereNothingSaysWhoTheDeviceIs) {
  unsetenv("CAMSPAN_DEVICE_FILE");
  EXPECT_EQ(iv_avt_p2p_init(&parm_), IV_ERR_AVT_FAILED);
  setenv("CAMSPAN_DEVICE_FILE", folder_.file("device.toml").c_str(), 1);
  EXPECT_EQ(iv_avt_p2p_init(&parm_), IV_ERR_NONE);
}

TEST_F(IvApiTest, TellsThatTheHubIsNotThereAndTakesNoCallsFromCallbacks) {
  static std::mutex mutex;
  static std::condition_variable changed;
  static std::vector<int> results;
  results.clear();
  parm_.p2p_handle_event_notify_cb = [](iv_avt_event_e event, void* handle) {
    unsigned char room[4];
    size_t length = sizeof room;
    const iv_p2p_parm_s none{};
    const std::lock_guard lock(mutex);
    if (!results.empty()) return;
    results = {event,
               handle == nullptr,
               iv_avt_p2p_exit(),
               iv_avt_p2p_init(&none),
               iv_avt_p2p_send_command("v1", "x", 1, room, &length, 100),
               static_cast<int>(iv_avt_p2p_get_send_buf(room))};
    changed.notify_all();
  };
  ASSERT_EQ(iv_avt_p2p_init(&parm_), IV_ERR_NONE);
  std::unique_lock lock(mutex);
  ASSERT_TRUE(changed.wait_for(lock, 20s, [] { return !results.empty(); }));
  EXPECT_THAT(results, testing::ElementsAre(IV_AVT_EVENT_P2P_PEER_CONNECT_FAIL, 1, IV_ERR_AVT_STATE_ERROR,
                                            IV_ERR_AVT_INIT_CB_NULL, IV_ERR_AVT_STATE_ERROR, 0));
}

TEST_F(IvApiTest, TellsWhatIsWrongWithACommand) {
  unsigned char room[4];
  size_t length = sizeof room;
  ASSERT_EQ(iv_avt_p2p_init(&parm_), IV_ERR_NONE);
  EXPECT_EQ(iv_avt_p2p_send_command(nullptr, "x", 1, room, &length, 0), IV_ERR_AVT_INPUT_PARAM_NULL);
  EXPECT_EQ(iv_avt_p2p_send_command("v1", nullptr, 1, room, &length, 0), IV_ERR_AVT_INPUT_PARAM_NULL);
  EXPECT_EQ(iv_avt_p2p_send_command("v1", "x", 1, nullptr, &length, 0), IV_ERR_AVT_INPUT_PARAM_NULL);
  EXPECT_EQ(iv_avt_p2p_send_command("v1", "x", 1, room, nullptr, 0), IV_ERR_AVT_INPUT_PARAM_NULL);
  EXPECT_EQ(iv_avt_p2p_send_command("v1", "x", 1, room, &length, 0), IV_ERR_AVT_CHN_NOT_EXIT);
  EXPECT_EQ(length, 0u);
}

TEST_F(IvApiTest, TakesMarksInOrderBeforeInitToo) {
  EXPECT_EQ(iv_avt_p2p_set_buf_watermark(200, 400, 500), IV_ERR_NONE);
  EXPECT_EQ(iv_avt_p2p_set_buf_watermark(0, 400, 500), IV_ERR_AVT_INPUT_PARAM_INVAILD);
  EXPECT_EQ(iv_avt_p2p_set_buf_watermark(500, 400, 500), IV_ERR_AVT_INPUT_PARAM_INVAILD);
  EXPECT_EQ(iv_avt_p2p_set_buf_watermark(200, 600, 500), IV_ERR_AVT_INPUT_PARAM_INVAILD);
  ASSERT_EQ(iv_avt_p2p_init(&parm_), IV_ERR_NONE);
  EXPECT_EQ(iv_avt_p2p_set_buf_watermark(1, 1, 1), IV_ERR_NONE);
  EXPECT_EQ(iv_avt_p2p_set_buf_watermark(0, 0, 0), IV_ERR_NONE);
}

TEST_F(IvApiTest, CallsAfterTheEndDoNothing) {
  ASSERT_EQ(iv_avt_p2p_init(&parm_), IV_ERR_NONE);
  ASSERT_EQ(iv_avt_p2p_exit(), IV_ERR_NONE);
  unsigned char room[4];
  size_t length = sizeof room;
  EXPECT_EQ(iv_avt_p2p_get_send_buf(room), 0u);
  EXPECT_EQ(iv_avt_p2p_get_send_status(room).link_mode, 0u);
  EXPECT_EQ(iv_avt_p2p_set_buf_watermark(1, 2, 3), IV_ERR_NONE);
  EXPECT_EQ(iv_avt_p2p_send_command("v1", "x", 1, room, &length, 0), IV_ERR_AVT_STATE_ERROR);
  EXPECT_STREQ(iv_avt_get_peerinfo(), "");
  iv_avt_set_p2p_log_level(IV_eLOG_INFO);
}

TEST_F(IvApiTest, ManyThreadsMayCallAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([this] {
      unsigned char room[4];
      for (int round = 0; round < 20; ++round) {
        size_t length = sizeof room;
        iv_avt_p2p_init(&parm_);
        iv_avt_p2p_get_send_buf(room);
        iv_avt_p2p_set_buf_watermark(1, 2, 3);
        iv_avt_p2p_send_command("v1", "x", 1, room, &length, 1000);
        iv_avt_get_peerinfo();
        iv_avt_p2p_exit();
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(iv_avt_p2p_exit(), IV_ERR_AVT_STATE_ERROR);
}

TEST_F(IvApiTest, BringsTheMtuIntoItsRange) {
  iv_avt_set_mtu(499);
  EXPECT_EQ(iv_avt_get_mtu(), 500u);
  iv_avt_set_mtu(1201);
  EXPECT_EQ(iv_avt_get_mtu(), 1200u);
  iv_avt_set_mtu(1000);
  EXPECT_EQ(iv_avt_get_mtu(), 1000u);
  parm_.p2p_init_params.mtu_size = 1460;
  ASSERT_EQ(iv_avt_p2p_init(&parm_), IV_ERR_NONE);
  EXPECT_EQ(iv_avt_get_mtu(), 1460u);
  iv_avt_p2p_exit();
  parm_.p2p_init_params.mtu_size = 0;
  ASSERT_EQ(iv_avt_p2p_init(&parm_), IV_ERR_NONE);
  EXPECT_EQ(iv_avt_get_mtu(), 1200u);
}

TEST_F(IvApiTest, LogsIntoAFolder) {
  const std::string path = folder_.file("");
  parm_.p2p_init_params.log_file_path = path.c_str();
  parm_.p2p_init_params.log_level = IV_AVT_P2P_LOG_VERBOSE;
  ASSERT_EQ(iv_avt_p2p_init(&parm_), IV_ERR_NONE);
  EXPECT_EQ(iv_avt_get_p2p_log_level(), IV_eLOG_DEBUG);
  iv_avt_set_mtu(1);
  iv_avt_set_p2p_log_level(IV_eLOG_DISABLE);
  EXPECT_EQ(iv_avt_get_p2p_log_level(), IV_eLOG_DISABLE);
  iv_avt_set_mtu(2);
  ASSERT_EQ(iv_avt_p2p_exit(), IV_ERR_NONE);
  std::ifstream in(folder_.file("iv_p2p.log"));
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  EXPECT_THAT(text, testing::HasSubstr("WARN iv: iv_avt_set_mtu: 1 is out of range"));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("iv_avt_set_mtu: 2")));
}

TEST(IvLogFileTest, BeginsAnewWhenItIsFullAndUsesTwiceItsSize) {
  const test::TempFolder folder;
  const std::string path = folder.file("log");
  {
    LogFile log(path, 1000);
    for (int i = 0; i < 500; ++i) log.write("line " + std::to_string(1000 + i));
  }
  EXPECT_LE(std::filesystem::file_size(path), 1000u);
  EXPECT_LE(std::filesystem::file_size(path + ".1"), 1000u);
  std::ifstream now(path);
  const std::string text((std::istreambuf_iterator<char>(now)), {});
  EXPECT_TRUE(text.ends_with("line 1499\n"));
  std::ifstream before(path + ".1");
  const std::string old((std::istreambuf_iterator<char>(before)), {});
  // They follow each other without a gap.
  const int first = std::atoi(text.c_str() + 5);
  EXPECT_TRUE(old.ends_with("line " + std::to_string(first - 1) + "\n"));
  LogFile log(path, 2000);
  log.write("again");
  EXPECT_EQ(std::filesystem::file_size(path), text.size() + 6) << "it is gone on with";
}

TEST(IvLogFileTest, ALineThatIsTooLongOrAFileThatCannotBeHarmsNothing) {
  const test::TempFolder folder;
  LogFile log(folder.file("log"), 100);
  log.write(std::string(1000, 'x'));
  EXPECT_EQ(std::filesystem::file_size(folder.file("log")), 0u);
  LogFile none("/nonexistent/folder/log", 100);
  none.write("to stderr");
}

}  // namespace
}  // namespace camspan::iv
