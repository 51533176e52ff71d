/// Link Kit C SDK 3.x: files that go on where they were interrupted.
#ifndef HTTP2_UPLOAD_API_H
#define HTTP2_UPLOAD_API_H

#include "http2_stream_types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define UPLOAD_FILE_OPT_BIT_OVERWRITE (0x00000001)
#define UPLOAD_FILE_OPT_BIT_RESUME (0x00000002)
#define UPLOAD_FILE_OPT_BIT_SPECIFIC_LEN (0x00000004)

#define FS_UPLOAD_PACKET_LEN (10240)
#define FS_UPLOAD_PART_LEN (4 * 1024 * 1024)

typedef device_conn_info_t http2_upload_conn_info_t;

typedef struct {
  const char* file_path;
  uint32_t part_len; /* 102400 to 104857600, else FS_UPLOAD_PART_LEN */
  const char* upload_id;
  uint32_t upload_len;
  uint32_t opt_bit_map;
} http2_upload_params_t;

typedef void (*http2_disconnect_cb_t)(void);
typedef void (*http2_reconnect_cb_t)(void);
typedef void (*http2_upload_completed_cb_t)(const char* file_path, int result, const char* store_id, void* user_data);
typedef void (*http2_upload_id_received_cb_t)(const char* file_path, const char* upload_id, void* user_data);

typedef struct {
  http2_disconnect_cb_t on_disconnect_cb;
  http2_reconnect_cb_t on_reconnect_cb;
} http2_status_cb_t;

typedef struct {
  http2_upload_id_received_cb_t upload_id_received_cb;
  http2_upload_completed_cb_t upload_completed_cb;
} http2_upload_result_cb_t;

/// As IOT_HTTP2_Connect. `cb` may be NULL.
DLL_IOT_API void* IOT_HTTP2_UploadFile_Connect(http2_upload_conn_info_t* conn_info, http2_status_cb_t* cb);
/// Queues a file for the file service; copies what it is given. Callbacks may call it. @return 0, or an UPLOAD_ code
DLL_IOT_API int IOT_HTTP2_UploadFile_Request(void* http2_handle, http2_upload_params_t* params,
                                             http2_upload_result_cb_t* cb, void* user_data);
/// As IOT_HTTP2_Disconnect.
DLL_IOT_API int IOT_HTTP2_UploadFile_Disconnect(void* handle);

#ifdef __cplusplus
}
#endif
#endif
