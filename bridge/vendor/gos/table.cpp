#include "gos/table.hpp"

#include <new>

namespace camspan::gos {
namespace {

constexpr std::size_t kMaxStreams = 64;
constexpr std::size_t kMaxMessageBytes = 16 << 20;

gos_result_t append(void* user, const void* data, std::uint32_t length) try {
  Bytes& packed = static_cast<StreamContext*>(user)->packed;
  if (packed.size() + length > kMaxMessageBytes) return GOS_ERROR_OUT_OF_HEAP;
  const auto* const bytes = static_cast<const std::byte*>(data);
  packed.insert(packed.end(), bytes, bytes + length);
  return GOS_SUCCESS;
} catch (const std::bad_alloc&) {
  return GOS_ERROR_OUT_OF_HEAP;
}

}  // namespace

StreamContext::StreamContext() {
  MSGPACK_INIT_WITH_WRITER(&context, append, this);
}

gos_result_t Table::put(const std::string& name, const Stream& stream) {
  const std::lock_guard lock(mutex_);
  if (!streams_.contains(name) && streams_.size() >= kMaxStreams) return GOS_ERROR_OUT_OF_BUFFERS;
  streams_[name] = stream;
  return GOS_SUCCESS;
}

bool Table::remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return streams_.erase(name) > 0;
}

std::optional<Stream> Table::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(name);
  return found == streams_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> Table::names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, stream] : streams_)
    if ((stream.permissions & (GOS_HS_STREAM_PERMISSION_READ | GOS_HS_STREAM_PERMISSION_WRITE)) != 0)
      names.push_back(name);
  return names;
}

void Table::set_accept(gos_hs_stream_ws_accept_callback_t accept) {
  const std::lock_guard lock(mutex_);
  accept_ = accept;
}

gos_hs_stream_ws_accept_callback_t Table::accept() const {
  const std::lock_guard lock(mutex_);
  return accept_;
}

void Table::set_handlers(ClientHandlers handlers) {
  const std::lock_guard lock(mutex_);
  handlers_ = handlers;
}

ClientHandlers Table::handlers() const {
  const std::lock_guard lock(mutex_);
  return handlers_;
}

void Table::add_client(net::ClientId client) {
  const std::lock_guard lock(mutex_);
  clients_.insert(client);
}

void Table::remove_client(net::ClientId client) {
  const std::lock_guard lock(mutex_);
  clients_.erase(client);
}

bool Table::has_client(net::ClientId client) const {
  const std::lock_guard lock(mutex_);
  return clients_.contains(client);
}

bool Table::has_clients() const {
  const std::lock_guard lock(mutex_);
  return !clients_.empty();
}

gos_msgpack_context_t* Table::add_context(std::unique_ptr<StreamContext> context) {
  const std::lock_guard lock(mutex_);
  gos_msgpack_context_t* const handle = &context->context;
  contexts_.emplace(handle, std::move(context));
  return handle;
}

std::unique_ptr<StreamContext> Table::take_context(gos_msgpack_context_t* context) {
  const std::lock_guard lock(mutex_);
  auto found = contexts_.extract(context);
  return found ? std::move(found.mapped()) : nullptr;
}

StreamContext* Table::find_context(gos_msgpack_context_t* context) const {
  const std::lock_guard lock(mutex_);
  const auto found = contexts_.find(context);
  return found == contexts_.end() ? nullptr : found->second.get();
}

}  // namespace camspan::gos
