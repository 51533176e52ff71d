#include "hub/api_route.hpp"

#include <nlohmann/json.hpp>

#include "hub/responses.hpp"

namespace camspan::hub {
namespace {

// An id of 64 characters and a name; the rest is room for members that a newer client may send.
constexpr std::size_t kMaxDeviceBytes = 4096;
constexpr std::size_t kMaxNameBytes = 200;

Problem not_allowed_method(const char* allowed) {
  return {Cause::method_not_allowed, std::string("Use one of: ") + allowed + ".", {}, {{"allow", allowed}}};
}

struct NewDevice {
  DeviceId id;
  std::string name;
};

tl::expected<NewDevice, Problem> parse_device(const std::string& text) {
  const auto object = nlohmann::json::parse(text, nullptr, false);
  const Problem bad{Cause::bad_request,
                    "Send {\"id\":\"cam1\",\"name\":\"Front door\"}: id is needed, name at most 200 bytes.",
                    {},
                    {}};
  if (!object.is_object() || !object.contains("id") || !object["id"].is_string()) return tl::unexpected(bad);
  const auto id = DeviceId::parse(object["id"].get_ref<const std::string&>());
  if (!id) return tl::unexpected(bad);
  NewDevice device{*id, {}};
  if (const auto name = object.find("name"); name != object.end()) {
    if (!name->is_string() || name->get_ref<const std::string&>().size() > kMaxNameBytes) return tl::unexpected(bad);
    device.name = name->get<std::string>();
  }
  return device;
}

}  // namespace

tl::expected<std::string, Problem> ApiRoute::list(const net::RequestHead& request) {
  const auto claims = authorizer_.authenticate(request);
  if (!claims) return tl::unexpected(claims.error());
  return devices_.json_of_all(*claims);
}

tl::expected<std::string, Problem> ApiRoute::show(const net::RequestHead& request, const DeviceId& id) {
  const auto claims = authorizer_.authenticate(request);
  if (!claims) return tl::unexpected(claims.error());
  if (!claims->covers(id))
    return tl::unexpected(
        Problem{Cause::not_allowed, "The token is for another device. Ask for one for " + id.str() + ".", {}, {}});
  const auto device = devices_.find(id);
  if (!device) return tl::unexpected(device.error());
  return devices_.json(*device);
}

asio::awaitable<tl::expected<std::string, Problem>> ApiRoute::add(net::HttpExchange& exchange) {
  // The token first: nobody else's body is read.
  auto claims = authorizer_.authenticate(exchange.request());
  if (!claims) co_return tl::unexpected(std::move(claims.error()));
  const auto text = co_await read_text(exchange, kMaxDeviceBytes);
  if (!text) co_return tl::unexpected(text.error());
  auto wanted = parse_device(*text);
  if (!wanted) co_return tl::unexpected(std::move(wanted.error()));
  auto allowed = authorizer_.require(exchange.request(), Right::admin, wanted->id);
  if (!allowed) co_return tl::unexpected(std::move(allowed.error()));
  const auto device = co_await devices_.add(std::move(wanted->id), std::move(wanted->name));
  if (!device) co_return tl::unexpected(device.error());
  const nlohmann::ordered_json answer{{"id", device->id.str()},
                                      {"product_key", device->id.product_key()},
                                      {"device_name", device->id.device_name()},
                                      {"secret", device->secret}};
  co_return answer.dump();
}

asio::awaitable<void> ApiRoute::devices(net::HttpExchange& exchange) {
  const std::string& method = exchange.request().method;
  tl::expected<std::string, Problem> answer = tl::unexpected(not_allowed_method("GET, HEAD, POST"));
  int status = 200;
  if (method == "GET" || method == "HEAD") {
    answer = list(exchange.request());
  } else if (method == "POST") {
    answer = co_await add(exchange);
    status = 201;
  }
  if (answer)
    co_await send_json(exchange, status, std::move(*answer));
  else
    co_await send_problem(exchange, std::move(answer.error()));
}

asio::awaitable<tl::expected<void, Problem>> ApiRoute::remove(net::HttpExchange& exchange, DeviceId id) {
  auto allowed = authorizer_.require(exchange.request(), Right::admin, id);
  if (!allowed) co_return tl::unexpected(std::move(allowed.error()));
  auto removed = co_await devices_.remove(id);
  if (!removed) co_return tl::unexpected(std::move(removed.error()));
  signals_.end_of(id);
  uploads_.end_of(id.str(), Problem{Cause::unknown_device, "The device was removed from this hub.", {}, {}});
  co_return tl::expected<void, Problem>();
}

asio::awaitable<void> ApiRoute::device(net::HttpExchange& exchange, std::string text) {
  const auto id = DeviceId::parse(text);
  const std::string& method = exchange.request().method;
  tl::expected<std::string, Problem> answer = tl::unexpected(not_allowed_method("GET, HEAD, DELETE"));
  if (!id) {
    answer = tl::unexpected(
        Problem{Cause::unknown_device, "There is no device of that name. GET /api/devices lists them.", {}, {}});
  } else if (method == "DELETE") {
    auto removed = co_await remove(exchange, *id);
    if (removed) {
      const auto head = co_await exchange.send_head(204, http::Headers(), std::nullopt);
      if (head) static_cast<void>(co_await exchange.finish());
      co_return;
    }
    answer = tl::unexpected(std::move(removed.error()));
  } else if (method == "GET" || method == "HEAD") {
    answer = show(exchange.request(), *id);
  }
  if (answer)
    co_await send_json(exchange, 200, std::move(*answer));
  else
    co_await send_problem(exchange, std::move(answer.error()));
}

asio::awaitable<void> ApiRoute::events(net::HttpExchange& exchange) {
  if (exchange.request().method != "GET") {
    co_await send_problem(exchange, not_allowed_method("GET"));
    co_return;
  }
  auto claims = authorizer_.authenticate(exchange.request());
  if (!claims) {
    co_await send_problem(exchange, std::move(claims.error()));
    co_return;
  }
  co_await events_.serve(exchange, std::move(*claims));
}

}  // namespace camspan::hub
