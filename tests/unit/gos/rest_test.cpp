#include <gmock/gmock.h>

#include "gos_server.hpp"

namespace camspan::gos {
namespace {

using test::RawClient;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

std::string g_written;

/// Reads give what `arg` names.
void stream(const char*, const gos_msgpack_object_t* in, gos_msgpack_context_t* out, void* arg) {
  char text[64];
  if (in != nullptr)
    g_written = MSGPACK_TO_STR(in, text, sizeof text);
  else if (std::string_view(static_cast<const char*>(arg)) == "bin")
    gos_msgpack_write_bin(out, "\xff\xd8\xff", 3);
  else if (gos_msgpack_write_dict_marker(out, 1) == GOS_SUCCESS)
    gos_msgpack_write_dict_int(out, "value", 5);
}

class GosRestTest : public GosServerTest {
 protected:
  GosRestTest() {
    static char dict[] = "dict";
    static char bin[] = "bin";
    gos_hs_stream_register("settings", stream, GOS_HS_STREAM_PERMISSION_ALL, dict);
    gos_hs_stream_register("a picture", stream, GOS_HS_STREAM_PERMISSION_READ, bin);
    g_written.clear();
  }

  std::string say(const std::string& line, const std::string& fields = "", const std::string& body = "") {
    RawClient client(address());
    client.send(line + " HTTP/1.1\r\nHost: camera\r\nConnection: close\r\n" + fields + "\r\n" + body);
    return client.read_all();
  }
  std::string write(const std::string& stream, const std::string& type, const std::string& body) {
    return say("PUT /appdata/" + stream,
               "Content-Type: " + type + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n", body);
  }
};

TEST_F(GosRestTest, ListsStreams) {
  EXPECT_THAT(say("GET /appdata"), EndsWith("\r\n\r\n\x92\xa9"
                                            "a picture\xa8settings"));
  EXPECT_THAT(say("GET /appdata", "Accept: application/json\r\n"), EndsWith("\r\n\r\n[\"a picture\",\"settings\"]"));
}

TEST_F(GosRestTest, ReadsAStreamAsTheClientWantsIt) {
  const std::string plain = say("GET /appdata/settings");
  EXPECT_THAT(plain, HasSubstr("content-type: application/vnd.msgpack\r\n"));
  EXPECT_THAT(plain, EndsWith("\r\n\r\n\x81\xa5value\x05"));
  EXPECT_THAT(say("GET /appdata/settings", "Accept: text/html, application/json;q=0.9\r\n"),
              EndsWith("\r\n\r\n{\"value\":5}"));
  EXPECT_THAT(say("GET /appdata/a%20picture", "Accept: application/json\r\n"), EndsWith("\r\n\r\n\"/9j/\""));
  EXPECT_THAT(say("GET /appdata/a%20picture", "Accept: application/octet-stream\r\n"),
              EndsWith("\r\n\r\n\xff\xd8\xff"));
  EXPECT_THAT(say("GET /appdata/settings", "Accept: application/octet-stream\r\n"), EndsWith("\x81\xa5value\x05"));
}

TEST_F(GosRestTest, WritesAStream) {
  EXPECT_THAT(write("settings", "application/vnd.msgpack", "\xa2hi"), StartsWith("HTTP/1.1 204"));
  EXPECT_EQ(g_written, "hi");
  EXPECT_THAT(write("settings", "application/json; charset=utf-8", "{\"a\":[1,2]}"), StartsWith("HTTP/1.1 204"));
  EXPECT_EQ(g_written, "{a: [1, 2]}");
}

TEST_F(GosRestTest, RefusesWithTheStatusForWhatIsWrong) {
  EXPECT_THAT(say("GET /appdata/nothing"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(write("a%20picture", "application/json", "1"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(write("settings", "text/plain", "1"), StartsWith("HTTP/1.1 415"));
  EXPECT_THAT(write("settings", "application/json", "{"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(write("settings", "application/json", std::string(20, '[') + std::string(20, ']')),
              StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(write("settings", "application/msgpack", "\xa2h"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(say("POST /appdata/settings", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n"), StartsWith("HTTP/1.1 411"));
  EXPECT_THAT(say("PUT /appdata/settings", "Content-Length: 1048577\r\n"), StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(say("DELETE /appdata/settings"), HasSubstr("allow: GET, HEAD, POST, PUT\r\n"));
  EXPECT_THAT(say("DELETE /appdata/settings"), StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(say("GET /appdata", "Origin: http://elsewhere\r\n"), StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(say("OPTIONS /appdata/settings", "Origin: http://camera\r\n"), StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(say("GET /"), StartsWith("HTTP/1.1 404"));
}

}  // namespace
}  // namespace camspan::gos
