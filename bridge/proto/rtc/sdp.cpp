#include "proto/rtc/sdp.hpp"

#include <algorithm>
#include <charconv>

#include "proto/rtc/sdp_text.hpp"

namespace camspan::rtc {
namespace {

using Kind = SdpError::Kind;

constexpr std::size_t kMaxFormats = 128;  // of one m= line: payload types have seven bits
constexpr std::size_t kMaxTokenBytes = 256;

/// Attributes that stand for the whole description or for one section.
struct Transport {
  IceCredentials ice;
  std::optional<Fingerprint> fingerprint;
  std::optional<Setup> setup;
  bool trickle = false;
  bool end_of_candidates = false;
  std::vector<std::string> candidates;
};

struct Section {
  MediaSection media;
  Transport transport;
  std::optional<std::uint16_t> sctp_port;
  std::optional<std::size_t> max_message_size;
  bool bundle_only = false;
  bool port_zero = false;
};

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Setup> setup_of(std::string_view text) {
  if (text == "actpass") return Setup::actpass;
  if (text == "active") return Setup::active;
  if (text == "passive") return Setup::passive;
  return std::nullopt;
}

/// Reads line by line; the attributes above the first m= line are the session's.
class Reader {
 public:
  tl::expected<Description, SdpError> read(std::string_view sdp) {
    const auto lines = split_sdp(sdp);
    if (!lines) return tl::unexpected(lines.error());
    if (lines->empty() || lines->front().type != 'v' || lines->front().value != "0")
      return sdp_error(Kind::malformed, lines->empty() ? 0 : 1,
                       "A description begins with v=0. Send the offer's SDP as the body.");
    for (const SdpLine& line : *lines) {
      if (line.type == 'm')
        begin_section(line);
      else if (line.type == 'a')
        take(line);
      if (failed_) return tl::unexpected(*failed_);
    }
    return finish();
  }

 private:
  void fail(Kind kind, const SdpLine& line, std::string sentence) {
    failed_ = sdp_error(kind, line.number, std::move(sentence)).value();
  }

  void begin_section(const SdpLine& line) {
    if (sections_.size() == kMaxMediaSections)
      return fail(Kind::too_large, line,
                  "There are more than " + std::to_string(kMaxMediaSections) + " media sections. Offer fewer.");
    const auto words = split_words(line.value);
    const auto port =
        words.size() >= 4 ? number_of<std::uint32_t>(words[1].substr(0, words[1].find('/'))) : std::nullopt;
    if (!port || *port > 65535 || words.size() > 3 + kMaxFormats || line.value.size() > 4 * kMaxTokenBytes)
      return fail(Kind::malformed, line, "A media line is \"m=<media> <port> <proto> <fmt> ...\".");
    Section& section = sections_.emplace_back();
    section.media.kind = words[0];
    section.media.protocol = words[2];
    section.media.direction = session_direction_;
    section.port_zero = *port == 0;
    for (std::size_t i = 3; i < words.size(); ++i) section.media.formats.emplace_back(words[i]);
  }

  void take(const SdpLine& line) {
    Transport& transport = sections_.empty() ? session_ : sections_.back().transport;
    if (!take_ice(line, transport.ice))
      return fail(Kind::malformed, line, "It is no ICE user fragment or password (RFC 8839 section 5.4).");
    if (const auto setup = line.attribute("setup")) {
      transport.setup = setup_of(*setup);
      if (!transport.setup) return fail(Kind::not_acceptable, line, "a=setup is actpass, active or passive.");
    }
    if (const auto fingerprint = line.attribute("fingerprint")) take_fingerprint(line, *fingerprint, transport);
    if (const auto options = line.attribute("ice-options"))
      for (const std::string_view option : split_words(*options)) transport.trickle |= option == "trickle";
    if (line.attribute("end-of-candidates")) transport.end_of_candidates = true;
    if (line.value.starts_with("candidate:")) take_candidate(line, transport);
    if (failed_) return;
    if (sections_.empty())
      take_of_session(line);
    else
      take_of_section(line, sections_.back());
  }

  void take_candidate(const SdpLine& line, Transport& transport) {
    if (++candidates_ > kMaxCandidates)
      return fail(Kind::too_many_candidates, line,
                  "There are more than " + std::to_string(kMaxCandidates) + " candidates. Offer fewer.");
    if (auto candidate = candidate_of(line)) transport.candidates.push_back(std::move(*candidate));
  }

  void take_fingerprint(const SdpLine& line, std::string_view text, Transport& transport) {
    auto fingerprint = parse_fingerprint(text);
    if (fingerprint) {
      if (!transport.fingerprint) transport.fingerprint = *fingerprint;
    } else if (fingerprint.error() == Errc::malformed) {
      fail(Kind::malformed, line, "a=fingerprint is a hash name and its bytes in hex, with colons between.");
    }
  }

  void take_of_session(const SdpLine& line) {
    ice_lite_ |= line.attribute("ice-lite").has_value();
    take_direction(line, session_direction_);
    const auto group = line.attribute("group");
    if (!group) return;
    const auto words = split_words(*group);
    if (!words.empty() && words[0] == "BUNDLE" && bundle_.empty() && words.size() <= kMaxMediaSections + 1)
      bundle_.assign(words.begin() + 1, words.end());
  }

  static void take_direction(const SdpLine& line, std::string& direction) {
    for (const std::string_view word : {"sendrecv", "sendonly", "recvonly", "inactive"})
      if (line.value == word) direction = word;
  }

  void take_of_section(const SdpLine& line, Section& section) {
    if (const auto mid = line.attribute("mid")) {
      if (mid->empty() || mid->size() > kMaxTokenBytes) return fail(Kind::malformed, line, "a=mid has no usable name.");
      section.media.mid = *mid;
      return;
    }
    if (line.attribute("bundle-only")) section.bundle_only = true;
    take_direction(line, section.media.direction);
    if (section.media.is_data())
      take_of_data(line, section);
    else if (section.media.lines.size() < kMaxSdpLines)
      section.media.lines.emplace_back(line.value);
  }

  void take_of_data(const SdpLine& line, Section& section) {
    if (const auto port = line.attribute("sctp-port")) {
      section.sctp_port = number_of<std::uint16_t>(*port);
      if (!section.sctp_port) return fail(Kind::malformed, line, "a=sctp-port is a number from 0 to 65535.");
    }
    if (const auto map = line.attribute("sctpmap")) {  // of drafts before RFC 8841, which some peers still speak
      const auto words = split_words(*map);
      if (!words.empty()) section.sctp_port = number_of<std::uint16_t>(words[0]);
    }
    if (const auto size = line.attribute("max-message-size")) {
      section.max_message_size = number_of<std::size_t>(*size);
      if (!section.max_message_size) return fail(Kind::malformed, line, "a=max-message-size is a number of bytes.");
    }
  }

  bool is_bundled(const Section& section) const {
    return !section.media.mid.empty() && std::find(bundle_.begin(), bundle_.end(), section.media.mid) != bundle_.end();
  }

  /// The section whose transport counts: that of the data channels, or the one it is bundled with.
  const Section* transport_section() const {
    const auto usable = [](const Section& section) { return !section.media.rejected; };
    const auto data = std::find_if(sections_.begin(), sections_.end(),
                                   [&](const Section& s) { return usable(s) && s.media.is_data(); });
    const auto first = std::find_if(sections_.begin(), sections_.end(), usable);
    if (data == sections_.end()) return first == sections_.end() ? nullptr : &*first;
    if (!is_bundled(*data)) return &*data;
    for (const std::string& mid : bundle_)
      for (const Section& section : sections_)
        if (usable(section) && section.media.mid == mid && !section.port_zero) return &section;
    return &*data;
  }

  /// What the section says, else the section of the data channels, else the session.
  template <class Value>
  static const Value& first_of(const Value& a, const Value& b) {
    return a ? a : b;
  }

  tl::expected<Description, SdpError> finish() {
    for (Section& section : sections_) section.media.rejected = section.port_zero && !section.bundle_only;
    const Section* const chosen = transport_section();
    if (chosen == nullptr)
      return sdp_error(Kind::no_data_section, 0, "It has no media section that is not rejected. Offer a data channel.");
    const Transport& transport = chosen->transport;
    Description result;
    result.ice.ufrag = transport.ice.ufrag.empty() ? session_.ice.ufrag : transport.ice.ufrag;
    result.ice.pwd = transport.ice.pwd.empty() ? session_.ice.pwd : transport.ice.pwd;
    const auto& fingerprint = first_of(transport.fingerprint, session_.fingerprint);
    result.setup = first_of(transport.setup, session_.setup).value_or(Setup::actpass);
    result.trickle = transport.trickle || session_.trickle;
    result.ice_lite = ice_lite_;
    result.candidates = transport.candidates.empty() ? session_.candidates : transport.candidates;
    result.end_of_candidates = transport.end_of_candidates || session_.end_of_candidates;
    result.bundle = bundle_;
    for (Section& section : sections_) {
      if (section.media.is_data() && result.data_section() == nullptr) {
        result.sctp_port = section.sctp_port.value_or(5000);
        result.max_message_size = section.max_message_size.value_or(kDefaultMaxMessage);
      }
      result.media.push_back(std::move(section.media));
    }
    if (result.ice.ufrag.empty() || result.ice.pwd.empty())
      return sdp_error(Kind::no_ice, 0, "It has no a=ice-ufrag and a=ice-pwd. Offer WebRTC.");
    if (!fingerprint)
      return sdp_error(Kind::no_fingerprint, 0,
                       "It has no a=fingerprint with sha-256. Offer DTLS with such a certificate.");
    result.fingerprint = *fingerprint;
    return result;
  }

  Transport session_;
  std::string session_direction_ = "sendrecv";
  std::vector<Section> sections_;
  std::vector<std::string> bundle_;
  std::size_t candidates_ = 0;
  bool ice_lite_ = false;
  std::optional<SdpError> failed_;
};

}  // namespace

int SdpError::status() const {
  switch (kind) {
    case Kind::malformed:
      return 400;
    case Kind::too_large:
    case Kind::too_many_candidates:
      return 413;
    default:
      return 406;
  }
}

std::string_view SdpError::cause() const {
  switch (kind) {
    case Kind::malformed:
      return "bad-sdp";
    case Kind::too_large:
      return "too-large";
    case Kind::too_many_candidates:
      return "too-many-candidates";
    default:
      return "not-acceptable";
  }
}

const MediaSection* Description::data_section() const {
  for (const MediaSection& section : media)
    if (section.is_data() && !section.rejected) return &section;
  return nullptr;
}

Result<Fingerprint> parse_fingerprint(std::string_view text) {
  const auto words = split_words(text);
  if (words.size() != 2) return fail(Errc::malformed);
  std::string hash(words[0]);
  for (char& c : hash) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (hash != "sha-256") return fail(Errc::unsupported);
  Fingerprint result;
  std::string_view hex = words[1];
  if (hex.size() != 3 * result.sha256.size() - 1) return fail(Errc::malformed);
  for (std::byte& byte : result.sha256) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(hex.data(), hex.data() + 2, value, 16);
    if (error != std::errc{} || end != hex.data() + 2) return fail(Errc::malformed);
    byte = static_cast<std::byte>(value);
    if (hex.size() > 2 && hex[2] != ':') return fail(Errc::malformed);
    hex.remove_prefix(std::min<std::size_t>(3, hex.size()));
  }
  return result;
}

tl::expected<Description, SdpError> parse_description(std::string_view sdp) {
  return Reader().read(sdp);
}

tl::expected<Description, SdpError> parse_data_offer(std::string_view sdp) {
  auto offer = parse_description(sdp);
  if (!offer || offer->data_section() != nullptr) return offer;
  return sdp_error(Kind::no_data_section, 0,
                   "It has no section for data channels (m=application .. UDP/DTLS/SCTP webrtc-datachannel). Make a "
                   "data channel before the offer.");
}

}  // namespace camspan::rtc
