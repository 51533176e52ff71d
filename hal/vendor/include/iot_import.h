/// The board side of the Link Kit C SDK 2.3: what its HTTP/2 stream module asks of a platform.
///
/// Camspan brings all of it, on camspan/hal.h, as weak symbols: a program that defines one of these functions itself
/// replaces ours, and the client then calls the program's (docs/link-kit.md says which belong together).
#ifndef IOT_IMPORT_H
#define IOT_IMPORT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DLL_HAL_API
#define _IN_
#define _OU_

#define PRODUCT_KEY_LEN (20)
#define DEVICE_NAME_LEN (32)
#define DEVICE_SECRET_LEN (64)

#define PLATFORM_WAIT_INFINITE (~0)

typedef enum {
  os_thread_priority_idle = -3,
  os_thread_priority_low = -2,
  os_thread_priority_belowNormal = -1,
  os_thread_priority_normal = 0,
  os_thread_priority_aboveNormal = 1,
  os_thread_priority_high = 2,
  os_thread_priority_realtime = 3,
  os_thread_priority_error = 0x84
} hal_os_thread_priority_t;

typedef struct _hal_os_thread {
  hal_os_thread_priority_t priority;
  void* stack_addr;
  size_t stack_size;
  int detach_state;
  char* name;
} hal_os_thread_param_t;

typedef enum { HAL_SEEK_SET, HAL_SEEK_CUR, HAL_SEEK_END } hal_fs_seek_type_t;

typedef struct {
  void* (*malloc)(uint32_t size);
  void (*free)(void* ptr);
} ssl_hooks_t;

// TLS and TCP. Timeouts in ms. Reads and writes give the bytes moved, 0 at the timeout, < 0 when the connection is
// over.

/// @param ca_crt  PEM of what to trust; NULL = what the machine trusts. @param ca_crt_len  with the final NUL
/// @return 0 on failure
DLL_HAL_API uintptr_t HAL_SSL_Establish(_IN_ const char* host, _IN_ uint16_t port, _IN_ const char* ca_crt,
                                        _IN_ size_t ca_crt_len);
DLL_HAL_API int32_t HAL_SSL_Destroy(_IN_ uintptr_t handle);
DLL_HAL_API int32_t HAL_SSL_Write(_IN_ uintptr_t handle, _IN_ const char* buf, _IN_ int len, _IN_ int timeout_ms);
DLL_HAL_API int32_t HAL_SSL_Read(_IN_ uintptr_t handle, _OU_ char* buf, _IN_ int len, _IN_ int timeout_ms);
DLL_HAL_API int HAL_SSLHooks_set(_IN_ ssl_hooks_t* hooks);

/// @return (uintptr_t)-1 on failure
DLL_HAL_API uintptr_t HAL_TCP_Establish(_IN_ const char* host, _IN_ uint16_t port);
DLL_HAL_API int32_t HAL_TCP_Destroy(_IN_ uintptr_t fd);
DLL_HAL_API int32_t HAL_TCP_Write(_IN_ uintptr_t fd, _IN_ const char* buf, _IN_ uint32_t len, _IN_ uint32_t timeout_ms);
DLL_HAL_API int32_t HAL_TCP_Read(_IN_ uintptr_t fd, _OU_ char* buf, _IN_ uint32_t len, _IN_ uint32_t timeout_ms);

// Files. Counts of Fread and Fwrite are elements, not bytes.

DLL_HAL_API void* HAL_Fopen(_IN_ const char* path, _IN_ const char* mode);
DLL_HAL_API uint32_t HAL_Fread(_OU_ void* buff, _IN_ uint32_t size, _IN_ uint32_t count, _IN_ void* stream);
DLL_HAL_API uint32_t HAL_Fwrite(_IN_ const void* ptr, _IN_ uint32_t size, _IN_ uint32_t count, _IN_ void* stream);
DLL_HAL_API int HAL_Fseek(_IN_ void* stream, _IN_ long offset, _IN_ int framewhere);
DLL_HAL_API int HAL_Fclose(_IN_ void* stream);
DLL_HAL_API long HAL_Ftell(_IN_ void* stream);

// Memory, locks, threads, time, text.

DLL_HAL_API void* HAL_Malloc(_IN_ uint32_t size);
DLL_HAL_API void* HAL_Realloc(_IN_ void* ptr, _IN_ uint32_t size);
DLL_HAL_API void* HAL_Calloc(_IN_ uint32_t nmemb, _IN_ uint32_t size);
DLL_HAL_API void HAL_Free(_IN_ void* ptr);

DLL_HAL_API void* HAL_MutexCreate(void);
DLL_HAL_API void HAL_MutexDestroy(_IN_ void* mutex);
DLL_HAL_API void HAL_MutexLock(_IN_ void* mutex);
DLL_HAL_API void HAL_MutexUnlock(_IN_ void* mutex);

DLL_HAL_API void* HAL_SemaphoreCreate(void);
DLL_HAL_API void HAL_SemaphoreDestroy(_IN_ void* sem);
DLL_HAL_API void HAL_SemaphorePost(_IN_ void* sem);
/// @return 0 when it was posted, -1 at the timeout
DLL_HAL_API int HAL_SemaphoreWait(_IN_ void* sem, _IN_ uint32_t timeout_ms);

/// The thread is detached; of the parameters ours uses none. @return 0, or -1
DLL_HAL_API int HAL_ThreadCreate(_OU_ void** thread_handle, _IN_ void* (*work_routine)(void*), _IN_ void* arg,
                                 _IN_ hal_os_thread_param_t* hal_os_thread_param, _OU_ int* stack_used);
DLL_HAL_API void HAL_ThreadDetach(_IN_ void* thread_handle);
/// NULL ends the calling thread; others end by themselves.
DLL_HAL_API void HAL_ThreadDelete(_IN_ void* thread_handle);

DLL_HAL_API void HAL_SleepMs(_IN_ uint32_t ms);
DLL_HAL_API uint64_t HAL_UptimeMs(void);

DLL_HAL_API void HAL_Printf(_IN_ const char* fmt, ...);
DLL_HAL_API int HAL_Snprintf(_OU_ char* str, _IN_ const int len, _IN_ const char* fmt, ...);
DLL_HAL_API int HAL_Vsnprintf(_OU_ char* str, _IN_ const int len, _IN_ const char* fmt, _IN_ va_list ap);

#ifdef __cplusplus
}
#endif
#endif
