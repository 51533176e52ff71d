/// Offers as peers make them: of Chromium 156 and aiortc 1.4 taken from the programs, the others written after theirs.
#pragma once

#include <string>

namespace camspan::test {

inline constexpr const char* kSampleFingerprint =
    "sha-256 A3:A6:90:04:FD:AA:6B:8C:9F:37:0A:4A:A0:D4:F2:D5:6C:CC:56:22:31:EE:69:CB:ED:EC:65:86:9E:F2:7F:A3";

inline std::string fingerprint_line() {
  return std::string("a=fingerprint:") + kSampleFingerprint + "\r\n";
}

/// Chromium 156: one data channel.
inline std::string chromium_offer() {
  return "v=0\r\no=- 2337437119738740845 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
         "a=extmap-allow-mixed\r\na=msid-semantic: WMS\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
         "c=IN IP4 0.0.0.0\r\na=ice-ufrag:Kjrt\r\na=ice-pwd:Vpr+IN2zN2g+ZodVPAybDzt5\r\na=ice-options:trickle\r\n" +
         fingerprint_line() + "a=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n";
}

/// Chromium 156: a microphone's section first, then a data channel, in one bundle.
inline std::string chromium_audio_offer() {
  const std::string transport =
      "c=IN IP4 0.0.0.0\r\na=ice-ufrag:UTaJ\r\na=ice-pwd:Ep/aA3Ex7NRXrdc1ug/UWGM2\r\na=ice-options:trickle\r\n" +
      fingerprint_line() + "a=setup:actpass\r\n";
  return "v=0\r\no=- 2267277122489701330 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
         "a=extmap-allow-mixed\r\na=msid-semantic: WMS\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\n" +
         transport +
         "a=mid:0\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=sendrecv\r\n"
         "a=msid:- b6063111-5677-479d-89f9-50bff6578bb2\r\na=rtcp-mux\r\na=rtcp-rsize\r\na=rtpmap:111 opus/48000/2\r\n"
         "a=rtcp-fb:111 transport-cc\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\n"
         "a=fmtp:63 111/111\r\na=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
         "a=ssrc:3226769418 cname:76lZwraKHILToYJh\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n" +
         transport + "a=mid:1\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n";
}

/// aiortc 1.4: the draft's form of SCTP, and every candidate in it.
inline std::string aiortc_offer() {
  return "v=0\r\no=- 4004293444 4004293444 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
         "a=msid-semantic:WMS *\r\nm=application 39198 DTLS/SCTP 5000\r\nc=IN IP4 192.0.2.2\r\na=mid:0\r\n"
         "a=sctpmap:5000 webrtc-datachannel 65535\r\na=max-message-size:65536\r\n"
         "a=candidate:f957a2332b1715da3b0ef8ba684454eb 1 udp 2130706431 192.0.2.2 39198 typ host\r\n"
         "a=candidate:d0bcf3d9c29a2bc887618212a1623bfa 1 udp 2130706431 fd00::2 48185 typ host\r\n"
         "a=end-of-candidates\r\na=ice-ufrag:HstD\r\na=ice-pwd:jkSUqBA2epbhcAsS84asF9\r\n" +
         fingerprint_line() + "a=setup:actpass\r\n";
}

/// Firefox: transport attributes at the session's level, several hashes, an mDNS candidate.
inline std::string firefox_offer() {
  return "v=0\r\no=mozilla...THIS_IS_SDPARTA-99.0 5148136233427343107 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
         "a=sendrecv\r\na=fingerprint:sha-384 00:11\r\n" +
         fingerprint_line() +
         "a=group:BUNDLE 0\r\na=ice-options:trickle\r\na=msid-semantic:WMS *\r\n"
         "m=application 58712 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
         "a=candidate:0 1 UDP 2122252543 0b2b5bd7-4ae7-4b6f-9d4f-3c11e9a2f1f0.local 58712 typ host\r\na=sendrecv\r\n"
         "a=ice-pwd:84a8d5a7bcb17d3c2f2f9a5b1f8d0c11\r\na=ice-ufrag:0f1e2d3c\r\na=mid:0\r\na=setup:actpass\r\n"
         "a=sctp-port:5000\r\na=max-message-size:1073741823\r\n";
}

/// libdatachannel: no bundle group of its own making is wrong with it, LF alone at line ends.
inline std::string libdatachannel_offer() {
  std::string text =
      "v=0\no=rtc 2431513451 0 IN IP4 127.0.0.1\ns=-\nt=0 0\na=group:BUNDLE 0\na=group:LS 0\na=msid-semantic:WMS *\n"
      "a=ice-options:ice2,trickle\n";
  text += std::string("a=fingerprint:") + kSampleFingerprint + "\n";
  return text +
         "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\nc=IN IP4 0.0.0.0\na=mid:0\na=sendrecv\na=sctp-port:5000\n"
         "a=max-message-size:262144\na=setup:actpass\na=ice-ufrag:w3Bs\na=ice-pwd:1xQnW0Yk8c3G9rU4PZbVtD\n";
}

/// pion: everything in the section, lower-case hash bytes, and no max-message-size.
inline std::string pion_offer() {
  std::string hex(kSampleFingerprint);
  for (char& c : hex) c = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
  return "v=0\r\no=- 7206137912452735671 1700000000 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=fingerprint:" + hex +
         "\r\na=extmap-allow-mixed\r\na=group:BUNDLE 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
         "c=IN IP4 0.0.0.0\r\na=setup:actpass\r\na=mid:0\r\na=sendrecv\r\na=sctp-port:5000\r\n"
         "a=ice-ufrag:rPHkVRktsmJFlKoY\r\na=ice-pwd:tQmUVAMcQYsWZcbLgyIgBAAKeIqWjZAZ\r\n";
}

/// webrtcbin: named sections, a video section before the data, bundled with it and without a port of its own.
inline std::string webrtcbin_offer() {
  const std::string transport =
      "a=setup:actpass\r\na=ice-ufrag:Kt2Wd7oMyC2ZuX+B3n+vHDDmyAlBKQsd\r\n"
      "a=ice-pwd:4hC1Gn4hZ0ZcYc3VZkWb9ZcVbWmQdXyE\r\n" +
      fingerprint_line();
  return "v=0\r\no=- 3721484017 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-options:trickle\r\n"
         "a=group:BUNDLE video0 application1\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\n" +
         transport +
         "a=rtcp-mux\r\na=rtcp-rsize\r\na=recvonly\r\na=rtpmap:96 H264/90000\r\na=rtcp-fb:96 nack\r\na=mid:video0\r\n"
         "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=bundle-only\r\n" +
         transport + "a=mid:application1\r\na=sctp-port:5000\r\n";
}

}  // namespace camspan::test
