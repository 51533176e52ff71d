/// A connection made of HAL_SSL_* or HAL_TCP_* functions that the program brings.
#pragma once

#include <asio/awaitable.hpp>
#include <memory>
#include <string>

#include "net/byte_stream.hpp"
#include "net/wake_up.hpp"

namespace camspan::linkkit {

/// Those functions block, and need not bear two calls at once: one thread of its own makes them all, in turn. So a
/// write can wait for a read that finds nothing, at most 10 ms; a stream without the program's functions never waits
/// so.
class HalStream final : public net::ByteStream {
 public:
  static asio::awaitable<tl::expected<std::unique_ptr<net::ByteStream>, Failure>> establish(std::string host,
                                                                                            std::uint16_t port,
                                                                                            bool tls);
  ~HalStream() override;

  asio::awaitable<Result<std::size_t>> read_some(std::span<std::byte> into) override;
  asio::awaitable<Result<>> write(ByteView bytes) override;
  asio::awaitable<Result<>> write_gather(std::span<const ByteView> pieces) override;
  asio::awaitable<void> shutdown(int deadline_ms) override;
  void abort() override;
  const Info& info() const override { return info_; }
  asio::any_io_executor executor() override;

 private:
  struct Signals;
  struct State;
  HalStream(std::shared_ptr<Signals> signals, std::shared_ptr<State> state, Info info);

  const std::shared_ptr<Signals> signals_;
  const std::shared_ptr<State> state_;  // shared with the thread
  const Info info_;
};

}  // namespace camspan::linkkit
