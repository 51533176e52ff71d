/// The server's side of Link Kit channels and of its file service, in the process of the test: answers in the order
/// that was recorded, or as told, and remembers what it got.
#pragma once

#include <camspan/bytes.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

struct ssl_ctx_st;

namespace camspan::test {

class LinkServer {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;
  struct Request {
    std::string method;
    std::string path;
    Fields fields;
    Bytes body;  ///< grows
    bool complete = false;

    std::string field(const std::string& name) const;
    bool is(const std::string& step) const { return path.starts_with("/stream/" + step + "/"); }
    bool is_query() const { return method == "GET"; }
  };
  struct Answer {
    int status = 200;
    Fields fields;  ///< all of them, in this order
    std::string body;
  };
  struct File {
    std::string id;
    Bytes data;
  };
  struct Behaviour {
    /// Asked for each request; nothing = answer as usual.
    std::function<std::optional<Answer>(const Request&)> answer;
    /// True: the request is never answered.
    std::function<bool(const Request&)> hang;
    /// Told of each piece of a body; true drops the connection.
    std::function<bool(const Request&)> drop;
    /// True: GOAWAY with the answer.
    std::function<bool(const Request&)> go_away;
    std::string downlink;   ///< for each query
    std::string wrong_sum;  ///< in place of the true x-file-crc64ecma
    std::string host = "127.0.0.1";
  };

  /// @param tls  null = plain HTTP/2 by prior knowledge; outlives the server
  LinkServer(Behaviour behaviour, ssl_ctx_st* tls);
  ~LinkServer();

  std::uint16_t port() const;
  /// Waits until `condition` holds, at most 10 s. @return whether it does
  bool wait(const std::function<bool(const std::vector<Request>&)>& condition);
  std::vector<Request> requests();
  std::size_t count(const std::string& step);
  /// Requests that hang are hung up on: their connections drop.
  void drop_hanging();
  std::map<std::string, File> files();
  void put_file(const std::string& name, File file);
  std::uint64_t connections();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace camspan::test
