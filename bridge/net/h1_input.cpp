#include "net/h1_input.hpp"

#include <asio/experimental/awaitable_operators.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

namespace camspan::net {

using namespace asio::experimental::awaitable_operators;

asio::awaitable<Result<bool>> H1Input::fill(std::size_t most) {
  begin_ = end_ = 0;
  if (bytes_.size() < most) bytes_.resize(most);
  const auto count = co_await stream_.read_some(std::span(bytes_).first(most));
  if (!count) co_return fail(count.error());
  end_ = *count;
  co_return *count > 0;
}

asio::awaitable<Result<bool>> H1Input::fill_until(std::size_t most, std::chrono::steady_clock::time_point deadline) {
  asio::steady_timer timer(stream_.executor(), deadline);
  auto first = co_await (fill(most) || timer.async_wait(asio::use_awaitable));
  if (first.index() == 1) co_return fail(Errc::timed_out);
  co_return std::get<0>(std::move(first));
}

Bytes H1Input::take() {
  const ByteView left = view();
  Bytes taken(left.begin(), left.end());
  consume(left.size());
  release();
  return taken;
}

void H1Input::release() {
  if (begin_ != end_) return;
  bytes_ = Bytes{};
  begin_ = end_ = 0;
}

}  // namespace camspan::net
