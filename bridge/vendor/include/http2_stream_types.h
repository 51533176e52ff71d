/// What the headers of SDK 2.3 and 3.x have in common. Not to be included by itself.
#ifndef HTTP2_STREAM_TYPES_H
#define HTTP2_STREAM_TYPES_H

#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef DLL_IOT_API
#define DLL_IOT_API
#endif

#ifndef SUCCESS_RETURN
#define SUCCESS_RETURN (0)
#define FAIL_RETURN (-1)
#define NULL_VALUE_ERROR (-2)
#endif

#define IOT_HTTP2_RES_OVERTIME_MS (10000)     /* wait for a response */
#define IOT_HTTP2_KEEP_ALIVE_CNT (2)          /* kept for programs that name it: one missing answer ends a connection */
#define IOT_HTTP2_KEEP_ALIVE_TIME (30 * 1000) /* PING after so long without input, ms */

/// A header of two string literals, or of any two strings.
#define MAKE_HEADER(NAME, VALUE) \
  { (char*)(NAME), (char*)(VALUE), (int)(sizeof(NAME) - 1), (int)(sizeof(VALUE) - 1) }
#define MAKE_HEADER_CS(NAME, VALUE) \
  { (char*)(NAME), (char*)(VALUE), (int)strlen(NAME), (int)strlen(VALUE) }

typedef struct http2_header_struct {
  char* name;
  char* value;
  int namelen;
  int valuelen;
} http2_header;

typedef struct {
  http2_header* nva;
  int num;
} header_ext_info_t;

typedef struct {
  char* product_key;
  char* device_name;
  char* device_secret;
  char* url; /* bare host name or address; NULL or "" = CAMSPAN_HUB, else the host of the product key, and its port */
  int port;
} device_conn_info_t;

typedef enum { STREAM_TYPE_DOWNLOAD, STREAM_TYPE_UPLOAD, STREAM_TYPE_AUXILIARY, STREAM_TYPE_NUM } stream_type_t;

typedef struct {
  char* stream;         /* the bytes of this packet */
  uint32_t stream_len;  /* of the whole body: its content-length */
  uint32_t send_len;    /* in and out: bytes sent before; 0 starts a new request */
  uint32_t packet_len;  /* bytes to send in this call */
  const char* identify; /* service path without leading '/' */
  int h2_stream_id;     /* out: H2 stream of the upload under way */
  char* channel_id;     /* out of Open, the library's; Close frees it and sets it NULL */
  void* user_data;      /* for the callbacks of this channel */
} stream_data_info_t;

// Callbacks run on a thread of the library, one for each handle, in the order of events and under no lock.

typedef void (*on_stream_header_callback)(uint32_t stream_id, char* channel_id, int cat, const uint8_t* name,
                                          uint32_t namelen, const uint8_t* value, uint32_t valuelen, uint8_t flags,
                                          void* user_data);
typedef void (*on_stream_chunk_recv_callback)(uint32_t stream_id, char* channel_id, const uint8_t* data, uint32_t len,
                                              uint8_t flags, void* user_data);
typedef void (*on_stream_close_callback)(uint32_t stream_id, char* channel_id, uint32_t error_code, void* user_data);
typedef void (*on_stream_frame_send_callback)(uint32_t stream_id, char* channel_id, int type, uint8_t flags,
                                              void* user_data);
typedef void (*on_stream_frame_recv_callback)(uint32_t stream_id, char* channel_id, int type, uint8_t flags,
                                              void* user_data);
typedef void (*on_reconnect_callback)();
typedef void (*on_disconnect_callback)();

typedef struct {
  on_stream_header_callback on_stream_header_cb;
  on_stream_chunk_recv_callback on_stream_chunk_recv_cb;
  on_stream_close_callback on_stream_close_cb;
  on_stream_frame_send_callback on_stream_frame_send_cb;
  on_stream_frame_recv_callback on_stream_frame_recv_cb;
  on_reconnect_callback on_reconnect_cb; /* also once after the first connect */
  on_disconnect_callback on_disconnect_cb;
} http2_stream_cb_t;

typedef enum {
  UPLOAD_STOP_BY_IOCTL = -14,
  UPLOAD_HTTP2_HANDLE_NULL = -13,
  UPLOAD_LEN_IS_ZERO = -12,
  UPLOAD_FILE_PATH_IS_NULL = -11,
  UPLOAD_ID_IS_NULL = -10,
  UPLOAD_FILE_NOT_EXIST = -9,
  UPLOAD_FILE_READ_FAILED = -8,
  UPLOAD_STREAM_OPEN_FAILED = -7,
  UPLOAD_STREAM_SEND_FAILED = -6,
  UPLOAD_MALLOC_FAILED = -5,
  UPLOAD_NULL_POINT = -2,
  UPLOAD_ERROR_COMMON = -1,
  UPLOAD_SUCCESS = 0
} http2_file_upload_result_t;

/// Connects by TLS and starts HTTP/2; the device says who it is when it opens a channel. Copies the strings; `user_cb`
/// may be NULL and must stay valid until Disconnect. @return a handle, or NULL with the reason in the log
DLL_IOT_API void* IOT_HTTP2_Connect(device_conn_info_t* conn_info, http2_stream_cb_t* user_cb);
/// Opens a channel and sets info->channel_id. Waits for the answer, at most 10 s. @return 0, -1, or -2 for a NULL
DLL_IOT_API int IOT_HTTP2_Stream_Open(void* handle, stream_data_info_t* info, header_ext_info_t* header);
/// Sends one packet and moves info->send_len on; the last one of a body waits for the answer. A packet that finds no
/// room within 5 s gives -1 and can be sent again.
DLL_IOT_API int IOT_HTTP2_Stream_Send(void* handle, stream_data_info_t* info, header_ext_info_t* header);
/// Asks for what the server has for the channel, once; it comes by on_stream_chunk_recv_cb.
DLL_IOT_API int IOT_HTTP2_Stream_Query(void* handle, stream_data_info_t* info, header_ext_info_t* header);
/// Closes the channel, does not wait for the answer, frees info->channel_id. Callbacks may call it.
DLL_IOT_API int IOT_HTTP2_Stream_Close(void* handle, stream_data_info_t* info);
/// Ends everything: calls that wait give -1, queued files get their callback. Not from a callback (-1).
DLL_IOT_API int IOT_HTTP2_Disconnect(void* handle);

#ifdef __cplusplus
}
#endif
#endif
