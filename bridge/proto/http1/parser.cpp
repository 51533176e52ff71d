#include "proto/http1/parser.hpp"

#include <llhttp.h>
#include <algorithm>

#include "proto/http1/syntax.hpp"

namespace camspan::http1 {

struct RequestParser::Impl {
  explicit Impl(Limits wanted);

  static const llhttp_settings_t& settings();
  static Impl& of(llhttp_t* parser) { return *static_cast<Impl*>(parser->data); }
  static int on_begin(llhttp_t* parser);
  static int on_url(llhttp_t* parser, const char* at, std::size_t size);
  static int on_field(llhttp_t* parser, const char* at, std::size_t size);
  static int on_value(llhttp_t* parser, const char* at, std::size_t size);
  static int on_value_complete(llhttp_t* parser);
  static int on_head(llhttp_t* parser);
  static int on_body(llhttp_t* parser, const char* at, std::size_t size);
  static int on_end(llhttp_t* parser);

  /// Notes what the answer to the client will say. @return what makes llhttp stop
  int refuse(int status, std::string_view detail) {
    if (problem.detail.empty()) problem = {status, detail};
    return HPE_USER;
  }
  Result<> check_head();
  int take_target();
  int take_host();
  int take_coding();
  int take_field();

  Limits limits;
  llhttp_t llhttp{};
  Request request;
  Step step = Step::need_more;
  ByteView body;
  std::string name;  // of the field under way
  std::string value;
  std::string host;
  std::string coding;
  unsigned hosts = 0;
  std::size_t overhead = 0;  // bytes since the last step that were no body: head, chunk framing, trailers
  bool head_done = false;
  bool started = false;  // the first byte of a request has come
  Problem problem;
};

RequestParser::Impl::Impl(Limits wanted) : limits(wanted) {
  llhttp_init(&llhttp, HTTP_REQUEST, &settings());
  llhttp.data = this;
}

const llhttp_settings_t& RequestParser::Impl::settings() {
  static const llhttp_settings_t filled = [] {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_message_begin = on_begin;
    settings.on_url = on_url;
    settings.on_header_field = on_field;
    settings.on_header_value = on_value;
    settings.on_header_value_complete = on_value_complete;
    settings.on_headers_complete = on_head;
    settings.on_body = on_body;
    settings.on_message_complete = on_end;
    return settings;
  }();
  return filled;
}

int RequestParser::Impl::on_begin(llhttp_t* parser) {
  Impl& self = of(parser);
  self.request = Request{};
  self.host.clear();
  self.coding.clear();
  self.hosts = 0;
  self.head_done = false;
  return 0;
}

int RequestParser::Impl::on_url(llhttp_t* parser, const char* at, std::size_t size) {
  Impl& self = of(parser);
  self.request.target.append(at, size);
  if (self.request.target.size() > self.limits.max_target_bytes) return self.refuse(414, "the target is too long");
  return 0;
}

int RequestParser::Impl::on_field(llhttp_t* parser, const char* at, std::size_t size) {
  of(parser).name.append(at, size);
  return 0;
}

int RequestParser::Impl::on_value(llhttp_t* parser, const char* at, std::size_t size) {
  of(parser).value.append(at, size);
  return 0;
}

int RequestParser::Impl::on_value_complete(llhttp_t* parser) {
  Impl& self = of(parser);
  const int result = self.take_field();
  self.name.clear();
  self.value.clear();
  return result;
}

int RequestParser::Impl::take_field() {
  if (!is_token(name)) return refuse(400, "a header name has a character that is not allowed");
  if (head_done) return 0;  // a trailer: nobody asks for one
  std::transform(name.begin(), name.end(), name.begin(), lower);
  value.erase(value.find_last_not_of(" \t") + 1);
  if (name == "host") {
    ++hosts;
    host = value;
    return 0;
  }
  if (name == "transfer-encoding") coding += coding.empty() ? value : ", " + value;
  if (request.headers.size() == limits.max_fields) return refuse(431, "there are too many header fields");
  request.headers.append(std::move(name), std::move(value));
  return 0;
}

int RequestParser::Impl::on_head(llhttp_t* parser) {
  Impl& self = of(parser);
  Request& request = self.request;
  request.method = llhttp_method_name(static_cast<llhttp_method_t>(parser->method));
  request.minor_version = parser->http_minor;
  request.keep_alive = llhttp_should_keep_alive(parser) != 0;
  if ((parser->flags & F_CONTENT_LENGTH) != 0) request.content_length = parser->content_length;
  if (parser->http_major != 1 || parser->http_minor > 1) return self.refuse(505, "this server speaks HTTP/1.1 and 2");
  if (parser->method == HTTP_CONNECT) return self.refuse(501, "this server is no proxy");
  for (const auto step : {&Impl::take_target, &Impl::take_host, &Impl::take_coding})
    if (const int refused = (self.*step)(); refused != 0) return refused;

  const auto expect = request.headers.find("expect");
  if (expect && !list_has(*expect, "100-continue")) return self.refuse(417, "only 100-continue can be expected");
  request.expect_continue = expect && request.minor_version == 1;
  request.upgrade_websocket = parser->upgrade != 0 && parser->method == HTTP_GET && request.minor_version == 1 &&
                              list_has(request.headers.find("upgrade").value_or(""), "websocket");
  self.head_done = true;
  self.step = Step::head;
  return HPE_PAUSED;
}

/// Splits an absolute-form target (RFC 9112 section 3.2.2), which names the authority that counts.
int RequestParser::Impl::take_target() {
  std::string& target = request.target;
  if (target.starts_with('/')) return 0;
  if (target == "*") return request.method == "OPTIONS" ? 0 : refuse(400, "the target \"*\" is for OPTIONS only");
  const std::size_t scheme = target.find("://");
  if (scheme == std::string::npos) return refuse(400, "the target is neither a path nor a URL");
  const std::size_t authority = scheme + 3;
  const std::size_t path = std::min(target.find_first_of("/?", authority), target.size());
  request.authority = target.substr(authority, path - authority);
  target.erase(0, path);
  if (!target.starts_with('/')) target.insert(0, "/");
  return is_authority(request.authority) ? 0 : refuse(400, "the URL names no host");
}

int RequestParser::Impl::take_host() {
  if (hosts > 1) return refuse(400, "there is more than one Host");
  if (hosts == 0) return request.minor_version == 0 ? 0 : refuse(400, "Host is missing");
  if (!host.empty() && !is_authority(host)) return refuse(400, "Host is no host name");
  if (request.authority.empty()) request.authority = host;
  return 0;
}

/// The body's length must leave no doubt: one `chunked` and nothing else, or a Content-Length, or none.
int RequestParser::Impl::take_coding() {
  if (coding.empty()) return 0;
  if (request.minor_version == 0 || request.content_length)
    return refuse(400, "the length of the body is ambiguous (Transfer-Encoding)");
  if (!equal_nocase(coding, "chunked")) return refuse(501, "the only transfer coding is chunked");
  request.chunked = true;
  return 0;
}

int RequestParser::Impl::on_body(llhttp_t* parser, const char* at, std::size_t size) {
  if (size == 0) return 0;  // input that ends between two bytes of the body
  Impl& self = of(parser);
  self.body = as_bytes({at, size});
  self.step = Step::body;
  return HPE_PAUSED;
}

int RequestParser::Impl::on_end(llhttp_t* parser) {
  of(parser).step = Step::end;
  return HPE_PAUSED;
}

RequestParser::RequestParser(Limits limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;

Request& RequestParser::request() {
  return impl_->request;
}
RequestParser::Problem RequestParser::problem() const {
  return impl_->problem;
}
bool RequestParser::in_head() const {
  return impl_->started && !impl_->head_done;
}

Result<RequestParser::Parsed> RequestParser::next(ByteView input) {
  Impl& self = *impl_;
  const std::string_view text = input.empty() ? std::string_view("") : as_text(input);
  if (self.step == Step::end) {
    self.head_done = false;
    self.started = false;
  }
  if (!input.empty()) self.started = true;
  self.step = Step::need_more;
  self.body = {};
  if (llhttp_get_errno(&self.llhttp) == HPE_PAUSED) llhttp_resume(&self.llhttp);
  auto result = llhttp_execute(&self.llhttp, text.data(), text.size());
  if (result == HPE_PAUSED_UPGRADE) {
    // An upgrade that was not taken: what follows is HTTP again.
    llhttp_resume_after_upgrade(&self.llhttp);
    result = llhttp_execute(&self.llhttp, text.data(), text.size());
  }
  const std::size_t consumed =
      result == HPE_OK ? text.size() : static_cast<std::size_t>(llhttp_get_error_pos(&self.llhttp) - text.data());

  if (result != HPE_OK && result != HPE_PAUSED) {
    if (self.problem.detail.empty()) self.problem = {400, llhttp_get_error_reason(&self.llhttp)};
    return fail(self.problem.status == 431 || self.problem.status == 414 ? Errc::too_large : Errc::malformed);
  }
  self.overhead += consumed - self.body.size();
  if (self.overhead > self.limits.max_header_bytes) {
    self.refuse(431, self.step == Step::head || !self.head_done ? "the header is too long"
                                                                : "chunk extensions or trailers are too long");
    return fail(Errc::too_large);
  }
  if (self.step != Step::need_more) self.overhead = 0;
  return Parsed{self.step, consumed, self.body};
}

}  // namespace camspan::http1
