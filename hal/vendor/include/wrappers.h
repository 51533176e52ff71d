/// The board side under its name of the Link Kit C SDK 3.x. The functions are those of iot_import.h; a program includes
/// one of the two.
#ifndef WRAPPERS_H
#define WRAPPERS_H

#include <stdio.h>

#ifdef IOT_IMPORT_H
#error "include iot_import.h (2.3) or wrappers.h (3.x), not both"
#endif

// What 3.x has otherwise: shorter sizes, and printf itself.
#define _hal_os_thread camspan_hal_os_thread_2_3
#define hal_os_thread_param_t camspan_hal_os_thread_param_2_3
#define HAL_ThreadCreate camspan_hal_thread_create_2_3
#define HAL_Printf camspan_hal_printf_2_3
#define HAL_SSL_Establish camspan_hal_ssl_establish_2_3
#include "iot_import.h"
#undef _hal_os_thread
#undef hal_os_thread_param_t
#undef HAL_ThreadCreate
#undef HAL_Printf
#undef HAL_SSL_Establish

#ifdef __cplusplus
extern "C" {
#endif

typedef struct _hal_os_thread {
  hal_os_thread_priority_t priority;
  void* stack_addr;
  int stack_size;
  int detach_state;
  char* name;
} hal_os_thread_param_t;

DLL_HAL_API int HAL_ThreadCreate(_OU_ void** thread_handle, _IN_ void* (*work_routine)(void*), _IN_ void* arg,
                                 _IN_ hal_os_thread_param_t* hal_os_thread_param, _OU_ int* stack_used);

DLL_HAL_API uintptr_t HAL_SSL_Establish(_IN_ const char* host, _IN_ uint16_t port, _IN_ const char* ca_crt,
                                        _IN_ uint32_t ca_crt_len);

#define HAL_Printf printf

#ifdef __cplusplus
}
#endif
#endif
