/// Link Kit C SDK 3.x: HTTP/2 streams.
#ifndef IOT_EXPORT_HTTP2_STREAM_H
#define IOT_EXPORT_HTTP2_STREAM_H

#include "http2_stream_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/// One request with a whole body; does not wait for the answer. Callbacks may call it.
/// @return its H2 stream id, or < 0
DLL_IOT_API int IOT_HTTP2_Stream_Send_Message(void* handle, const char* identify, char* channel_id, char* data,
                                              uint32_t data_len, header_ext_info_t* header);

#ifdef __cplusplus
}
#endif
#endif
