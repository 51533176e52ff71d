#include "hub/stream_route.hpp"

#include <asio/this_coro.hpp>

#include "core/log.hpp"
#include "hub/device_credentials.hpp"
#include "hub/private_file.hpp"

namespace camspan::hub {
namespace {

// Guesses a connection has; with 160 bits to guess, any number would do.
constexpr unsigned kMaxFailures = 5;
constexpr int kRetrySeconds = 10;
// A write into a query's answer that is under way when its channel is closed may take so long.
constexpr std::chrono::milliseconds kLastWrite{500};

Problem bad_request(std::string detail) {
  return {Cause::bad_request, std::move(detail), {}, {}};
}

Problem unknown_channel() {
  return {Cause::unknown_channel, "There is no such channel on this connection. Open one.", {}, {}};
}

Problem target_problem(const std::error_code& error) {
  if (error == Errc::malformed)
    return bad_request("A path below /stream has neither \"..\" nor percent-encoding nor blanks.");
  return {Cause::unknown_route, "Below /stream there are open/..., send/... and close/... of a service.", {}, {}};
}

/// A length that is there twice, or that no file could have.
bool has_bad_length(const net::RequestHead& head) {
  return head.headers.count("content-length") > 1 ||
         head.content_length.value_or(0) > static_cast<std::uint64_t>(INT64_MAX);
}

/// Devices say neither GET nor POST for a query: it has no body, and says so.
bool is_query(const net::RequestHead& head) {
  return head.ended && (!head.content_length || head.headers.find("x-test-downstream"));
}

/// A send that the end of its channel breaks off.
struct Joined {
  Channel& channel;
  net::HttpExchange& send;
  Joined(Channel& of, net::HttpExchange& with) : channel(of), send(with) { channel.join(send); }
  ~Joined() { channel.leave(send); }
};

}  // namespace

asio::awaitable<void> StreamRoute::handle(net::HttpExchange& exchange) {
  const net::RequestHead& head = exchange.request();
  if (head.version != net::HttpVersion::http2) {
    co_await send_problem(exchange, bad_request("The channels below /stream need HTTP/2."));
    co_return;
  }
  ChannelExchange answer(exchange, link::channel_id_of(head.headers).value_or(""));
  auto target = link::parse_target(head.target);
  if (!target) {
    co_await send_problem(answer, target_problem(target.error()), ProblemForm::link_kit);
  } else if (head.method != "POST" && head.method != "GET") {
    Problem problem{Cause::method_not_allowed, "Use POST or GET.", {}, {{"allow", "GET, POST"}}};
    co_await send_problem(answer, std::move(problem), ProblemForm::link_kit);
  } else if (target->step == link::Step::open) {
    co_await open(answer, std::move(target->identify));
  } else if (target->step == link::Step::send) {
    co_await send(answer, std::move(target->identify));
  } else {
    co_await close(answer, std::move(target->identify));
  }
}

tl::expected<DeviceId, Problem> StreamRoute::authenticate(const http::Headers& headers,
                                                          const ChannelConnection& connection) {
  if (link::has_no_credentials(headers) && connection.device() && devices_.find(*connection.device()))
    return *connection.device();
  return verify_device(devices_, headers);
}

StreamRoute::ChannelOr StreamRoute::make_channel(ChannelExchange& exchange, const std::string& identify,
                                                 const asio::any_io_executor& executor) {
  ChannelConnection& connection = channels_.of(exchange.connection());
  auto device = authenticate(exchange.request().headers, connection);
  if (!device) return tl::unexpected(std::move(device.error()));
  if (connection.count() >= channels_.limits().per_connection)
    return tl::unexpected(
        retry_later(Cause::max_channels, "The connection has its most channels open. Close one.", kRetrySeconds));
  if (channels_.device_is_full(*device, connection))
    return tl::unexpected(
        retry_later(Cause::max_connections, "The device has its most connections open. Close one.", kRetrySeconds));
  const auto channel = std::make_shared<Channel>("DS" + random_decimal(), *device, identify, executor);
  connection.add(channel);
  return channel;
}

/// The file of a channel of the file service. What cannot be opened leaves no channel.
asio::awaitable<std::optional<Problem>> StreamRoute::open_file(ChannelExchange& exchange,
                                                               std::shared_ptr<Channel> channel) {
  FileService::Opened opened = tl::unexpected(
      bad_request("A file is opened with either x-file-name (letters, digits, dots and underscores, at most 100, not "
                  "beginning with a dot or ending in .part) or x-file-upload-id."));
  auto wanted = link::parse_file_open(exchange.request().headers);
  if (wanted && (wanted->name.empty() || is_file_name(wanted->name)))
    opened = co_await files_.open(channel->device, std::move(*wanted));
  if (opened) {
    channel->file = std::move(*opened);
    co_return std::nullopt;
  }
  channels_.of(exchange.connection()).close(*channel);
  co_return std::move(opened.error());
}

asio::awaitable<void> StreamRoute::open(ChannelExchange& exchange, std::string identify) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto channel = make_channel(exchange, identify, executor);
  http::Headers fields;
  if (channel && identify == link::kFileService) {
    auto problem = co_await open_file(exchange, *channel);
    if (problem) {
      co_await send_problem(exchange, std::move(*problem), ProblemForm::link_kit);
      co_return;
    }
    fields = (*channel)->file->position_field();
    fields.append("x-file-upload-id", (*channel)->file->id);
  }
  if (channel) {
    log::debug("hub", (*channel)->device.str(), " opened channel ", (*channel)->id, " for ", identify);
    exchange.name_channel((*channel)->id);
    co_await exchange.accept(std::move(fields));
    co_return;
  }
  const bool refused = channel.error().cause == Cause::bad_credentials;
  const bool last = refused && channels_.of(exchange.connection()).count_failure() >= kMaxFailures;
  if (refused) log::info("hub", "a device at ", exchange.request().peer, " had no valid credentials");
  co_await send_problem(exchange, std::move(channel.error()), ProblemForm::link_kit);
  if (last) exchange.connection().send_away();
}

StreamRoute::ChannelOr StreamRoute::find_channel(ChannelExchange& exchange, const std::string& identify) {
  const auto id = link::channel_id_of(exchange.request().headers);
  const auto channel = id ? channels_.of(exchange.connection()).find(*id) : nullptr;
  if (!channel || channel->identify != identify) return tl::unexpected(unknown_channel());
  const auto device = devices_.find(channel->device);
  if (device) return channel;
  const bool removed = device.error().cause == Cause::unknown_device;
  return tl::unexpected(removed ? unknown_channel() : device.error());
}

asio::awaitable<void> StreamRoute::send(ChannelExchange& exchange, std::string identify) {
  auto channel = find_channel(exchange, identify);
  if (!channel) {
    co_await send_problem(exchange, std::move(channel.error()), ProblemForm::link_kit);
  } else if (has_bad_length(exchange.request())) {
    co_await send_problem(exchange, bad_request("content-length is one number."), ProblemForm::link_kit);
  } else if (is_query(exchange.request())) {
    co_await query(exchange, std::move(*channel));
  } else if ((*channel)->file) {
    co_await upload_part(exchange, std::move(*channel));
  } else if (exchange.request().content_length == 0u) {
    co_await exchange.accept();  // an empty message
  } else {
    co_await upload(exchange, std::move(*channel));
  }
}

asio::awaitable<void> StreamRoute::query(ChannelExchange& exchange, std::shared_ptr<Channel> channel) {
  if (!channel->begin_query()) {
    Problem problem{Cause::queried, "A channel has one query, and this one has it.", {}, {}};
    co_await send_problem(exchange, std::move(problem), ProblemForm::link_kit);
    co_return;
  }
  struct Over {
    Channel& channel;
    ~Over() { channel.query_over(); }
  } const over{*channel};
  http::Headers fields;
  if (channel->file) fields = channel->file->position_field();
  const auto head = co_await exchange.send_head(200, std::move(fields), std::nullopt);
  if (!head) co_return;
  channel->query_answered(exchange, channels_.next_query_number());
  co_await channel->wait_for_end();
  co_await channel->end_downlink(kLastWrite);
  static_cast<void>(co_await exchange.finish());
}

asio::awaitable<void> StreamRoute::upload_part(ChannelExchange& exchange, std::shared_ptr<Channel> channel) {
  const Joined joined(*channel, exchange);
  co_await files_.take_part(exchange, channel->file);
}

asio::awaitable<void> StreamRoute::upload(ChannelExchange& exchange, std::shared_ptr<Channel> channel) {
  const http::Headers& headers = exchange.request().headers;
  auto request = parse_ingest(headers);
  if (!request) {
    co_await send_problem(exchange, std::move(request.error()), ProblemForm::link_kit);
    co_return;
  }
  request->form = ProblemForm::link_kit;
  const std::string file_name(headers.find("x-file-name").value_or(""));
  if (request->name.empty()) request->name = is_file_name(file_name) ? file_name : channel->id;
  const Joined joined(*channel, exchange);
  co_await ingest_.take(exchange, channel->device, std::move(*request));
}

asio::awaitable<void> StreamRoute::close(ChannelExchange& exchange, std::string identify) {
  auto channel = find_channel(exchange, identify);
  if (!channel) {
    co_await send_problem(exchange, std::move(channel.error()), ProblemForm::link_kit);
    co_return;
  }
  channels_.of(exchange.connection()).close(**channel);
  co_await (*channel)->wait_for_query();
  if ((*channel)->file)
    co_await files_.close(exchange, (*channel)->file);
  else
    co_await exchange.accept();
}

}  // namespace camspan::hub
