/// Link Kit C SDK 2.3: HTTP/2 below the streams. One thread for each connection; nothing here is needed to use streams.
#ifndef IOT_EXPORT_HTTP2_H
#define IOT_EXPORT_HTTP2_H

#include <stdint.h>

#include "http2_stream_types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { HTTP2_FLAG_NONE = 0, HTTP2_FLAG_END_STREAM = 1 } http2_flag;

typedef struct http2_list_s {
  struct http2_list_s* prev;
  struct http2_list_s* next;
} http2_list_t;

typedef void (*on_user_header_callback)(int32_t stream_id, int cat, const uint8_t* name, uint32_t namelen,
                                        const uint8_t* value, uint32_t valuelen, uint8_t flags);
typedef void (*on_user_chunk_recv_callback)(int32_t stream_id, const uint8_t* data, uint32_t len, uint8_t flags);
typedef void (*on_user_stream_close_callback)(int32_t stream_id, uint32_t error_code);
typedef void (*on_user_frame_send_callback)(int32_t stream_id, int type, uint8_t flags);
typedef void (*on_user_frame_recv_callback)(int32_t stream_id, int type, uint8_t flags);

typedef struct {
  on_user_header_callback on_user_header_cb;
  on_user_chunk_recv_callback on_user_chunk_recv_cb;
  on_user_stream_close_callback on_user_stream_close_cb;
  on_user_frame_send_callback on_user_frame_send_cb;
  on_user_frame_recv_callback on_user_frame_recv_cb;
} http2_user_cb_t;

typedef struct http2_connection_struct {
  void* network; /* the first argument of connect, untouched */
  void* session; /* ours */
  int flag;      /* HTTP2_FLAG_END_STREAM once the stream read last has ended */
  int status;    /* of the answer that came last, 0 before */
  http2_user_cb_t* cbs;
} http2_connection_t;

typedef struct {
  http2_header* header; /* with :method, :path and :scheme; NULL = more data for stream_id */
  int header_count;
  char* data;
  int len;
  int stream_id; /* out when a header was given */
  int flag;      /* http2_flag */
} http2_data;

/// @param url  bare host name or address. @return NULL with the reason in the log; free with disconnect
DLL_IOT_API http2_connection_t* iotx_http2_client_connect(void* pnetwork, char* url, int port);
DLL_IOT_API http2_connection_t* iotx_http2_client_connect_with_cb(void* pnetwork, char* url, int port,
                                                                  http2_user_cb_t* cb);
/// Starts a request, or sends more of one. Waits for room at most 5 s. @return 0, or < 0
DLL_IOT_API int iotx_http2_client_send(http2_connection_t* connection, http2_data* h2_data);
/// Runs callbacks, and takes body bytes of answers in the order in which they came. @param timeout  ms to wait for some
/// @return 0 with *len set (0 = none came), or < 0 when the connection is over
DLL_IOT_API int iotx_http2_client_recv(http2_connection_t* connection, char* data, int data_len, int* len, int timeout);
DLL_IOT_API int iotx_http2_client_disconnect(http2_connection_t* conn);
/// @return 0, or < 0 when the connection is over. PINGs and their answers are the library's own work.
DLL_IOT_API int iotx_http2_client_send_ping(http2_connection_t* conn);
/// Bytes that may be sent now, all streams together.
DLL_IOT_API int iotx_http2_get_available_window_size(http2_connection_t* conn);
/// Windows open by themselves as data is taken. @return 0, or < 0 when the connection is over
DLL_IOT_API int iotx_http2_update_window_size(http2_connection_t* conn);
/// Runs callbacks for what has come. @return 0, or < 0 when the connection is over
DLL_IOT_API int iotx_http2_exec_io(http2_connection_t* connection);

#ifdef __cplusplus
}
#endif
#endif
