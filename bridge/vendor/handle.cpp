#include "handle.hpp"

#include <mutex>
#include <unordered_map>

#include "core/log.hpp"
#include "net/io_thread.hpp"
#include "transport.hpp"

namespace camspan::linkkit {
namespace {

/// A class with a lock: handles are made, found and ended by any thread.
struct Registry {
  std::mutex mutex;
  std::unordered_map<std::uintptr_t, std::shared_ptr<Handle>> handles;
  std::uintptr_t last = 0;
};

/// Never destroyed: a program may end while its threads still call.
Registry& registry() {
  static auto* const made = new Registry;
  return *made;
}

}  // namespace

Handle::Handle(Device device, ssl_ctx_st* tls, const http2_stream_cb_t* callbacks, const http2_stream_cb_t& status)
    : status_(status),
      io_(net::IoThread::shared()),
      notifier_(std::make_shared<Notifier>(callbacks != nullptr ? callbacks : &status_)),
      session_(std::make_shared<Session>(io_->executor(), std::move(device), tls, notifier_)),
      uploads_(*this) {}

Handle::~Handle() {
  io_->run([this] { session_.reset(); });
}

tl::expected<std::shared_ptr<Handle>, Failure> Handle::connect(const device_conn_info_t& info,
                                                               const http2_stream_cb_t* callbacks,
                                                               const http2_stream_cb_t& status) {
  auto device = read_device(info);
  if (!device) return tl::unexpected<Failure>(std::move(device.error()));
  ssl_ctx_st* tls = nullptr;
  std::string problem;
  if (device->tls) tls = make_tls(*device, problem);
  if (device->tls && tls == nullptr) return tl::unexpected<Failure>(Failure{Errc::bad_setting, problem, 0});
  if (!device->tls)
    log::warn("linkkit", "CAMSPAN_HUB says http://: who listens on the way can act as this device from now on");
  std::shared_ptr<Handle> handle(new Handle(std::move(*device), tls, callbacks, status));
  problem = handle->wait(Session::connect(handle->session_));
  if (!problem.empty()) return tl::unexpected<Failure>(Failure{Errc::unreachable, problem, 0});
  return handle;
}

template <class T>
T Handle::wait(asio::awaitable<T> call) {
  return asio::co_spawn(io_->executor(), std::move(call), asio::use_future).get();
}

Reply Handle::open(std::string identify, http::Headers headers, void* user_data) {
  Reply reply = wait(Session::open(session_, std::move(identify), std::move(headers), user_data));
  notifier_->settle();
  return reply;
}

Sent Handle::send(Packet packet) {
  const bool is_last = packet.sent + packet.bytes.size() == packet.total && packet.wait_for_answer;
  notifier_->wait_for_room();
  Sent sent = wait(Session::send(session_, std::move(packet)));
  if (is_last) notifier_->settle();
  return sent;
}

int Handle::query(std::string channel, std::string identify, http::Headers headers, void* user_data) {
  const int code =
      wait(Session::query(session_, std::move(channel), std::move(identify), std::move(headers), user_data));
  notifier_->settle();
  return code;
}

Reply Handle::close(std::string channel, std::string identify, Milliseconds patience) {
  Reply reply = wait(Session::close(session_, std::move(channel), std::move(identify), patience));
  notifier_->settle();  // callbacks of this channel that run now
  return reply;
}

void Handle::disconnect() {
  uploads_.give_up();
  asio::co_spawn(io_->executor(), Session::stop(session_), asio::use_future).get();
  uploads_.stop();
  notifier_->finish();
}

bool Handle::runs_here() const {
  return Notifier::on_callback_thread() || FileUploads::on_upload_thread();
}

void* add_handle(std::shared_ptr<Handle> handle) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  all.last += 16;
  all.handles.emplace(all.last, std::move(handle));
  return reinterpret_cast<void*>(all.last);
}

std::shared_ptr<Handle> find_handle(void* value) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  const auto found = all.handles.find(reinterpret_cast<std::uintptr_t>(value));
  return found == all.handles.end() ? nullptr : found->second;
}

std::shared_ptr<Handle> remove_handle(void* value) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  const auto found = all.handles.find(reinterpret_cast<std::uintptr_t>(value));
  if (found == all.handles.end()) return nullptr;
  std::shared_ptr<Handle> handle = std::move(found->second);
  all.handles.erase(found);
  return handle;
}

std::size_t count_handles() {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  return all.handles.size();
}

}  // namespace camspan::linkkit
