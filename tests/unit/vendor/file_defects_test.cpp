// The defects of the original that ours must not have: those of file uploads.
#include <unistd.h>

#include "unit/vendor/defects.hpp"

namespace camspan::linkkit {
namespace {

class LinkKitFileDefect;
using D = LinkKitFileDefect;

void on_result(const char*, int result, void*) {
  g_events->change([&] { g_events->results.push_back(result); });
}
void on_completed(const char*, int result, const char*, void*) {
  g_events->change([&] { g_events->results.push_back(result); });
}

class LinkKitFileDefect : public DefectClient, public testing::WithParamInterface<Row<LinkKitFileDefect>> {
 protected:
  /// Uploads by the file service; gives the result.
  int upload(void* handle, const std::string& path, std::uint32_t bits = 0, const char* id = nullptr) {
    http2_upload_params_t params{};
    params.file_path = path.c_str();
    params.opt_bit_map = bits;
    params.upload_id = id;
    http2_upload_result_cb_t callbacks{nullptr, on_completed};
    const std::size_t before = events_.results.size();
    const int queued = IOT_HTTP2_UploadFile_Request(handle, &params, &callbacks, nullptr);
    if (queued != 0) return queued;
    EXPECT_TRUE(events_.wait([&] { return events_.results.size() > before; }));
    return events_.results.back();
  }

 public:
  void late_headers_are_seen() {
    start(answers([](const Request& request) -> std::optional<Answer> {
      if (!request.is("open")) return std::nullopt;
      return Answer{200,
                    {{"x-response-status", "200"},
                     {"x-data-stream-id", "DS1"},
                     {"x-next-append-position", "3"},
                     {"x-file-upload-id", "late"}},
                    ""};
    }));
    void* const handle = connect();
    // All of it is there, says the server, and its sum is that of nothing.
    EXPECT_EQ(upload(handle, write_file("a", "abc"), UPLOAD_FILE_OPT_BIT_RESUME, "late"), UPLOAD_SUCCESS);
    EXPECT_EQ(server_->count("send"), 0u);
  }
  void upload_is_told_after_its_close() {
    start();
    void* const handle = connect();
    const std::string path = write_file("a", "abc");
    ASSERT_EQ(IOT_HTTP2_Stream_UploadFile(handle, path.c_str(), kIdentify, nullptr, on_result, nullptr), 0);
    ASSERT_TRUE(events_.wait([&] { return !events_.results.empty(); }));
    EXPECT_EQ(server_->count("close"), 1u);
    EXPECT_EQ(disconnect(handle), 0);
  }
  void arguments_are_copied() {
    start(hangs_on("/slow"));
    void* const handle = connect();
    std::string path = write_file("a", "abc");
    std::string identify = kIdentify;
    std::string value = "world";
    http2_header user[] = {MAKE_HEADER_CS("hello", value.c_str())};
    header_ext_info_t header{user, 1};
    ASSERT_EQ(IOT_HTTP2_Stream_UploadFile(handle, path.c_str(), identify.c_str(), &header, on_result, nullptr), 0);
    path.assign(path.size(), 'x');
    identify.assign(identify.size(), 'x');
    value.assign(value.size(), 'x');
    user[0] = {};
    ASSERT_TRUE(events_.wait([&] { return !events_.results.empty(); }));
    EXPECT_EQ(events_.results[0], 0);
    EXPECT_EQ(server_->requests()[1].field("hello"), "world");
  }
  void files_may_be_large() {
    const std::string path = write_file("large", "");
    ASSERT_EQ(truncate(path.c_str(), off_t{5} << 30), 0);
    start(answers([](const Request& request) -> std::optional<Answer> {
      if (!request.is("send")) return std::nullopt;
      return Answer{413, {{"x-data-stream-id", "DS1"}, {"x-response-status", "413"}}, ""};
    }));
    void* const handle = connect();
    ASSERT_EQ(IOT_HTTP2_Stream_UploadFile(handle, path.c_str(), kIdentify, nullptr, on_result, nullptr), 0);
    ASSERT_TRUE(events_.wait([&] { return !events_.results.empty(); }));
    EXPECT_EQ(events_.results[0], UPLOAD_STREAM_SEND_FAILED);
    EXPECT_EQ(server_->requests()[1].field("content-length"), "5368709120");
  }
  void a_shrinking_file_is_noticed() {
    const std::string path = write_file("a", body_of(4 << 20));
    Behaviour behaviour;
    behaviour.drop = [path](const Request&) { return truncate(path.c_str(), 1000) != 0; };
    start(behaviour);
    void* const handle = connect();
    ASSERT_EQ(IOT_HTTP2_Stream_UploadFile(handle, path.c_str(), kIdentify, nullptr, on_result, nullptr), 0);
    ASSERT_TRUE(events_.wait([&] { return !events_.results.empty(); }));
    EXPECT_EQ(events_.results[0], UPLOAD_FILE_READ_FAILED);
  }
  void empty_files_are_files() {
    start();
    void* const handle = connect();
    EXPECT_EQ(upload(handle, write_file("empty.txt", "")), UPLOAD_SUCCESS);
    EXPECT_EQ(server_->count("send"), 0u);
    EXPECT_TRUE(server_->files().contains("empty.txt"));
  }
  void base_names() {
    start();
    void* const handle = connect();
    EXPECT_EQ(upload(handle, ""), UPLOAD_FILE_PATH_IS_NULL);
    EXPECT_EQ(upload(handle, write_file("one.txt", "x")), UPLOAD_SUCCESS);
    EXPECT_EQ(server_->requests()[0].field("x-file-name"), "one.txt");
  }
  void odd_positions() {
    start();
    server_->put_file("a", {"UL1", Bytes(3, std::byte{'a'})});
    server_->put_file("b", {"UL2", Bytes(9, std::byte{'a'})});
    void* const handle = connect();
    EXPECT_EQ(upload(handle, write_file("a", "aaa"), UPLOAD_FILE_OPT_BIT_RESUME, "UL1"), UPLOAD_SUCCESS);
    EXPECT_EQ(upload(handle, write_file("b", "aaa"), UPLOAD_FILE_OPT_BIT_RESUME, "UL2"), UPLOAD_STREAM_OPEN_FAILED);
    EXPECT_EQ(server_->count("send"), 0u);
    EXPECT_EQ(server_->count("close"), 2u);
  }
  void upload_ids_have_any_length() {
    start();
    const std::string longest(39, 'u');
    server_->put_file("a", {longest, {}});
    void* const handle = connect();
    EXPECT_EQ(upload(handle, write_file("a", "aaa"), UPLOAD_FILE_OPT_BIT_RESUME, longest.c_str()), UPLOAD_SUCCESS);
    EXPECT_EQ(server_->requests()[0].field("x-file-upload-id"), longest);
    EXPECT_EQ(upload(handle, "a", UPLOAD_FILE_OPT_BIT_RESUME, (longest + "u").c_str()), UPLOAD_ID_IS_NULL);
  }
  void success_means_stored() {
    Behaviour behaviour;
    behaviour.wrong_sum = "1";
    start(behaviour);
    void* const handle = connect();
    EXPECT_EQ(upload(handle, write_file("a", "aaa")), UPLOAD_ERROR_COMMON);
    auto refuses = make_server(answers([](const Request& request) -> std::optional<Answer> {
      if (!request.is("close")) return std::nullopt;
      return Answer{500, {{"x-data-stream-id", "DS1"}, {"x-response-status", "500"}}, ""};
    }));
    disconnect(handle);
    std::swap(server_, refuses);
    EXPECT_EQ(upload(connect(), write_file("a", "aaa")), UPLOAD_ERROR_COMMON);
    TearDown();
    handles_.clear();
    tls_ = nullptr;
  }
  void queued_files_are_told() {
    Behaviour behaviour;
    behaviour.hang = [](const Request& request) { return request.is("open"); };
    start(behaviour);
    void* const handle = connect();
    const std::string path = write_file("a", "abc");
    for (int i = 0; i < 3; ++i)
      ASSERT_EQ(IOT_HTTP2_Stream_UploadFile(handle, path.c_str(), kIdentify, nullptr, on_result, nullptr), 0);
    ASSERT_TRUE(server_->wait([](const auto& all) { return all.size() == 1; }));
    EXPECT_EQ(disconnect(handle), 0);
    // No lock: who disconnected has heard everything.
    EXPECT_EQ(events_.results, std::vector<int>(3, UPLOAD_ERROR_COMMON));
  }
  void a_failed_part_closes_its_channel() {
    start(answers([](const Request& request) -> std::optional<Answer> {
      if (!request.is("send")) return std::nullopt;
      return Answer{500, {{"x-data-stream-id", "DS1"}, {"x-response-status", "500"}}, ""};
    }));
    void* const handle = connect();
    EXPECT_EQ(upload(handle, write_file("a", "aaa")), UPLOAD_STREAM_SEND_FAILED);
    EXPECT_EQ(server_->count("close"), 1u);
  }
};

const Row<D> kRows[] = {
    {17, "late headers missed", &D::late_headers_are_seen},
    {22, "upload told before its close", &D::upload_is_told_after_its_close},
    {23, "caller's pointers kept", &D::arguments_are_copied},
    {24, "files over 2 GiB", &D::files_may_be_large},
    {25, "a shrinking file sends stale memory", &D::a_shrinking_file_is_noticed},
    {26, "empty file is no file", &D::empty_files_are_files},
    {27, "base name wrong", &D::base_names},
    {28, "resume at or over the end", &D::odd_positions},
    {29, "upload id over-read", &D::upload_ids_have_any_length},
    {30, "success without proof", &D::success_means_stored},
    {31, "queued files lost", &D::queued_files_are_told},
    {32, "failed part leaves its channel", &D::a_failed_part_closes_its_channel},
};

TEST_P(LinkKitFileDefect, IsNotOurs) {
  (this->*GetParam().prove)();
}

INSTANTIATE_TEST_SUITE_P(Original, LinkKitFileDefect, testing::ValuesIn(kRows), name_of<D>);

}  // namespace
}  // namespace camspan::linkkit
