/// The session descriptions (RFC 8829, 8839, 8841, 8866) and fragments (RFC 8840) of WebRTC, as far as data channels
/// and one voice need them: what an offer says, and our answers. Text in, text out; everything from a peer is hostile.
#pragma once

#include <array>
#include <camspan/error.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace camspan::rtc {

inline constexpr std::size_t kMaxSdpBytes = 64 << 10;     ///< camspan-wire.md section 3
inline constexpr std::size_t kMaxSdpLines = 4096;         ///< a browser's largest offer has some hundred
inline constexpr std::size_t kMaxCandidates = 256;        ///< of one description or fragment
inline constexpr std::size_t kMaxMediaSections = 32;      ///< accepted or not
inline constexpr std::size_t kDefaultMaxMessage = 65536;  ///< without a=max-message-size (RFC 8841 section 6)

enum class Setup : std::uint8_t { actpass, active, passive };

struct IceCredentials {
  std::string ufrag;  ///< 4 to 256 characters (RFC 8839 section 5.4)
  std::string pwd;    ///< 22 to 256; a secret of the session

  bool operator==(const IceCredentials&) const = default;
};

/// a=fingerprint with sha-256 of the peer's certificate.
struct Fingerprint {
  std::array<std::byte, 32> sha256{};

  bool operator==(const Fingerprint&) const = default;
};

/// "sha-256 AB:CD:.." @return Errc::malformed, or Errc::unsupported for another hash
Result<Fingerprint> parse_fingerprint(std::string_view text);
std::string to_string(const Fingerprint& fingerprint);  ///< "sha-256 AB:CD:.."

/// One m= section.
struct MediaSection {
  std::string kind;                  ///< "application", "audio", "video"
  std::string mid;                   ///< "" when it has none
  std::string protocol;              ///< "UDP/DTLS/SCTP", "UDP/TLS/RTP/SAVPF"
  std::string direction;             ///< "sendrecv", "sendonly", "recvonly", "inactive"
  bool rejected = false;             ///< port 0, and not bundled only
  std::vector<std::string> formats;  ///< "webrtc-datachannel", or payload types
  std::vector<std::string> lines;    ///< its a= lines as they came, without "a=": rtpmap, fmtp, rtcp-fb, ...

  /// It is the section of the data channels.
  bool is_data() const { return kind == "application" && protocol.find("SCTP") != std::string::npos; }
};

/// An offer or an answer: what we need of it. ICE, DTLS and candidates are those of the section that the others are
/// bundled with: the first that is not rejected.
struct Description {
  IceCredentials ice;
  bool trickle = false;  ///< a=ice-options:trickle
  bool ice_lite = false;
  Fingerprint fingerprint;
  Setup setup = Setup::actpass;
  std::uint16_t sctp_port = 5000;                     ///< of the data section
  std::size_t max_message_size = kDefaultMaxMessage;  ///< 0 = any
  std::vector<std::string> candidates;                ///< "candidate:..." without "a="
  bool end_of_candidates = false;
  std::vector<MediaSection> media;
  std::vector<std::string> bundle;  ///< mids of a=group:BUNDLE

  /// The data section that can be answered, or null.
  const MediaSection* data_section() const;
};

/// What is wrong with a description, and where.
struct SdpError {
  enum class Kind : std::uint8_t {
    malformed,            ///< 400
    too_large,            ///< 413: over kMaxSdpBytes, kMaxSdpLines, kMaxMediaSections
    too_many_candidates,  ///< 413: over kMaxCandidates
    no_data_section,      ///< 406: nothing in it that data channels could go over
    no_fingerprint,       ///< 406: no sha-256 fingerprint
    no_ice,               ///< 406: no ice-ufrag or ice-pwd
    not_acceptable,       ///< 406: a=setup or a transport we cannot answer
  };
  Kind kind = Kind::malformed;
  std::size_t line = 0;  ///< from 1; 0 = none in particular
  std::string sentence;  ///< for a person: what is wrong, and what to do

  int status() const;  ///< of the HTTP answer
  std::string_view cause()
      const;  ///< last part of the problem type: "bad-sdp", "too-large", "too-many-candidates", "not-acceptable"
};

/// Reads an offer or an answer whole. Unknown lines are passed over, as RFC 8866 asks. Candidates that nobody can use
/// (mDNS names, TCP) are among `candidates` all the same: ICE judges them. Needs ICE credentials and a fingerprint, but
/// no data section: an offer of pure RTP is one, too.
tl::expected<Description, SdpError> parse_description(std::string_view sdp);

/// As parse_description(), and there is a data section to answer: what a camera accepts today.
tl::expected<Description, SdpError> parse_data_offer(std::string_view sdp);

/// Our side of the transport.
struct LocalTransport {
  IceCredentials ice;
  Fingerprint fingerprint;
  std::uint64_t session_id = 0;  ///< of o=; below 2^63 (RFC 8829 section 5.2.1)
  std::size_t max_message_size = 256 << 10;
  std::uint16_t sctp_port = 5000;
  Setup setup = Setup::active;            ///< of an answer to actpass; a peer that is active or passive decides itself
  std::vector<std::string> candidates{};  ///< known already, without "a="
  bool end_of_candidates = false;         ///< and no more follow
};

/// The role that an answer to `offer` takes in DTLS.
Setup answered_setup(const Description& offer, const LocalTransport& local);

/// The answer to `offer`: its data section accepted, its other sections inactive (bundled with it, so that they can be
/// filled later) or, where they are not bundled, rejected by port 0. `offer` has a data section.
std::string write_answer(const Description& offer, const LocalTransport& local);

/// An offer of data channels alone, a=setup:actpass.
std::string write_offer(const LocalTransport& local);

/// `sdp` with these candidates put behind what it has in its first section, for viewers that do not trickle.
std::string with_candidates(std::string_view sdp, const std::vector<std::string>& candidates, bool complete);

/// A candidate and the section it is for.
struct Candidate {
  std::string mid;   ///< "" = not said
  std::string line;  ///< "candidate:..." without "a="

  bool operator==(const Candidate&) const = default;
};

/// application/trickle-ice-sdpfrag (RFC 8840): later candidates, or the credentials of an ICE restart.
struct SdpFragment {
  IceCredentials ice;  ///< both empty when the fragment says none
  std::vector<Candidate> candidates;
  bool end_of_candidates = false;
};

tl::expected<SdpFragment, SdpError> parse_fragment(std::string_view text);
/// Lines end in CRLF. Candidates of one mid in a row share a pseudo m= section.
std::string write_fragment(const SdpFragment& fragment);

}  // namespace camspan::rtc
