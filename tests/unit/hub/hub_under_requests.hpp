/// A whole hub in this process, asked over loopback by somebody with every right.
#pragma once

#include "http_reply.hpp"
#include "hub_in_process.hpp"
#include "support/raw_client.hpp"

namespace camspan::hub {

inline std::string chunk(std::string_view bytes) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + std::string(bytes) + "\r\n";
}

class HubUnderRequests : public HubInProcess {
 protected:
  std::string all() { return token({Right::live, Right::playback, Right::upload, Right::admin}); }

  /// Request line and fields, the token included.
  std::string head(const std::string& line, const std::string& fields = "", const std::string& the_token = "own") {
    const std::string bearer = the_token == "own" ? all() : the_token;
    return line + " HTTP/1.1\r\nhost: " + address() + "\r\n" +
           (bearer.empty() ? "" : "authorization: Bearer " + bearer + "\r\n") + fields;
  }
  HttpReply ask(const std::string& line, const std::string& fields = "", const std::string& body = "",
                const std::string& the_token = "own") {
    test::RawClient client(address());
    client.send(head(line,
                     fields + "connection: close\r\n" +
                         (body.empty() ? "" : "content-length: " + std::to_string(body.size()) + "\r\n"),
                     the_token) +
                "\r\n" + body);
    return parse_reply(client.read_all());
  }
  HttpReply upload(const std::string& body, const std::string& fields = "content-type: video/x-flv\r\n",
                   const std::string& path = "/ingest/cam1") {
    return ask("POST " + path, fields, body);
  }
  /// An upload that goes on: chunked, acknowledged.
  std::unique_ptr<test::RawClient> open_upload(const std::string& fields = "") {
    auto client = std::make_unique<test::RawClient>(address());
    client->send(head("POST /ingest/cam1", "content-type: video/x-flv\r\ntransfer-encoding: chunked\r\n" + fields) +
                 "\r\n");
    return client;
  }
};

}  // namespace camspan::hub
