/// What a `void*` of the C API stands for.
#pragma once

#include <asio/co_spawn.hpp>
#include <asio/use_future.hpp>
#include <functional>
#include <memory>

#include "file_upload.hpp"
#include "notifier.hpp"
#include "session.hpp"

namespace camspan::linkkit {

/// Lives and dies on the program's threads; any of them may call, many at once. What waits does so here, never on the
/// I/O thread and under no lock.
class Handle {
 public:
  /// @param status  copied; used where `callbacks` is NULL (handles of the 3.x file API)
  static tl::expected<std::shared_ptr<Handle>, Failure> connect(const device_conn_info_t& info,
                                                                const http2_stream_cb_t* callbacks,
                                                                const http2_stream_cb_t& status);
  ~Handle();

  Reply open(std::string identify, http::Headers headers, void* user_data);
  Sent send(Packet packet);
  int query(std::string channel, std::string identify, http::Headers headers, void* user_data);
  Reply close(std::string channel, std::string identify, Milliseconds patience);
  /// Queues a file. @return false when no thread can be started, or after disconnect()
  bool upload(FileJob job) { return uploads_.add(std::move(job)); }
  /// Returns when nothing of this handle runs any more.
  void disconnect();
  /// True on a thread where disconnect() would wait for itself.
  bool runs_here() const;

 private:
  Handle(Device device, ssl_ctx_st* tls, const http2_stream_cb_t* callbacks, const http2_stream_cb_t& status);
  template <class T>
  T wait(asio::awaitable<T> call);

  const http2_stream_cb_t status_;
  const std::shared_ptr<net::IoThread> io_;
  const std::shared_ptr<Notifier> notifier_;
  std::shared_ptr<Session> session_;
  FileUploads uploads_;
};

/// The handles there are. A value is never used twice, so one that was disconnected is known to be no handle.
void* add_handle(std::shared_ptr<Handle> handle);
std::shared_ptr<Handle> find_handle(void* value);
/// Takes it out, so that only one caller disconnects it.
std::shared_ptr<Handle> remove_handle(void* value);
std::size_t count_handles();

}  // namespace camspan::linkkit
