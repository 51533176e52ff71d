#include "hub/channel_exchange.hpp"

#include "hub/private_file.hpp"
#include "proto/link/request.hpp"

namespace camspan::hub {
namespace {

http::Headers fields(http::Headers others, const std::string& channel, int status) {
  return link::answer_fields(random_decimal(), std::move(others), channel, status);
}

}  // namespace

asio::awaitable<Result<>> ChannelExchange::send_head(int status, http::Headers headers,
                                                     std::optional<std::uint64_t> content_length) {
  // Here and not by the exchange, which would put it last.
  if (content_length.value_or(0) != 0) headers.append("content-length", std::to_string(*content_length));
  http::Headers ordered = fields(std::move(headers), channel_, status);
  co_return co_await exchange_.send_head(status, std::move(ordered), content_length);
}

asio::awaitable<void> ChannelExchange::accept(http::Headers headers) {
  static_cast<void>(co_await send_head(200, std::move(headers), 0));
}

http::Headers refusal_fields(int status) {
  return fields({}, {}, status);
}

}  // namespace camspan::hub
