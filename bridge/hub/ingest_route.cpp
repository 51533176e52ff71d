#include "hub/ingest_route.hpp"

#include <asio/this_coro.hpp>

namespace camspan::hub {
namespace {

Problem bad_id() {
  return {Cause::bad_request,
          "This is no device id: letters, digits, dots, dashes and underscores, at most 64, not ending in .flv.",
          {},
          {}};
}

bool begins_as_flv(ByteView bytes) {
  const std::string_view text = as_text(bytes);
  return text.starts_with("FLV");
}

}  // namespace

asio::awaitable<tl::expected<DeviceId, Problem>> IngestRoute::admit(const net::RequestHead& head, std::string id) {
  if (head.method != "POST" && head.method != "PUT")
    co_return tl::unexpected(
        Problem{Cause::method_not_allowed, "Upload with POST or PUT.", {}, {{"allow", "POST, PUT"}}});
  const auto device = DeviceId::parse(id);
  if (!device) co_return tl::unexpected(bad_id());
  auto allowed = authorizer_.require_upload(head, *device);
  if (!allowed) co_return tl::unexpected(std::move(allowed.error()));
  auto let_in = co_await devices_.let_in(*device);
  if (!let_in) co_return tl::unexpected(std::move(let_in.error()));
  co_return *device;
}

asio::awaitable<void> IngestRoute::handle(net::HttpExchange& exchange, std::string id) {
  auto device = co_await admit(exchange.request(), std::move(id));
  if (!device) {
    co_await send_problem(exchange, std::move(device.error()));
    co_return;
  }
  exchange.connection().admit();
  auto request = parse_ingest(exchange.request().headers);
  if (!request) {
    co_await send_problem(exchange, std::move(request.error()));
    co_return;
  }
  co_await take(exchange, std::move(*device), std::move(*request));
}

asio::awaitable<void> IngestRoute::take(net::HttpExchange& exchange, DeviceId device, IngestRequest request) {
  Bytes first;
  bool live = request.body == IngestRequest::Body::live;
  if (request.body == IngestRequest::Body::by_first_bytes) {
    // Three bytes decide; the first piece of a connection may be shorter.
    while (first.size() < 3) {
      const auto piece = co_await exchange.read_body();
      if (!piece) co_return;
      if (piece->empty()) break;
      first.insert(first.end(), piece->begin(), piece->end());
    }
    live = begins_as_flv(first);
  }
  if (!live) {
    co_await take_file(exchange, std::move(device), std::move(request), std::move(first));
    co_return;
  }
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto upload = std::make_shared<LiveUpload>(services_, exchange, device, std::move(request), executor);
  co_await upload->run(std::move(first));
}

asio::awaitable<void> IngestRoute::take_file(net::HttpExchange& exchange, DeviceId device, IngestRequest request,
                                             Bytes first) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  services_.board.upload_began(device);
  struct Ended {
    StatusBoard& board;
    const DeviceId& device;
    ~Ended() { board.upload_ended(device, false); }
  } const ended{services_.board, device};
  FileUpload upload(files_, services_.recorder, services_.uploads, exchange, device, std::move(request), executor);
  co_await upload.run(std::move(first));
}

}  // namespace camspan::hub
