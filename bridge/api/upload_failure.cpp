#include "api/upload_failure.hpp"

#include "api/redirect.hpp"

namespace camspan {
namespace {

std::string advice_for(int status) {
  switch (status) {
    case 400:
      return "It does not take the request as it is: check location or identify, headers and content-type.";
    case 401:
    case 407:
      return "Give a token or password that it accepts.";
    case 403:
      return "Give a token that may upload to this location.";
    case 404:
    case 410:
      return "Check the path in location.";
    case 405:
      return "Set method to one that it takes here.";
    case 406:
      return "It has no answer that an upload can read: choose a location that takes uploads.";
    case 411:
      return "It takes no body of unknown length: choose a location that takes live uploads.";
    case 412:
    case 417:
    case 428:
      return "Check what headers adds: it makes, or lacks, a condition.";
    case 413:
      return "Send less at once (segment-bytes), or raise its limit.";
    case 414:
      return "Shorten location.";
    case 415:
      return "Set content-type to one that it takes here.";
    case 416:
      return "It takes no part of a file here: choose a location that takes uploads.";
    case 421:
      return "It does not answer for this host: check the host in location.";
    case 422:
      return "It makes no sense of what is sent: check content-type, and that the stream is of that type.";
    case 431:
      return "Send fewer or shorter headers.";
    case 429:
    case 503:
      return "It is busy: the upload is tried again later.";
    case 507:
      return "Make room on its disk.";
    default:
      return redirect_of(status) == Redirect::none
                 ? "Look into its log."
                 : "It has moved: set location, or host and port, to where it is now.";
  }
}

std::string advice_for(h2::ErrorCode code) {
  switch (code) {
    case h2::ErrorCode::refused_stream:
      return "It is busy or about to stop: the upload is tried again.";
    case h2::ErrorCode::enhance_your_calm:
      return "It takes this for too much: raise its limits, or reconnect-delay here.";
    case h2::ErrorCode::http_1_1_required:
      return "It takes no HTTP/2 here: choose a location that does.";
    case h2::ErrorCode::inadequate_security:
      return "It wants a better cipher: check the TLS settings of both sides.";
    default:
      return "Look into its log.";
  }
}

}  // namespace

std::string refusal_sentence(const std::string& host, int status, const std::string& detail) {
  if (!detail.empty()) return host + ": " + detail;
  return host + ": the receiver answered with status " + std::to_string(status) + ". " + advice_for(status);
}

bool is_final_status(int status) {
  switch (status) {
    case 404:
    case 408:  // it waited too long for the request
    case 409:  // it says where it can go on
    case 423:
    case 425:
    case 429:
      return false;
    case 501:
      return true;
    default:
      return status >= 300 && status < 500;
  }
}

std::string lost_sentence(const std::string& host, std::error_code error, const net::H2Ending& ending) {
  using By = net::H2Ending::By;
  const std::string code(h2::name(ending.code));
  switch (ending.by) {
    case By::reset:
      return host + ": the server broke the upload off (RST_STREAM " + code + "). " + advice_for(ending.code);
    case By::go_away:
      return host + ": the server ended the connection (GOAWAY " + code + "). " + advice_for(ending.code);
    case By::broken_rule:
      return host + ": the server broke a rule of HTTP/2 (" + code + "). Use another server, or have this one mended.";
    case By::silence:
      return host + ": the server no longer answers (PING). Check the network, and that the server runs.";
    case By::line:
      break;
  }
  return host + ": the connection was lost (" + error.message() + "). Check the network, and that the server runs.";
}

std::string closed_sentence(const std::string& host, std::error_code error, const net::H2Ending& ending) {
  if (ending.by != net::H2Ending::By::line) return lost_sentence(host, error, ending);
  return host + ": the server closed the connection while nothing was being sent. Check that it still runs.";
}

}  // namespace camspan
