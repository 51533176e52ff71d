// Files: in one piece, and in parts that go on after a break.
#include <thread>

#include "core/crc64.hpp"
#include "unit/vendor/client.hpp"

namespace camspan::linkkit {
namespace {

struct Results : Board {
  std::vector<std::pair<std::string, int>> done;
  std::string store_id;
  std::string upload_id;
  int reconnects = 0;
};
Results* g_status = nullptr;

void on_done(const char* path, int result, void* user) {
  auto* const results = static_cast<Results*>(user);
  results->change([&] { results->done.emplace_back(path, result); });
}
void on_completed(const char* path, int result, const char* store_id, void* user) {
  auto* const results = static_cast<Results*>(user);
  results->change([&] {
    results->done.emplace_back(path, result);
    results->store_id = store_id ? store_id : "";
  });
}
void on_upload_id(const char*, const char* id, void* user) {
  auto* const results = static_cast<Results*>(user);
  results->change([&] { results->upload_id = id; });
}
void on_reconnect() {
  g_status->change([] { ++g_status->reconnects; });
}

class LinkKitUploadTest : public LinkKitClient {
 protected:
  void* connect_files() {
    g_status = &results_;
    device_conn_info_t info = device();
    status_.on_reconnect_cb = on_reconnect;
    void* const handle = IOT_HTTP2_UploadFile_Connect(&info, &status_);
    EXPECT_NE(handle, nullptr);
    handles_.push_back(handle);
    return handle;
  }
  int request(void* handle, const std::string& path, std::uint32_t bits, std::uint32_t length = 0) {
    http2_upload_params_t params{};
    params.file_path = path.c_str();
    params.part_len = kPart;
    params.upload_id = results_.upload_id.c_str();
    params.upload_len = length;
    params.opt_bit_map = bits;
    http2_upload_result_cb_t callbacks{on_upload_id, on_completed};
    return IOT_HTTP2_UploadFile_Request(handle, &params, &callbacks, &results_);
  }
  int result_of(void* handle, const std::string& path, std::uint32_t bits, std::uint32_t length = 0) {
    const std::size_t before = results_.done.size();
    EXPECT_EQ(request(handle, path, bits, length), 0);
    if (results_.wait([&] { return results_.done.size() > before; })) return results_.done.back().second;
    ADD_FAILURE() << "no result";
    return -1;
  }
  std::string stored(const std::string& name) { return std::string(as_text(server_->files()[name].data)); }

  static constexpr std::uint32_t kPart = 1 << 20;
  Results results_;
  http2_status_cb_t status_{};
};

TEST_F(LinkKitUploadTest, SendsFilesOneAfterAnother) {
  start();
  void* const handle = connect();
  http2_header user[] = {MAKE_HEADER("hello", "world")};
  header_ext_info_t header{user, 1};
  const std::string first = body_of(300000);
  const std::string a = write_file("test1.zip", first);
  const std::string b = write_file("test2.avi", "second");
  ASSERT_EQ(IOT_HTTP2_Stream_UploadFile(handle, a.c_str(), kIdentify, &header, on_done, &results_), 0);
  ASSERT_EQ(IOT_HTTP2_Stream_UploadFile(handle, b.c_str(), kIdentify, &header, on_done, &results_), 0);
  ASSERT_TRUE(results_.wait([&] { return results_.done.size() == 2; }));
  EXPECT_EQ(results_.done, (std::vector<std::pair<std::string, int>>{{a, 0}, {b, 0}}));
  const auto requests = server_->requests();
  ASSERT_EQ(requests.size(), 6u);
  EXPECT_TRUE(requests[0].is("open") && requests[1].is("send") && requests[2].is("close"));
  EXPECT_EQ(requests[0].field("hello"), "world");
  EXPECT_EQ(requests[1].field("hello"), "world");
  EXPECT_EQ(requests[1].field("content-length"), "300000");
  EXPECT_EQ(requests[1].field("x-file-name"), "");
  EXPECT_TRUE(as_text(requests[1].body) == first);
  EXPECT_EQ(as_text(requests[4].body), "second");
}

TEST_F(LinkKitUploadTest, TellsTheResultOfWhatCannotBeRead) {
  start();
  void* const handle = connect();
  const std::vector<std::pair<std::string, int>> rows{
      {certificates_.folder().file("none"), UPLOAD_FILE_NOT_EXIST},
      {certificates_.folder().file(""), UPLOAD_FILE_READ_FAILED},
      {write_file("empty", ""), UPLOAD_FILE_NOT_EXIST},
  };
  for (const auto& [path, result] : rows)
    ASSERT_EQ(IOT_HTTP2_Stream_UploadFile(handle, path.c_str(), kIdentify, nullptr, on_done, &results_), 0);
  ASSERT_TRUE(results_.wait([&] { return results_.done.size() == rows.size(); }));
  EXPECT_EQ(results_.done, rows);
  EXPECT_EQ(server_->requests().size(), 0u);
}

TEST_F(LinkKitUploadTest, UploadsInPartsAndComparesTheSum) {
  start();
  void* const handle = connect_files();
  const std::string body = body_of(3 * kPart + 500);
  const std::string path = write_file("film.flv", body);
  EXPECT_EQ(result_of(handle, path, 0), UPLOAD_SUCCESS);
  EXPECT_EQ(results_.store_id, "101184");
  EXPECT_TRUE(stored("film.flv") == body);
  const auto requests = server_->requests();
  ASSERT_EQ(requests.size(), 6u);  // open, four parts, close
  EXPECT_EQ(requests[0].field("x-file-name"), "film.flv");
  EXPECT_EQ(requests[1].field("content-length"), std::to_string(kPart));
  EXPECT_EQ(requests[1].field("x-file-upload-id"), results_.upload_id);
  EXPECT_EQ(requests[4].field("content-length"), "500");
  // It is there now.
  EXPECT_EQ(result_of(handle, path, 0), UPLOAD_STREAM_OPEN_FAILED);
  EXPECT_EQ(results_.store_id, "");
  EXPECT_EQ(result_of(handle, path, UPLOAD_FILE_OPT_BIT_OVERWRITE), UPLOAD_SUCCESS);
}

TEST_F(LinkKitUploadTest, GoesOnAfterABreakWithoutSendingMoreThanAPartTwice) {
  constexpr std::size_t kSize = 64 << 20;
  std::atomic<std::uint64_t> received{0};
  std::atomic<int> drops{0};
  LinkServer::Behaviour behaviour;
  behaviour.drop = [&](const LinkServer::Request& request) {
    // In the middle of the 20th part, and again in that of the 41st.
    if (drops == 0 && received + request.body.size() > 19 * kPart + kPart / 2) return ++drops == 1;
    if (drops == 1 && received + request.body.size() > 41 * kPart + kPart / 2) return ++drops == 2;
    if (request.body.size() == kPart) received += kPart;
    return false;
  };
  start(behaviour);
  void* const handle = connect_files();
  const std::string body = body_of(kSize);
  const std::string path = write_file("big.bin", body);
  ASSERT_TRUE(results_.wait([&] { return results_.reconnects == 1; }));
  EXPECT_EQ(result_of(handle, path, 0), UPLOAD_STREAM_SEND_FAILED);
  for (int turn = 2; turn <= 3; ++turn) {
    ASSERT_TRUE(results_.wait([&] { return results_.reconnects == turn; }));
    const int result = result_of(handle, path, UPLOAD_FILE_OPT_BIT_RESUME);
    EXPECT_EQ(result, turn == 3 ? UPLOAD_SUCCESS : UPLOAD_STREAM_SEND_FAILED);
  }
  EXPECT_TRUE(stored("big.bin") == body);
  std::uint64_t sent = 0;
  for (const auto& request : server_->requests())
    if (request.is("send")) sent += std::stoull(request.field("content-length"));
  EXPECT_LE(sent, kSize + 2 * kPart);
  std::printf("%zu MiB in %llu bytes of parts\n", kSize >> 20, static_cast<unsigned long long>(sent));
}

TEST_F(LinkKitUploadTest, SendsOnlyTheLengthThatIsAsked) {
  start();
  void* const handle = connect_files();
  const std::string body = body_of(kPart);
  const std::string path = write_file("part.bin", body);
  EXPECT_EQ(result_of(handle, path, UPLOAD_FILE_OPT_BIT_SPECIFIC_LEN, 1000), UPLOAD_SUCCESS);
  EXPECT_TRUE(stored("part.bin") == body.substr(0, 1000));
  const std::uint32_t both = UPLOAD_FILE_OPT_BIT_RESUME | UPLOAD_FILE_OPT_BIT_SPECIFIC_LEN;
  EXPECT_EQ(result_of(handle, path, both, 500), UPLOAD_SUCCESS);
  EXPECT_TRUE(stored("part.bin") == body.substr(0, 1500));
  EXPECT_EQ(result_of(handle, path, UPLOAD_FILE_OPT_BIT_RESUME), UPLOAD_SUCCESS);
  EXPECT_TRUE(stored("part.bin") == body);
}

TEST_F(LinkKitUploadTest, RefusesRequestsThatMakeNoSense) {
  start();
  void* const handle = connect_files();
  http2_upload_params_t params{};
  http2_upload_result_cb_t callbacks{};
  EXPECT_EQ(IOT_HTTP2_UploadFile_Request(nullptr, &params, &callbacks, nullptr), -2);
  EXPECT_EQ(IOT_HTTP2_UploadFile_Request(handle, nullptr, &callbacks, nullptr), -2);
  EXPECT_EQ(IOT_HTTP2_UploadFile_Request(handle, &params, nullptr, nullptr), -2);
  EXPECT_EQ(IOT_HTTP2_UploadFile_Request(handle, &params, &callbacks, nullptr), UPLOAD_FILE_PATH_IS_NULL);
  EXPECT_EQ(request(handle, "x", UPLOAD_FILE_OPT_BIT_RESUME), UPLOAD_ID_IS_NULL);
  results_.upload_id = std::string(40, 'a');
  EXPECT_EQ(request(handle, "x", UPLOAD_FILE_OPT_BIT_RESUME), UPLOAD_ID_IS_NULL);
  EXPECT_EQ(request(handle, "x", UPLOAD_FILE_OPT_BIT_SPECIFIC_LEN), UPLOAD_LEN_IS_ZERO);
  EXPECT_EQ(disconnect(handle), 0);
  EXPECT_EQ(IOT_HTTP2_UploadFile_Disconnect(nullptr), -2);
}

TEST_F(LinkKitUploadTest, GivesEachQueuedFileItsCallbackBeforeDisconnectReturns) {
  LinkServer::Behaviour behaviour;
  behaviour.hang = [](const LinkServer::Request& request) { return request.is("open"); };
  start(behaviour);
  void* const handle = connect_files();
  const std::string path = write_file("a.bin", "abc");
  for (int i = 0; i < 3; ++i) ASSERT_EQ(request(handle, path, UPLOAD_FILE_OPT_BIT_OVERWRITE), 0);
  ASSERT_TRUE(server_->wait([](const auto& all) { return all.size() == 1; }));
  EXPECT_EQ(disconnect(handle), 0);
  ASSERT_EQ(results_.done.size(), 3u);
  for (const auto& [name, result] : results_.done) EXPECT_EQ(result, UPLOAD_ERROR_COMMON);
}

}  // namespace
}  // namespace camspan::linkkit
