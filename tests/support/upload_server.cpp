#include "support/upload_server.hpp"

#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <stdexcept>

#include "net/http_exchange.hpp"
#include "net/http_server.hpp"
#include "net/io_thread.hpp"
#include "proto/flv/parser.hpp"

namespace camspan::test {

struct UploadServer::Impl {
  Plan plan;
  bool tls = false;
  std::uint16_t port = 0;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<ReceivedRequest> requests;
  net::IoThread thread{"upload-server"};
  asio::steady_timer end{thread.executor(), asio::steady_timer::time_point::max()};  // cancelled at the end
  std::unique_ptr<net::HttpServer> server;                                           // lives and dies on the thread

  template <class Change>
  void change(Change apply) {
    {
      const std::lock_guard lock(mutex);
      apply();
    }
    changed.notify_all();
  }

  asio::awaitable<void> serve(net::HttpExchange& exchange);
  asio::awaitable<void> receive(net::HttpExchange& exchange, std::size_t index, Script script);
};

asio::awaitable<void> UploadServer::Impl::serve(net::HttpExchange& exchange) {
  std::size_t index = 0;
  const net::RequestHead& head = exchange.request();
  change([&] {
    index = requests.size();
    ReceivedRequest request;
    request.method = head.method;
    request.path = head.path;
    for (const http::Header& field : head.headers) request.headers[field.name] = field.value;
    requests.push_back(std::move(request));
  });
  const Script script = plan(index);
  http::Headers headers;
  for (const auto& [name, value] : script.headers) headers.append(name, value);
  if (script.answer == Answer::status) {
    co_await exchange.send_head(script.status, headers, script.problem.size());
    co_await exchange.write(as_bytes(script.problem));
    co_await exchange.finish();
    co_return;
  }
  if (script.answer == Answer::acknowledge) {
    headers.append("content-type", "application/x-ndjson");
    co_await exchange.send_head(200, headers, std::nullopt);
  }
  co_await receive(exchange, index, script);
}

asio::awaitable<void> UploadServer::Impl::receive(net::HttpExchange& exchange, std::size_t index, Script script) {
  flv::Parser parser;
  const auto first = exchange.request().headers.find("camspan-first");
  std::uint64_t tags = first ? std::stoull(std::string(*first)) : 0;
  bool in_head = tags > 0;
  for (;;) {
    const auto piece = co_await exchange.read_body();
    if (!piece) co_return;
    if (piece->empty()) break;
    change([&] { requests[index].body.insert(requests[index].body.end(), piece->begin(), piece->end()); });
    if (script.answer != Answer::acknowledge) continue;
    if (!parser.feed(*piece)) co_return;
    while (const auto tag = parser.poll()) {
      const bool head_unit = (*tag)->kind == UnitKind::config || (*tag)->kind == UnitKind::script;
      in_head = in_head && head_unit;
      if (!in_head) ++tags;
    }
    if (script.abort_after_tags && tags >= *script.abort_after_tags) tags = *script.abort_after_tags;
    const std::uint64_t told = script.acknowledge_at_most ? std::min(tags, *script.acknowledge_at_most) : tags;
    const std::string line = "{\"committed\":" + std::to_string(told) + "}\n";
    co_await exchange.write(as_bytes(line));
    if (script.abort_after_tags && tags >= *script.abort_after_tags && !script.problem.empty()) {
      co_await exchange.write(as_bytes(script.problem));
      co_await exchange.finish();
      exchange.abort();
      co_return;
    }
    if ((script.abort_after_tags && tags >= *script.abort_after_tags) || (script.abort_when && script.abort_when())) {
      exchange.abort();
      co_return;
    }
  }
  change([&] { requests[index].ended = true; });
  if (script.answer == Answer::hang) {
    asio::error_code ignored;
    co_await end.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_return;
  }
  if (script.answer == Answer::silent) {
    http::Headers headers;
    co_await exchange.send_head(script.status, headers, 0);
  } else {
    const std::string line =
        "{\"stream\":\"s\",\"tags\":" + std::to_string(tags) + ",\"committed\":" + std::to_string(tags) + "}\n";
    co_await exchange.write(as_bytes(line));
  }
  co_await exchange.finish();
}

UploadServer::UploadServer(Plan plan, ssl_ctx_st* tls, std::uint16_t port) : impl_(std::make_unique<Impl>()) {
  impl_->plan = std::move(plan);
  impl_->tls = tls != nullptr;
  Impl* impl = impl_.get();
  std::string problem;
  impl_->thread.run([impl, tls, port, &problem] {
    impl->server = std::make_unique<net::HttpServer>(
        impl->thread.executor(), [impl](net::HttpExchange& exchange) { return impl->serve(exchange); },
        net::HttpServerLimits());
    const auto bound = impl->server->listen("127.0.0.1", port, tls);
    if (!bound)
      problem = bound.error().sentence;
    else
      impl->port = static_cast<std::uint16_t>(std::stoi(bound->substr(bound->rfind(':') + 1)));
  });
  if (!problem.empty()) throw std::runtime_error(problem);
}

UploadServer::~UploadServer() {
  impl_->thread.run([this] {
    impl_->end.cancel();
    impl_->server.reset();
  });
}

std::uint16_t UploadServer::port() const {
  return impl_->port;
}

std::string UploadServer::url(const std::string& path) const {
  return (impl_->tls ? "https://localhost:" : "http://127.0.0.1:") + std::to_string(impl_->port) + path;
}

bool UploadServer::wait(const std::function<bool(const std::vector<ReceivedRequest>&)>& condition) {
  std::unique_lock lock(impl_->mutex);
  return impl_->changed.wait_for(lock, std::chrono::seconds(10), [&] { return condition(impl_->requests); });
}

std::vector<ReceivedRequest> UploadServer::requests() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->requests;
}

}  // namespace camspan::test
