/// Link Kit C SDK 2.3: HTTP/2 streams. docs/link-kit.md tells what differs from the original.
#ifndef IOT_EXPORT_HTTP2_STREAM_H
#define IOT_EXPORT_HTTP2_STREAM_H

#include "iot_export_http2.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Called once for each queued file, after its channel was closed. @param result  http2_file_upload_result_t
typedef void (*upload_file_result_cb)(const char* path, int result, void* user_data);

/// Queues a file: one after another is sent as one body on a channel of its own. Copies what it is given. Callbacks may
/// call it. @return 0, -1, or -2 for a NULL
DLL_IOT_API int IOT_HTTP2_Stream_UploadFile(void* handle, const char* file_path, const char* identify,
                                            header_ext_info_t* header, upload_file_result_cb cb, void* user_data);

#ifdef __cplusplus
}
#endif
#endif
