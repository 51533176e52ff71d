#include "support/link_server.hpp"

#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "core/crc64.hpp"
#include "net/http_exchange.hpp"
#include "net/http_server.hpp"
#include "net/io_thread.hpp"
#include "net/wake_up.hpp"
#include "proto/link/file_request.hpp"
#include "proto/link/request.hpp"

namespace camspan::test {

struct LinkServer::Impl {
  Behaviour behaviour;
  std::uint16_t port = 0;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Request> requests;
  std::map<std::string, File> files;
  net::IoThread thread{"link-server"};
  // Of the server's thread.
  std::map<std::string, std::shared_ptr<net::WakeUp>> channels;
  std::map<std::string, std::string> uploads;  // channel -> name of the file
  std::vector<std::shared_ptr<net::WakeUp>> hanging;
  int ids = 0;
  bool ending = false;
  std::unique_ptr<net::HttpServer> server;

  template <class Change>
  void change(Change apply) {
    {
      const std::lock_guard lock(mutex);
      apply();
    }
    changed.notify_all();
  }
  Request request(std::size_t index) {
    const std::lock_guard lock(mutex);
    return requests[index];
  }

  asio::awaitable<void> serve(net::HttpExchange& exchange);
  asio::awaitable<bool> read(net::HttpExchange& exchange, std::size_t index, File* file);
  asio::awaitable<void> answer(net::HttpExchange& exchange, Answer answer);
  asio::awaitable<void> serve_query(net::HttpExchange& exchange, Request request);
  Answer answer_open(const Request& request);
  Answer answer_close(const Request& request);
  File* file_of(const Request& request);
  Answer usual(const std::string& channel, Fields others) const;
};

LinkServer::Answer LinkServer::Impl::usual(const std::string& channel, Fields others) const {
  Answer answer;
  answer.fields.emplace_back("x-request-id", "1103919500797702144");
  for (auto& field : others) answer.fields.push_back(std::move(field));
  answer.fields.emplace_back("x-data-stream-id", channel);
  answer.fields.emplace_back("x-response-status", "200");
  return answer;
}

LinkServer::Answer LinkServer::Impl::answer_open(const Request& request) {
  const std::string channel = "DS" + std::to_string(++ids);
  if (!request.path.ends_with(link::kFileService)) {
    channels[channel] = std::make_shared<net::WakeUp>(thread.executor());
    return usual(channel, {});
  }
  const std::lock_guard lock(mutex);
  std::string name = request.field("x-file-name");
  const std::string id = request.field("x-file-upload-id");
  for (const auto& [key, file] : files)
    if (!id.empty() && file.id == id) name = key;
  if (name.empty()) return {404, usual("0", {}).fields, "{}"};
  if (id.empty()) {
    if (files.contains(name) && request.field("x-file-overwrite") != "1") return {409, usual("0", {}).fields, "{}"};
    files[name] = {"UL" + channel, {}};
  }
  channels[channel] = std::make_shared<net::WakeUp>(thread.executor());
  uploads[channel] = name;
  return usual(channel, {{"x-next-append-position", std::to_string(files[name].data.size())},
                         {"x-file-upload-id", files[name].id}});
}

LinkServer::Answer LinkServer::Impl::answer_close(const Request& request) {
  const std::string channel = request.field("x-data-stream-id");
  if (const auto found = channels.find(channel); found != channels.end()) found->second->notify();
  channels.erase(channel);
  File* const file = file_of(request);
  if (!file) return usual(channel, {});
  const std::lock_guard lock(mutex);
  Crc64 sum;
  sum.add(file->data);
  const std::string text = behaviour.wrong_sum.empty() ? std::to_string(sum.value()) : behaviour.wrong_sum;
  return usual(channel, {{"x-file-crc64ecma", text}, {"x-file-store-id", "101184"}});
}

LinkServer::File* LinkServer::Impl::file_of(const Request& request) {
  const auto found = uploads.find(request.field("x-data-stream-id"));
  const std::lock_guard lock(mutex);
  return found == uploads.end() ? nullptr : &files[found->second];
}

asio::awaitable<void> LinkServer::Impl::answer(net::HttpExchange& exchange, Answer answer) {
  http::Headers headers;
  for (const auto& [name, value] : answer.fields) headers.append(name, value);
  const auto sent = co_await exchange.send_head(answer.status, std::move(headers), answer.body.size());
  if (!sent) co_return;
  if (!answer.body.empty()) co_await exchange.write(as_bytes(answer.body));
  co_await exchange.finish();
}

/// @return false when the connection is gone
asio::awaitable<bool> LinkServer::Impl::read(net::HttpExchange& exchange, std::size_t index, File* file) {
  for (;;) {
    const auto piece = co_await exchange.read_body();
    if (!piece) co_return false;
    if (piece->empty()) break;
    change([&] {
      Bytes& into = file ? file->data : requests[index].body;
      into.insert(into.end(), piece->begin(), piece->end());
      if (file) requests[index].body.resize(requests[index].body.size() + piece->size());
    });
    if (behaviour.drop && behaviour.drop(request(index))) {
      exchange.connection().send_away();
      exchange.abort();
      co_return false;
    }
  }
  change([&] { requests[index].complete = true; });
  co_return true;
}

asio::awaitable<void> LinkServer::Impl::serve_query(net::HttpExchange& exchange, Request request) {
  const std::string channel = request.field("x-data-stream-id");
  const auto found = channels.find(channel);
  if (found == channels.end()) co_return;
  const auto closed = found->second;
  Answer head = usual(channel, {});
  http::Headers headers;
  for (const auto& [name, value] : head.fields) headers.append(name, value);
  auto sent = co_await exchange.send_head(200, std::move(headers), std::nullopt);
  if (sent && !behaviour.downlink.empty()) sent = co_await exchange.write(as_bytes(behaviour.downlink));
  if (!sent) co_return;
  if (!ending) co_await closed->wait();
  co_await exchange.finish();
}

asio::awaitable<void> LinkServer::Impl::serve(net::HttpExchange& exchange) {
  std::size_t index = 0;
  change([&] {
    index = requests.size();
    Request made;
    made.method = exchange.request().method;
    made.path = exchange.request().path;
    for (const http::Header& field : exchange.request().headers) made.fields.emplace_back(field.name, field.value);
    requests.push_back(std::move(made));
  });
  const Request head = request(index);
  if (behaviour.hang && behaviour.hang(head)) {
    const auto forever = std::make_shared<net::WakeUp>(thread.executor());
    hanging.push_back(forever);
    if (!ending) co_await forever->wait();
    exchange.abort();
    co_return;
  }
  if (behaviour.go_away && behaviour.go_away(head)) exchange.connection().send_away();
  if (behaviour.answer) {
    auto told = behaviour.answer(head);
    if (told) {
      co_await answer(exchange, std::move(*told));
      co_return;
    }
  }
  if (head.is_query()) {
    co_await serve_query(exchange, head);
    co_return;
  }
  File* const file = head.is("send") ? file_of(head) : nullptr;
  const bool whole = co_await read(exchange, index, file);
  if (!whole) co_return;
  Answer reply;
  if (head.is("open")) {
    reply = answer_open(head);
  } else if (head.is("close")) {
    reply = answer_close(head);
  } else {
    Fields others;
    if (file) others.emplace_back("x-next-append-position", std::to_string(file->data.size()));
    reply = usual(head.field("x-data-stream-id"), std::move(others));
  }
  co_await answer(exchange, std::move(reply));
}

std::string LinkServer::Request::field(const std::string& name) const {
  for (const auto& [key, value] : fields)
    if (key == name) return value;
  return {};
}

LinkServer::LinkServer(Behaviour behaviour, ssl_ctx_st* tls) : impl_(std::make_unique<Impl>()) {
  impl_->behaviour = std::move(behaviour);
  Impl* const impl = impl_.get();
  std::string problem;
  impl->thread.run([impl, tls, &problem] {
    impl->server = std::make_unique<net::HttpServer>(
        impl->thread.executor(), [impl](net::HttpExchange& exchange) { return impl->serve(exchange); },
        net::HttpServerLimits());
    const auto bound = impl->server->listen(impl->behaviour.host, 0, tls);
    if (!bound)
      problem = bound.error().sentence;
    else
      impl->port = static_cast<std::uint16_t>(std::stoi(bound->substr(bound->rfind(':') + 1)));
  });
  if (!problem.empty()) throw std::runtime_error(problem);
}

LinkServer::~LinkServer() {
  impl_->thread.run([this] {
    impl_->ending = true;
    for (const auto& waiting : impl_->hanging) waiting->notify();
    for (const auto& [id, closed] : impl_->channels) closed->notify();
    impl_->server.reset();
  });
}

std::uint16_t LinkServer::port() const {
  return impl_->port;
}

bool LinkServer::wait(const std::function<bool(const std::vector<Request>&)>& condition) {
  std::unique_lock lock(impl_->mutex);
  return impl_->changed.wait_for(lock, std::chrono::seconds(10), [&] { return condition(impl_->requests); });
}

std::vector<LinkServer::Request> LinkServer::requests() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->requests;
}

std::size_t LinkServer::count(const std::string& step) {
  const std::lock_guard lock(impl_->mutex);
  return static_cast<std::size_t>(std::count_if(impl_->requests.begin(), impl_->requests.end(),
                                                [&](const Request& request) { return request.is(step); }));
}

void LinkServer::drop_hanging() {
  impl_->thread.run([this] {
    for (const auto& waiting : impl_->hanging) waiting->notify();
  });
}

std::map<std::string, LinkServer::File> LinkServer::files() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->files;
}

void LinkServer::put_file(const std::string& name, File file) {
  const std::lock_guard lock(impl_->mutex);
  impl_->files[name] = std::move(file);
}

std::uint64_t LinkServer::connections() {
  std::uint64_t accepted = 0;
  impl_->thread.run([&] { accepted = impl_->server->stats().accepted; });
  return accepted;
}

}  // namespace camspan::test
