/* A program on SDK 2.3 that names everything of its headers: compiled as C11 and as C++17, and linked. */
#include "app_entry.h"
#include "iot_export.h"
#include "iot_export_http2.h"
#include "iot_export_http2_stream.h"
#include "iot_import.h"
#include "utils_httpc.h"

#ifdef __cplusplus
#define CHECK(condition) static_assert(condition, #condition)
#define NAMED(name) name##_cpp
extern "C" {
#else
#define CHECK(condition) _Static_assert(condition, #condition)
#define NAMED(name) name##_c
#endif

CHECK(IOT_HTTP2_RES_OVERTIME_MS == 10000);
CHECK(IOT_HTTP2_KEEP_ALIVE_CNT == 2);
CHECK(IOT_HTTP2_KEEP_ALIVE_TIME == 30000);
CHECK(SUCCESS_RETURN == 0 && FAIL_RETURN == -1 && NULL_VALUE_ERROR == -2);
CHECK(STREAM_TYPE_DOWNLOAD == 0 && STREAM_TYPE_UPLOAD == 1 && STREAM_TYPE_AUXILIARY == 2 && STREAM_TYPE_NUM == 3);
CHECK(UPLOAD_FILE_NOT_EXIST == -9 && UPLOAD_FILE_READ_FAILED == -8 && UPLOAD_STREAM_OPEN_FAILED == -7);
CHECK(UPLOAD_STREAM_SEND_FAILED == -6 && UPLOAD_MALLOC_FAILED == -5 && UPLOAD_NULL_POINT == -2);
CHECK(UPLOAD_ERROR_COMMON == -1 && UPLOAD_SUCCESS == 0);
CHECK(IOT_LOG_NONE == 0 && IOT_LOG_CRIT == 1 && IOT_LOG_ERROR == 2 && IOT_LOG_WARNING == 3 && IOT_LOG_INFO == 4 &&
      IOT_LOG_DEBUG == 5);
CHECK(HTTP2_FLAG_NONE == 0 && HTTP2_FLAG_END_STREAM == 1);
CHECK(PRODUCT_KEY_LEN == 20 && DEVICE_NAME_LEN == 32 && DEVICE_SECRET_LEN == 64);
CHECK(sizeof LINKKIT_VERSION == 6);
CHECK(os_thread_priority_idle == -3 && os_thread_priority_realtime == 3 && os_thread_priority_normal == 0 &&
      os_thread_priority_error == 0x84);
CHECK(HAL_SEEK_SET == 0 && HAL_SEEK_CUR == 1 && HAL_SEEK_END == 2);
CHECK(PLATFORM_WAIT_INFINITE == ~0);
CHECK(sizeof(http2_header) == 2 * sizeof(void*) + 8);
CHECK(sizeof(http2_stream_cb_t) == 7 * sizeof(void*));
CHECK(sizeof(http2_user_cb_t) == 5 * sizeof(void*));
#if UINTPTR_MAX == 0xffffffffffffffffu
CHECK(sizeof(device_conn_info_t) == 40);
CHECK(sizeof(header_ext_info_t) == 16);
CHECK(sizeof(stream_data_info_t) == 56);
CHECK(offsetof(stream_data_info_t, stream_len) == 8 && offsetof(stream_data_info_t, send_len) == 12 &&
      offsetof(stream_data_info_t, packet_len) == 16 && offsetof(stream_data_info_t, identify) == 24 &&
      offsetof(stream_data_info_t, h2_stream_id) == 32 && offsetof(stream_data_info_t, channel_id) == 40 &&
      offsetof(stream_data_info_t, user_data) == 48);
CHECK(sizeof(http2_connection_t) == 32);
CHECK(sizeof(http2_data) == 40);
CHECK(sizeof(hal_os_thread_param_t) == 40);
#endif

static void on_header(uint32_t stream_id, char* channel_id, int cat, const uint8_t* name, uint32_t namelen,
                      const uint8_t* value, uint32_t valuelen, uint8_t flags, void* user_data) {
  (void)stream_id, (void)channel_id, (void)cat, (void)name, (void)namelen, (void)value, (void)valuelen, (void)flags,
      (void)user_data;
}
static void on_chunk(uint32_t stream_id, char* channel_id, const uint8_t* data, uint32_t len, uint8_t flags,
                     void* user_data) {
  (void)stream_id, (void)channel_id, (void)data, (void)len, (void)flags, (void)user_data;
}
static void on_close(uint32_t stream_id, char* channel_id, uint32_t error_code, void* user_data) {
  (void)stream_id, (void)channel_id, (void)error_code, (void)user_data;
}
static void on_frame(uint32_t stream_id, char* channel_id, int type, uint8_t flags, void* user_data) {
  (void)stream_id, (void)channel_id, (void)type, (void)flags, (void)user_data;
}
static void on_status(void) {}
static void on_file(const char* path, int result, void* user_data) {
  (void)path, (void)result, (void)user_data;
}

static void* nothing(void* arg) {
  return arg;
}
static void* hook_malloc(uint32_t size) {
  return HAL_Malloc(size);
}

/* Nobody runs it with all these NULLs where they matter; that it links is the point. */
int NAMED(linkkit_2_3)(void* paras) {
  static http2_stream_cb_t callbacks = {on_header, on_chunk, on_close, on_frame, on_frame, on_status, on_status};
  const char* value = "world";
  http2_header nva[] = {MAKE_HEADER("test_name", "test_http2_header"), MAKE_HEADER_CS("hello", value)};
  header_ext_info_t header = {nva, 2};
  device_conn_info_t conn_info = {NULL, NULL, NULL, NULL, 0};
  stream_data_info_t info = {NULL, 0, 0, 0, NULL, 0, NULL, NULL};
  stream_type_t type = STREAM_TYPE_UPLOAD;
  on_stream_header_callback a = on_header;
  on_stream_chunk_recv_callback b = on_chunk;
  on_stream_close_callback c = on_close;
  on_stream_frame_send_callback d = on_frame;
  on_stream_frame_recv_callback e = on_frame;
  on_reconnect_callback f = on_status;
  on_disconnect_callback g = on_status;
  upload_file_result_cb h = on_file;
  http2_file_upload_result_t result = UPLOAD_SUCCESS;
  app_main_paras_t* arguments = (app_main_paras_t*)paras;
  int good = nva[0].namelen == 9 && nva[1].valuelen == 5 && type == STREAM_TYPE_UPLOAD && result == 0;
  void* handle = IOT_HTTP2_Connect(&conn_info, &callbacks);
  (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h, (void)arguments;
  good = good && handle == NULL;
  good = good && IOT_HTTP2_Stream_Open(handle, &info, &header) == -2;
  good = good && IOT_HTTP2_Stream_Send(handle, &info, &header) == -2;
  good = good && IOT_HTTP2_Stream_Query(handle, &info, &header) == -2;
  good = good && IOT_HTTP2_Stream_Close(handle, &info) == -2;
  good = good && IOT_HTTP2_Stream_UploadFile(handle, "a", "b", &header, on_file, NULL) == -2;
  good = good && IOT_HTTP2_Disconnect(handle) == -2;
  IOT_OpenLog("app");
  IOT_SetLogLevel(IOT_LOG_WARNING);
  IOT_DumpMemoryStats(IOT_LOG_DEBUG);
  return good;
}

int NAMED(low_level_2_3)(void) {
  http2_user_cb_t callbacks = {NULL, NULL, NULL, NULL, NULL};
  http2_list_t list = {NULL, NULL};
  http2_data data = {NULL, 0, NULL, 0, 0, HTTP2_FLAG_NONE};
  int len = 0;
  int good = iotx_http2_client_connect(NULL, NULL, 0) == NULL && list.next == NULL;
  good = good && iotx_http2_client_connect_with_cb(NULL, NULL, 0, &callbacks) == NULL;
  good = good && iotx_http2_client_send(NULL, &data) < 0;
  good = good && iotx_http2_client_recv(NULL, NULL, 0, &len, 0) < 0;
  good = good && iotx_http2_client_send_ping(NULL) < 0;
  good = good && iotx_http2_get_available_window_size(NULL) < 0;
  good = good && iotx_http2_update_window_size(NULL) < 0;
  good = good && iotx_http2_exec_io(NULL) < 0;
  return good && iotx_http2_client_disconnect(NULL) < 0;
}

int NAMED(hal_2_3)(const char* path) {
  hal_os_thread_param_t param = {os_thread_priority_normal, NULL, 0, 0, NULL};
  ssl_hooks_t hooks = {hook_malloc, HAL_Free};
  char text[16];
  void* file = HAL_Fopen(path, "wb");
  void* mutex = HAL_MutexCreate();
  void* semaphore = HAL_SemaphoreCreate();
  void* memory = HAL_Realloc(HAL_Calloc(2, 8), 64);
  void* thread = NULL;
  int stack_used = 0;
  int good = file != NULL && HAL_Fwrite("hello", 1, 5, file) == 5 && HAL_Ftell(file) == 5 && HAL_Fclose(file) == 0;
  file = HAL_Fopen(path, "rb");
  good = good && HAL_Fseek(file, 0, HAL_SEEK_END) == 0 && HAL_Ftell(file) == 5;
  good = good && HAL_Fseek(file, -4, HAL_SEEK_CUR) == 0 && HAL_Fread(text, 4, 1, file) == 1 && text[0] == 'e';
  good = good && HAL_Fread(text, 1, 1, file) == 0 && HAL_Fseek(file, -1, HAL_SEEK_SET) != 0;
  HAL_Fclose(file);
  HAL_MutexLock(mutex);
  HAL_MutexUnlock(mutex);
  HAL_MutexDestroy(mutex);
  good = good && HAL_SemaphoreWait(semaphore, 1) == -1;
  HAL_SemaphorePost(semaphore);
  good = good && HAL_SemaphoreWait(semaphore, (uint32_t)PLATFORM_WAIT_INFINITE) == 0;
  HAL_SemaphoreDestroy(semaphore);
  HAL_Free(memory);
  good = good && HAL_ThreadCreate(&thread, nothing, NULL, &param, &stack_used) == 0;
  HAL_ThreadDetach(thread);
  HAL_ThreadDelete(thread);
  HAL_SleepMs(0);
  good = good && HAL_UptimeMs() > 0 && HAL_Snprintf(text, sizeof text, "%d", 42) == 2 && HAL_SSLHooks_set(&hooks) == 0;
  HAL_Printf("%s", "");
  good = good && HAL_SSL_Establish(NULL, 0, NULL, 0) == 0 && HAL_SSL_Destroy(0) < 0;
  good = good && HAL_TCP_Establish(NULL, 0) == (uintptr_t)-1 && HAL_TCP_Destroy((uintptr_t)-1) < 0;
  good = good && HAL_TCP_Write((uintptr_t)-1, text, 1, 1) < 0 && HAL_TCP_Read((uintptr_t)-1, text, 1, 1) < 0;
  return good;
}

#ifdef __cplusplus
}
#endif
