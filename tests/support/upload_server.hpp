/// A receiver of uploads for tests, in the process of the test: behaves as told and remembers what it got.
#pragma once

#include <camspan/bytes.hpp>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

struct ssl_ctx_st;

namespace camspan::test {

/// One request as the server saw it; `body` grows.
struct ReceivedRequest {
  std::string method;
  std::string path;
  std::map<std::string, std::string> headers;
  Bytes body;
  bool ended = false;  ///< by END_STREAM
};

class UploadServer {
 public:
  enum class Answer {
    acknowledge,  ///< as a hub: 200 at once, an ndjson line per tag batch, a last one at the end
    silent,       ///< as a plain server: 200 when the body has ended
    hang,         ///< reads, never answers
    status,       ///< `status` at once
  };
  struct Script {
    Answer answer = Answer::acknowledge;
    int status = 200;
    std::string
        problem;  ///< body of the answer for Answer::status, last line for Answer::acknowledge with abort_after_tags
    std::vector<std::pair<std::string, std::string>> headers;  ///< of the answer
    std::optional<std::uint64_t> abort_after_tags;             ///< acknowledge this many, then end
    std::function<bool()> abort_when;                          ///< asked after each piece; true drops the connection
    std::optional<std::uint64_t> acknowledge_at_most;          ///< never more than this
  };
  static Script answering(Answer answer) {
    Script script;
    script.answer = answer;
    return script;
  }
  /// @param problem  body of the answer
  static Script with_status(int status, std::string problem = {}) {
    Script script = answering(Answer::status);
    script.status = status;
    script.problem = std::move(problem);
    return script;
  }
  /// What to do with request number n (0, 1, ...).
  using Plan = std::function<Script(std::size_t request)>;

  /// Listens on 127.0.0.1, on `port` (0 = any). @param tls null = plain HTTP/2 by prior knowledge
  explicit UploadServer(Plan plan, ssl_ctx_st* tls = nullptr, std::uint16_t port = 0);
  ~UploadServer();

  std::uint16_t port() const;
  std::string url(const std::string& path = "/ingest/cam1") const;

  /// Waits until `condition` holds for what was received, at most 10 s. @return whether it does.
  bool wait(const std::function<bool(const std::vector<ReceivedRequest>&)>& condition);
  std::vector<ReceivedRequest> requests();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace camspan::test
