/// One part of an upload of the file service: the body of a send, put at the end of its file.
#pragma once

#include <asio/awaitable.hpp>
#include <optional>

#include "hub/body_guard.hpp"
#include "hub/channel_exchange.hpp"
#include "hub/file_session.hpp"

namespace camspan::hub {

/// Lives on the I/O thread, on its route's frame. What came of a part that breaks off is kept.
class FilePart {
 public:
  FilePart(recordings::Recorder& recorder, Uploads& uploads, ChannelExchange& exchange,
           std::shared_ptr<FileSession> session, std::uint64_t max_bytes, const asio::any_io_executor& executor);
  ~FilePart();
  FilePart(const FilePart&) = delete;
  FilePart& operator=(const FilePart&) = delete;

  /// The whole of it, to the answer.
  asio::awaitable<void> run();

 private:
  enum class Save : std::uint8_t { later, now };

  asio::awaitable<void> take();
  asio::awaitable<void> answer_early();
  asio::awaitable<std::optional<Problem>> receive();
  asio::awaitable<std::optional<Problem>> flush(Save save);
  Problem too_large() const;

  recordings::Recorder& recorder_;
  ChannelExchange& exchange_;
  const std::shared_ptr<FileSession> session_;
  const std::uint64_t max_bytes_;
  BodyGuard guard_;
  Bytes buffer_;
  std::uint64_t unsaved_ = 0;
  bool lost_ = false;  ///< the sender has gone
};

/// A file over `max_bytes`.
Problem too_large_problem(std::uint64_t max_bytes);

}  // namespace camspan::hub
