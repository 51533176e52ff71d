/// The Link Kit channel that an upload sends on: open, the fields of what is sent, close.
#pragma once

#include <optional>
#include <string>

#include "api/triple.hpp"
#include "api/upload_request.hpp"

namespace camspan {

/// Lives on the I/O thread. A channel ends with its connection.
class LinkChannel {
 public:
  LinkChannel(std::string authority, std::string identify, bool tls)
      : authority_(std::move(authority)), identify_(std::move(identify)), tls_(tls) {}

  bool is_open() const { return !id_.empty(); }
  const std::string& id() const { return id_; }
  /// Takes at most 10 s. @param more  fields after the device's
  /// @return nothing when it is open, else why not: lost or refused
  asio::awaitable<std::optional<RequestEnd>> open(net::H2Client& client, Triple triple, http::Headers more = {});
  /// Of the answer to open().
  const http::Headers& answer() const { return answer_; }
  /// Says that nothing more comes, and waits a moment for the answer.
  asio::awaitable<void> close(net::H2Client& client);
  /// Says that the file on it is complete. @param checksum  CRC-64/XZ of all its bytes
  /// @return complete, refused, or lost: it may be sent again
  asio::awaitable<RequestEnd> close_file(net::H2Client& client, std::uint64_t checksum);
  /// The receiver knows it no more.
  void forget() {
    id_.clear();
    closed_ = false;
  }
  /// close() was called since: there is nothing to open it for until something is to be sent.
  bool was_closed() const { return closed_; }
  /// What requests on the channel begin with.
  http::Headers fields() const;

 private:
  const std::string authority_;
  const std::string identify_;
  const bool tls_;
  std::string id_;
  http::Headers answer_;
  bool closed_ = false;
};

}  // namespace camspan
