#include "hub/page_route.hpp"

#include "hub/page_files.hpp"
#include "hub/problem.hpp"
#include "hub/responses.hpp"

namespace camspan::hub {

asio::awaitable<void> serve_page(net::HttpExchange& exchange) {
  const net::RequestHead& request = exchange.request();
  const net::PageFile* const file = net::find_page_file(page_files(), request.path);
  if (!file) {
    Problem problem{
        Cause::unknown_route, "There is nothing at this address. docs/operating-the-hub.md lists the routes.", {}, {}};
    co_await send_problem(exchange, std::move(problem));
    co_return;
  }
  if (request.method != "GET" && request.method != "HEAD") {
    Problem problem{Cause::method_not_allowed, "The page can only be read: use GET.", {}, {{"allow", "GET, HEAD"}}};
    co_await send_problem(exchange, std::move(problem));
    co_return;
  }
  co_await net::send_page_file(exchange, *file);
}

}  // namespace camspan::hub
