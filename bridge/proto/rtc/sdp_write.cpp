#include <algorithm>
#include <array>

#include "proto/rtc/sdp.hpp"
#include "proto/rtc/sdp_text.hpp"

namespace camspan::rtc {
namespace {

std::string_view setup_name(Setup setup) {
  switch (setup) {
    case Setup::active:
      return "active";
    case Setup::passive:
      return "passive";
    default:
      return "actpass";
  }
}

std::string head(const LocalTransport& local) {
  return "v=0\r\no=- " + std::to_string(local.session_id) + " 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";
}

void write_transport(std::string& out, const LocalTransport& local, Setup setup) {
  out += "a=ice-ufrag:" + local.ice.ufrag + "\r\na=ice-pwd:" + local.ice.pwd + "\r\na=ice-options:trickle\r\n";
  out += "a=fingerprint:" + to_string(local.fingerprint) + "\r\na=setup:" + std::string(setup_name(setup)) + "\r\n";
}

void write_candidates(std::string& out, const std::vector<std::string>& candidates, bool complete) {
  for (const std::string& candidate : candidates) out += "a=" + candidate + "\r\n";
  if (complete) out += "a=end-of-candidates\r\n";
}

/// The data section as the peer writes it: RFC 8841, or the draft before it, where the format is the port.
void write_data_line(std::string& out, const MediaSection& section, const LocalTransport& local) {
  const bool draft = section.protocol == "DTLS/SCTP";
  const std::string port = std::to_string(local.sctp_port);
  out += "m=application 9 " + section.protocol + " " + (draft ? port : "webrtc-datachannel") + "\r\n";
  out += "c=IN IP4 0.0.0.0\r\n";
  if (!section.mid.empty()) out += "a=mid:" + section.mid + "\r\n";
  out += draft ? "a=sctpmap:" + port + " webrtc-datachannel 65535\r\n" : "a=sctp-port:" + port + "\r\n";
  out += "a=max-message-size:" + std::to_string(local.max_message_size) + "\r\n";
}

/// An inactive section names one codec of the offer: none is used.
void write_inactive(std::string& out, const MediaSection& section) {
  const std::string& format = section.formats.front();
  out += "m=" + section.kind + " 9 " + section.protocol + " " + format + "\r\nc=IN IP4 0.0.0.0\r\n";
  out += "a=mid:" + section.mid + "\r\na=inactive\r\na=rtcp-mux\r\n";
  for (const std::string& line : section.lines)
    if (line.starts_with("rtpmap:" + format + " ") || line.starts_with("fmtp:" + format + " "))
      out += "a=" + line + "\r\n";
}

void write_rejected(std::string& out, const MediaSection& section) {
  out += "m=" + section.kind + " 0 " + section.protocol + " " + section.formats.front() + "\r\nc=IN IP4 0.0.0.0\r\n";
  if (!section.mid.empty()) out += "a=mid:" + section.mid + "\r\n";
  out += "a=inactive\r\n";
}

enum class Fate : std::uint8_t { data, inactive, rejected };

/// What becomes of each section, in order.
std::vector<Fate> fates_of(const Description& offer) {
  const auto bundled = [&](const MediaSection& section) {
    return !section.mid.empty() &&
           std::find(offer.bundle.begin(), offer.bundle.end(), section.mid) != offer.bundle.end();
  };
  const MediaSection* const data = offer.data_section();
  std::vector<Fate> fates;
  for (const MediaSection& section : offer.media) {
    const bool rtp = section.kind == "audio" || section.kind == "video";
    const bool beside = !section.rejected && rtp && bundled(section) && data != nullptr && bundled(*data);
    fates.push_back(&section == data ? Fate::data : beside ? Fate::inactive : Fate::rejected);
  }
  return fates;
}

}  // namespace

std::string to_string(const Fingerprint& fingerprint) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text = "sha-256 ";
  for (const std::byte byte : fingerprint.sha256) {
    if (text.back() != ' ') text += ':';
    const auto value = std::to_integer<unsigned>(byte);
    text += kDigits[value >> 4];
    text += kDigits[value & 15];
  }
  return text;
}

Setup answered_setup(const Description& offer, const LocalTransport& local) {
  if (offer.setup == Setup::active) return Setup::passive;
  if (offer.setup == Setup::passive) return Setup::active;
  return local.setup;
}

std::string write_answer(const Description& offer, const LocalTransport& local) {
  const auto fates = fates_of(offer);
  std::string sdp = head(local);
  std::string group;
  for (std::size_t i = 0; i < fates.size(); ++i)
    if (fates[i] != Fate::rejected && !offer.bundle.empty() && !offer.media[i].mid.empty())
      group += " " + offer.media[i].mid;
  if (!group.empty()) sdp += "a=group:BUNDLE" + group + "\r\n";
  bool told = false;
  for (std::size_t i = 0; i < fates.size(); ++i) {
    const MediaSection& section = offer.media[i];
    if (fates[i] == Fate::rejected) {
      write_rejected(sdp, section);
      continue;
    }
    if (fates[i] == Fate::data)
      write_data_line(sdp, section, local);
    else
      write_inactive(sdp, section);
    write_transport(sdp, local, answered_setup(offer, local));
    if (!std::exchange(told, true)) write_candidates(sdp, local.candidates, local.end_of_candidates);
  }
  return sdp;
}

std::string write_offer(const LocalTransport& local) {
  std::string sdp = head(local) + "a=group:BUNDLE 0\r\n";
  MediaSection data;
  data.mid = "0";
  data.protocol = "UDP/DTLS/SCTP";
  write_data_line(sdp, data, local);
  write_transport(sdp, local, Setup::actpass);
  write_candidates(sdp, local.candidates, local.end_of_candidates);
  return sdp;
}

std::string with_candidates(std::string_view sdp, const std::vector<std::string>& candidates, bool complete) {
  std::string result(sdp);
  std::string added;
  write_candidates(added, candidates, complete);
  // The end of the first section that is not rejected; a description's last line has its end.
  bool inside = false;
  for (std::size_t at = 0; at < result.size();) {
    const std::string_view line = std::string_view(result).substr(at, result.find('\n', at) - at);
    if (line.starts_with("m=")) {
      if (inside) return result.insert(at, added);
      const auto words = split_words(line);
      inside = words.size() > 1 && words[1] != "0";
    }
    at += line.size() + 1;
  }
  if (!result.ends_with('\n')) result += "\r\n";
  return result + added;
}

std::string write_fragment(const SdpFragment& fragment) {
  std::string text;
  if (!fragment.ice.ufrag.empty()) text += "a=ice-ufrag:" + fragment.ice.ufrag + "\r\n";
  if (!fragment.ice.pwd.empty()) text += "a=ice-pwd:" + fragment.ice.pwd + "\r\n";
  const std::string* mid = nullptr;
  for (const Candidate& candidate : fragment.candidates) {
    if (!candidate.mid.empty() && (mid == nullptr || *mid != candidate.mid)) {
      mid = &candidate.mid;
      text += "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:" + candidate.mid + "\r\n";
    }
    text += "a=" + candidate.line + "\r\n";
  }
  if (fragment.end_of_candidates) text += "a=end-of-candidates\r\n";
  return text;
}

}  // namespace camspan::rtc
