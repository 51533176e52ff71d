/// The part of Uploader that says what a request is.
#include "api/credentials.hpp"
#include "api/uploader.hpp"
#include "core/time.hpp"
#include "recordings/boot_clock.hpp"

namespace camspan {

/// What all requests have in common.
http::Headers Uploader::request_headers(const std::string& authorization) const {
  http::Headers headers = channel_ ? channel_->fields() : http::Headers();
  const std::string automatic = flv_ ? "video/x-flv" : "application/octet-stream";
  headers.append("content-type", config_.content_type.empty() ? automatic : config_.content_type);
  headers.append("user-agent", config_.user_agent.empty() ? "camspan/" CAMSPAN_VERSION : config_.user_agent);
  if (!authorization.empty()) headers.append("authorization", authorization, true);
  if (flv_) headers.append("accept", "application/x-ndjson");
  if (!config_.meta.empty()) headers.append("camspan-meta", config_.meta);
  for (const auto& [name, value] : config_.headers) headers.append(name, value, name == "cookie");
  return headers;
}

UploadRequest::Setup Uploader::request_setup(const std::string& authorization) const {
  UploadRequest::Setup setup;
  setup.method = config_.method == H2PushMethod::put ? "PUT" : "POST";
  setup.authority = url_.authority;
  setup.path = url_.path;
  setup.headers = request_headers(authorization);
  setup.tls = url_.tls;
  setup.flv = flv_;
  setup.idle_timeout = config_.idle_timeout;
  setup.ack_timeout = config_.ack_timeout;
  // Raw bytes make no sense from the middle on: all of them are kept, as far as memory goes.
  setup.replay_time = flv_ ? config_.replay_time : std::chrono::hours(24 * 365);
  return setup;
}

tl::expected<std::string, Failure> Uploader::authorize() const {
  // A channel was authorised when it was opened.
  if (channel_) return std::string();
  H2PushConfig credentials = config_;
  if (!token_.empty()) credentials.auth_token = token_;
  return authorization(credentials);
}

/// Which part of which stream the body is.
void Uploader::name_stream(UploadRequest::Setup& setup) {
  setup.first = queue_.next_number();
  if (setup.first > 0) setup.head = queue_.head_before(setup.first);
  setup.headers.append("camspan-stream", stream_id_);
  setup.headers.append("camspan-first", std::to_string(setup.first));
  // Said, because the first tag that counts may be metadata itself.
  setup.headers.append("camspan-head", std::to_string(setup.head.size()));
  const auto captured = queue_.captured_from(setup.first);
  const auto date = captured ? recordings::date_of(*captured) : std::nullopt;
  if (date) setup.headers.append("camspan-start", format_utc(*date));
  if (!spool_) return;
  if (const std::string before = spool_->streams_before(); !before.empty())
    setup.headers.append("camspan-after", before);
}

}  // namespace camspan
