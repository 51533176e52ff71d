/// A whole hub with a device on /signal and viewers on /whep.
#pragma once

#include <gmock/gmock.h>

#include "http_reply.hpp"
#include "hub_under_devices.hpp"
#include "support/sdp_samples.hpp"
#include "support/signal_device.hpp"

namespace camspan::hub {

class HubUnderViewers : public HubUnderDevices {
 protected:
  using Device = test::SignalDevice;

  Device camera() { return Device(address(), own_names(), kSecret); }

  using Reply = HttpReply;

  static std::string request(const std::string& method, const std::string& target, const std::string& fields,
                             const std::string& body) {
    return method + " " + target + " HTTP/1.0\r\n" + fields + "content-length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }
  static Reply reply_of(test::RawClient& client) { return parse_reply(client.read_all()); }
  Reply ask(const std::string& method, const std::string& target, const std::string& fields = "",
            const std::string& body = "") {
    test::RawClient client(address());
    client.send(request(method, target, fields, body));
    return reply_of(client);
  }
  std::string bearer(Right right = Right::live, const std::string& device = "*") const {
    return "authorization: Bearer " + token(right, device) + "\r\n";
  }
  static std::string whep(const std::string& query = "") { return "/whep/" + std::string(kDevice) + query; }
  std::string offer_fields(Right right = Right::live) const {
    return bearer(right) + "content-type: application/sdp\r\n";
  }
  /// Sends an offer; the answer is read later.
  std::unique_ptr<test::RawClient> offer(const std::string& query = "?_trickle=1",
                                         const std::string& sdp = test::chromium_offer()) {
    auto client = std::make_unique<test::RawClient>(address());
    client->send(request("POST", whep(query), offer_fields(), sdp));
    return client;
  }
  struct Joined {
    std::string session;
    std::string place;
    std::string etag;
  };
  /// A viewer that has its answer.
  Joined join(Device& device) {
    const auto viewer = offer();
    const auto asked = device.next<net::ViewerOffer>();
    device.send(net::signal::Answer{asked.session, kAnswer});
    const Reply reply = reply_of(*viewer);
    EXPECT_EQ(reply.status, 201) << reply.body;
    return {asked.session, reply.field("location"), reply.field("etag")};
  }
  Reply patch(const Joined& viewer, const std::string& fragment, const std::string& fields = "") {
    return ask("PATCH", viewer.place, "content-type: application/trickle-ice-sdpfrag\r\n" + fields, fragment);
  }
  std::string device_json() { return ask("GET", "/api/devices/" + std::string(kDevice), bearer()).body; }
  void wait_for_json(const std::string& part) {
    wait_for([&] { return device_json().find(part) != std::string::npos; });
  }

  static constexpr const char* kAnswer = "v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n";
  static constexpr const char* kCandidate = "candidate:1 1 UDP 1 192.0.2.1 5 typ host";
};

}  // namespace camspan::hub
