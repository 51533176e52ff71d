/// What the program registered, and the handles it was given.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gos_hs_stream.h"
#include "net/ws_streams.hpp"

namespace camspan::gos {

struct Stream {
  gos_hs_stream_handler_t handler;
  unsigned permissions;
  void* arg;
};

struct ClientHandlers {
  gos_handler_t connect = nullptr;
  gos_handler_t disconnect = nullptr;
};

/// A message that the program fills: the answer to a read, or a write to one client or all.
struct StreamContext {
  gos_msgpack_context_t context{};  ///< first: what the program has is a pointer to it
  Bytes packed;
  std::function<void(net::StreamAnswer)> answer{};  ///< of a read; empty = this is a write
  std::optional<net::ClientId> client{};            ///< of a write; nullopt = every client
  std::string stream{};

  StreamContext();
  StreamContext(const StreamContext&) = delete;
  StreamContext& operator=(const StreamContext&) = delete;
};

/// A class with a lock: threads of the program and of the library both come here. Nothing is called under it.
class Table {
 public:
  gos_result_t put(const std::string& name, const Stream& stream);
  bool remove(const std::string& name);
  std::optional<Stream> find(const std::string& name) const;
  /// Those that clients may read or write, sorted.
  std::vector<std::string> names() const;

  void set_accept(gos_hs_stream_ws_accept_callback_t accept);
  gos_hs_stream_ws_accept_callback_t accept() const;
  void set_handlers(ClientHandlers handlers);
  ClientHandlers handlers() const;

  void add_client(net::ClientId client);
  void remove_client(net::ClientId client);
  bool has_client(net::ClientId client) const;
  bool has_clients() const;

  /// @return what the program may call by
  gos_msgpack_context_t* add_context(std::unique_ptr<StreamContext> context);
  /// null when it was flushed or aborted before, or never was one
  std::unique_ptr<StreamContext> take_context(gos_msgpack_context_t* context);
  /// Null as with take_context(); stays the table's.
  StreamContext* find_context(gos_msgpack_context_t* context) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Stream> streams_;
  gos_hs_stream_ws_accept_callback_t accept_ = nullptr;
  ClientHandlers handlers_;
  std::set<net::ClientId> clients_;
  std::map<gos_msgpack_context_t*, std::unique_ptr<StreamContext>> contexts_;
};

}  // namespace camspan::gos
