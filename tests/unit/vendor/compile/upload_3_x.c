/* The same for SDK 3.x. */
#include "http2_api.h"
#include "http2_upload_api.h"
#include "wrappers.h"

#ifdef __cplusplus
#define CHECK(condition) static_assert(condition, #condition)
#define NAMED(name) name##_cpp
extern "C" {
#else
#define CHECK(condition) _Static_assert(condition, #condition)
#define NAMED(name) name##_c
#endif

CHECK(UPLOAD_FILE_OPT_BIT_OVERWRITE == 1 && UPLOAD_FILE_OPT_BIT_RESUME == 2 && UPLOAD_FILE_OPT_BIT_SPECIFIC_LEN == 4);
CHECK(UPLOAD_STOP_BY_IOCTL == -14 && UPLOAD_HTTP2_HANDLE_NULL == -13 && UPLOAD_LEN_IS_ZERO == -12 &&
      UPLOAD_FILE_PATH_IS_NULL == -11 && UPLOAD_ID_IS_NULL == -10);
CHECK(FS_UPLOAD_PACKET_LEN == 10240 && FS_UPLOAD_PART_LEN == 4194304);
#if UINTPTR_MAX == 0xffffffffffffffffu
CHECK(sizeof(http2_upload_params_t) == 32);
CHECK(sizeof(hal_os_thread_param_t) == 32);
#endif
CHECK(sizeof(http2_upload_conn_info_t) == sizeof(device_conn_info_t));
CHECK(sizeof(http2_status_cb_t) == 2 * sizeof(void*) && sizeof(http2_upload_result_cb_t) == 2 * sizeof(void*));

static void on_status(void) {}
static void on_id(const char* path, const char* id, void* user_data) {
  (void)path, (void)id, (void)user_data;
}
static void on_completed(const char* path, int result, const char* store_id, void* user_data) {
  (void)path, (void)result, (void)store_id, (void)user_data;
}

int NAMED(upload_3_x)(void) {
  http2_disconnect_cb_t a = on_status;
  http2_reconnect_cb_t b = on_status;
  http2_upload_completed_cb_t c = on_completed;
  http2_upload_id_received_cb_t d = on_id;
  http2_status_cb_t status = {on_status, on_status};
  http2_upload_result_cb_t results = {on_id, on_completed};
  http2_upload_conn_info_t conn_info = {NULL, NULL, NULL, NULL, 0};
  http2_upload_params_t params = {"a", 0, NULL, 0, UPLOAD_FILE_OPT_BIT_OVERWRITE};
  hal_os_thread_param_t param = {os_thread_priority_normal, NULL, 0, 0, NULL};
  uintptr_t (*establish)(const char*, uint16_t, const char*, uint32_t) = HAL_SSL_Establish;
  int (*create)(void**, void* (*)(void*), void*, hal_os_thread_param_t*, int*) = HAL_ThreadCreate;
  int good = IOT_HTTP2_UploadFile_Connect(&conn_info, &status) == NULL;
  (void)a, (void)b, (void)c, (void)d, (void)param;
  HAL_Printf("%s", "");
  good = good && IOT_HTTP2_UploadFile_Request(NULL, &params, &results, NULL) == -2;
  good = good && IOT_HTTP2_UploadFile_Disconnect(NULL) == -2;
  good = good && IOT_HTTP2_Stream_Send_Message(NULL, "a", NULL, NULL, 0, NULL) == -2;
  return good && establish(NULL, 0, NULL, 0) == 0 && create != NULL;
}

#ifdef __cplusplus
}
#endif
