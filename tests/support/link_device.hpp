/// A Link Kit device, frame by frame: HTTP/2 by its bare preface, no :authority, END_STREAM never on DATA, and its
/// header fields in the order of the C SDK.
#pragma once

#include <nghttp2/nghttp2.h>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "proto/link/request.hpp"
#include "support/h2_frames.hpp"
#include "support/raw_client.hpp"

namespace camspan::test {

class LinkDevice {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  struct Answer {
    Fields fields;  ///< in the order of the wire
    std::string body;
    bool ended_with_head = false;
    bool ended = false;
    std::optional<std::uint32_t> reset;

    std::string field(const std::string& name) const {
      for (const auto& [key, value] : fields)
        if (key == name) return value;
      return {};
    }
    int status() const { return fields.empty() ? 0 : std::stoi(fields.front().second); }
  };

  explicit LinkDevice(const std::string& address) : client_(address) {
    nghttp2_hd_inflater* made = nullptr;
    if (nghttp2_hd_inflate_new(&made) != 0) throw std::runtime_error("no inflater");
    inflater_.reset(made);
    send(H2Frames().preface().settings());
  }

  void send(const H2Frames& frames) {
    // As in the SDK, it leaves with the next thing that is written.
    if (std::exchange(acknowledgement_due_, false)) client_.send(as_text(H2Frames().settings_ack().bytes()));
    client_.send(as_text(frames.bytes()));
  }
  void disconnect() { client_.end(); }
  int descriptor() const { return client_.descriptor(); }

  /// Begins a request. @return its stream id
  std::uint32_t request(const std::string& method, const std::string& path, const Fields& fields, bool end) {
    const std::uint32_t id = std::exchange(next_id_, next_id_ + 2);
    send(H2Frames().headers(id, block(method, path, fields), end));
    return id;
  }
  static Fields to_fields(const http::Headers& headers) {
    Fields fields;
    for (const http::Header& field : headers) fields.emplace_back(field.name, field.value);
    return fields;
  }
  void data(std::uint32_t id, std::string_view bytes, bool end = false) {
    do {
      const std::string_view piece = bytes.substr(0, 2048);
      bytes.remove_prefix(piece.size());
      send(H2Frames().data(id, piece, end && bytes.empty()));
    } while (!bytes.empty());
  }

  /// Reads until the answer of `id` is complete, or the stream reset, or the connection over.
  const Answer& answer(std::uint32_t id) {
    read_while([&] { return !answers_[id].ended && !answers_[id].reset; });
    return answers_[id];
  }
  /// Reads until the head of the answer has come.
  const Answer& head(std::uint32_t id) {
    read_while([&] { return answers_[id].fields.empty() && !answers_[id].reset; });
    return answers_[id];
  }
  /// Code of the RST_STREAM that follows a complete answer to a request which did not end.
  std::optional<std::uint32_t> reset_of(std::uint32_t id) {
    read_while([&] { return !answers_[id].reset; });
    return answers_[id].reset;
  }
  /// Code of the GOAWAY that comes; nullopt = the connection ended without one.
  std::optional<std::uint32_t> go_away() {
    read_while([&] { return !go_away_; });
    return go_away_;
  }
  /// Reads what comes next, whatever it is.
  void read_more() {
    bool read = false;
    read_while([&] { return !std::exchange(read, true); });
  }
  /// Of the answer to `id`, as far as it has come.
  const Answer& answer_so_far(std::uint32_t id) { return answers_[id]; }
  std::size_t read_body(std::uint32_t id) { return answers_[id].body.size(); }
  bool wait_for_end() {
    read_while([] { return true; });
    return over_;
  }
  bool has_ended(std::uint32_t id) const { return answers_.at(id).ended; }

  static std::string open_path(const std::string& identify) { return "/stream/open/" + identify; }
  /// Opens a channel. @return its id
  std::string open(const std::string& identify, const link::Names& names, const std::string& secret) {
    const auto id = request("POST", open_path(identify),
                            to_fields(link::open_fields(names, secret, link::SignMethod::hmac_sha1, "2.3.0")), true);
    const Answer& opened = answer(id);
    return opened.status() == 200 ? opened.field("x-data-stream-id") : "";
  }

 private:
  struct Delete {
    void operator()(nghttp2_hd_inflater* inflater) const { nghttp2_hd_inflate_del(inflater); }
  };

  H2Frames::Fields block(const std::string& method, const std::string& path, const Fields& fields) {
    kept_ = {{":method", method}, {":path", path}, {":scheme", "https"}};
    kept_.insert(kept_.end(), fields.begin(), fields.end());
    return {kept_.begin(), kept_.end()};
  }
  template <class Condition>
  void read_while(Condition condition) {
    while (!over_ && condition()) {
      const std::string more = client_.read_some();
      over_ = more.empty();
      const ByteView bytes = as_bytes(more);
      unread_.insert(unread_.end(), bytes.begin(), bytes.end());
      for (const H2Frame& frame : parse_frames(unread_)) {
        unread_.erase(unread_.begin(), unread_.begin() + 9 + static_cast<std::ptrdiff_t>(frame.payload.size()));
        take(frame);
      }
    }
  }
  void take(const H2Frame& frame) {
    const bool end = (frame.flags & H2Frames::kEndStream) != 0;
    Answer& answer = answers_[frame.id];
    switch (frame.type) {
      case H2Frames::headers_type:
        inflate(frame.payload, answer.fields);
        answer.ended = answer.ended_with_head = end;
        break;
      case H2Frames::data_type:
        answer.body += as_text(frame.payload);
        answer.ended = end;
        break;
      case H2Frames::reset_type:
        answer.reset = frame.number();
        break;
      case H2Frames::settings_type:
        if ((frame.flags & H2Frames::kAck) == 0) acknowledgement_due_ = true;
        break;
      case H2Frames::go_away_type:
        go_away_ = frame.number(4);
        break;
      default:
        break;
    }
  }
  void inflate(const Bytes& block, Fields& fields) {
    const auto* data = reinterpret_cast<const std::uint8_t*>(block.data());
    std::size_t left = block.size();
    for (;;) {
      nghttp2_nv field{};
      int flags = 0;
      const ssize_t taken = nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, data, left, 1);
      if (taken < 0) throw std::runtime_error("a header block cannot be read");
      data += taken;
      left -= static_cast<std::size_t>(taken);
      if (flags & NGHTTP2_HD_INFLATE_EMIT)
        fields.emplace_back(std::string(field.name, field.name + field.namelen),
                            std::string(field.value, field.value + field.valuelen));
      if (flags & NGHTTP2_HD_INFLATE_FINAL) break;
    }
    nghttp2_hd_inflate_end_headers(inflater_.get());
  }

  RawClient client_;
  std::unique_ptr<nghttp2_hd_inflater, Delete> inflater_;
  Fields kept_;
  Bytes unread_;
  std::map<std::uint32_t, Answer> answers_;
  std::optional<std::uint32_t> go_away_;
  std::uint32_t next_id_ = 1;
  bool acknowledgement_due_ = false;
  bool over_ = false;
};

}  // namespace camspan::test
