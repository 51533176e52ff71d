/// Gecko OS 4: streams that pages read and write, by WebSocket (/appdata) and REST (/appdata/{stream}).
///
/// The server begins to listen with the first call that needs it, where CAMSPAN_GOS_LISTEN says (docs/gecko-os.md).
/// Handlers and callbacks run one at a time on one thread of the library, the application thread; functions may be
/// called there and on any other thread of the program. What blocks there holds up every handler.
#ifndef GOS_HS_STREAM_H
#define GOS_HS_STREAM_H

#include "gos_msgpack.h"
#include "gos_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A connected client; never a pointer. Valid from before its connect handler runs until its disconnect handler has
   returned, and GOS_BAD_ARG for every call afterwards. */
typedef void* gos_hs_stream_ws_client_t;

/* Every client, for gos_hs_stream_ws_write() only. */
#define GOS_HS_STREAM_WRITE_ALL ((gos_hs_stream_ws_client_t)(uintptr_t)UINT32_MAX)

/* @return true = let the client in; false = 503 */
typedef bool (*gos_hs_stream_ws_accept_callback_t)(void);

/* A client reads: `out_context` is to be filled with one value and flushed, `in_data` is NULL. What is whole at the
   return is flushed then. A context that is still empty may be kept and flushed later by the application thread; after
   5 s it answers nil.
   A client writes: `in_data` is the value, the library's and valid during the call; `out_context` is NULL. */
typedef void (*gos_hs_stream_handler_t)(const char* stream_name, const gos_msgpack_object_t* in_data,
                                        gos_msgpack_context_t* out_context, void* arg);

/* What clients may do. */
typedef enum {
  GOS_HS_STREAM_PERMISSION_NONE = 0,
  GOS_HS_STREAM_PERMISSION_READ = (1 << 0),
  GOS_HS_STREAM_PERMISSION_WRITE = (1 << 1),
  GOS_HS_STREAM_PERMISSION_ALL = 0xFF
} gos_hs_stream_permissions_t;

/* @param stream_name  1 to 64 bytes of UTF-8; one that is registered already gets the new handler, rights and arg
   @return GOS_BAD_ARG, GOS_ERROR_OUT_OF_BUFFERS with 64 streams, GOS_ERROR when the server cannot listen */
gos_result_t gos_hs_stream_register(const char* stream_name, gos_hs_stream_handler_t handler,
                                    gos_hs_stream_permissions_t permissions, void* arg);
/* Called on the application thread, no handler call for the name starts after it. */
gos_result_t gos_hs_stream_unregister(const char* stream_name);
/* Sends what the context holds, exactly one value (none = nil), and ends the context, also when it fails.
   @param timeout_ms  an answer to a read: for the socket to take it; a write: for the client to respond; 0 = do not
   wait and, for a write, ask for no response */
gos_result_t gos_hs_stream_flush(gos_msgpack_context_t* msgpack, uint32_t timeout_ms);
/* Adds bytes as they are: those that gos_msgpack_write_bin_marker() announced. */
gos_result_t gos_hs_stream_write_direct(gos_msgpack_context_t* msgpack, const void* buffer, uint32_t length);

/* The names that the client registered, an array of strings. The caller frees it by gos_msgpack_free_objects(). */
gos_result_t gos_hs_stream_ws_list(gos_hs_stream_ws_client_t handle, gos_msgpack_object_t** object_ptr,
                                   uint32_t timeout_ms);
/* The value of one of the client's streams. The caller frees it by gos_msgpack_free_objects(). */
gos_result_t gos_hs_stream_ws_read(gos_hs_stream_ws_client_t handle, const char* stream_name,
                                   gos_msgpack_object_t** object_ptr, uint32_t timeout_ms);
/* Begins a write: the caller adds one value and flushes, or aborts.
   @return GOS_ERROR for GOS_HS_STREAM_WRITE_ALL when no client is connected */
gos_result_t gos_hs_stream_ws_write(gos_hs_stream_ws_client_t handle, const char* stream_name,
                                    gos_msgpack_context_t** msgpack_ptr);
/* Frees the context of a write that is not to be flushed. */
void gos_hs_stream_ws_abort_write(gos_msgpack_context_t* msgpack);
gos_result_t gos_hs_stream_ws_close(gos_hs_stream_ws_client_t handle);
/* NULL = every client is let in. */
gos_result_t gos_hs_stream_ws_set_accept_callback(gos_hs_stream_ws_accept_callback_t accept);
/* `arg` of both is the client's handle. Each client that is let in gets one call of both. */
gos_result_t gos_hs_stream_ws_set_handlers(gos_handler_t connect, gos_handler_t disconnect);

#ifdef __cplusplus
}
#endif

#endif
