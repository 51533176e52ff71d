/// The rest of iot_import.h: memory, locks, threads, time, text. All weak. The client itself uses Malloc and Free only,
/// for what it hands out.
#include <pthread.h>
#include <semaphore.h>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <thread>

#include "camspan/hal.h"
#include "iot_import.h"

namespace {

constexpr std::uint32_t kForever = static_cast<std::uint32_t>(PLATFORM_WAIT_INFINITE);

/// What POSIX waits by.
timespec moment_after(std::uint32_t ms) {
  timespec moment{};
  clock_gettime(CLOCK_REALTIME, &moment);
  moment.tv_sec += static_cast<time_t>(ms / 1000);
  moment.tv_nsec += static_cast<long>(ms % 1000) * 1'000'000;
  if (moment.tv_nsec >= 1'000'000'000) {
    moment.tv_nsec -= 1'000'000'000;
    ++moment.tv_sec;
  }
  return moment;
}

}  // namespace

extern "C" {

__attribute__((weak)) void* HAL_Malloc(std::uint32_t size) {
  return std::malloc(size);
}
__attribute__((weak)) void* HAL_Realloc(void* ptr, std::uint32_t size) {
  return std::realloc(ptr, size);
}
__attribute__((weak)) void* HAL_Calloc(std::uint32_t nmemb, std::uint32_t size) {
  return std::calloc(nmemb, size);
}
__attribute__((weak)) void HAL_Free(void* ptr) {
  std::free(ptr);
}

__attribute__((weak)) void* HAL_MutexCreate(void) {
  auto mutex = std::unique_ptr<pthread_mutex_t>(new (std::nothrow) pthread_mutex_t);
  return mutex && pthread_mutex_init(mutex.get(), nullptr) == 0 ? mutex.release() : nullptr;
}
__attribute__((weak)) void HAL_MutexDestroy(void* mutex) {
  const std::unique_ptr<pthread_mutex_t> owned(static_cast<pthread_mutex_t*>(mutex));
  if (owned) pthread_mutex_destroy(owned.get());
}
__attribute__((weak)) void HAL_MutexLock(void* mutex) {
  pthread_mutex_lock(static_cast<pthread_mutex_t*>(mutex));
}
__attribute__((weak)) void HAL_MutexUnlock(void* mutex) {
  pthread_mutex_unlock(static_cast<pthread_mutex_t*>(mutex));
}

__attribute__((weak)) void* HAL_SemaphoreCreate(void) {
  auto semaphore = std::unique_ptr<sem_t>(new (std::nothrow) sem_t);
  return semaphore && sem_init(semaphore.get(), 0, 0) == 0 ? semaphore.release() : nullptr;
}
__attribute__((weak)) void HAL_SemaphoreDestroy(void* sem) {
  const std::unique_ptr<sem_t> owned(static_cast<sem_t*>(sem));
  if (owned) sem_destroy(owned.get());
}
__attribute__((weak)) void HAL_SemaphorePost(void* sem) {
  sem_post(static_cast<sem_t*>(sem));
}
__attribute__((weak)) int HAL_SemaphoreWait(void* sem, std::uint32_t timeout_ms) {
  auto* const semaphore = static_cast<sem_t*>(sem);
  const timespec end = moment_after(timeout_ms == kForever ? 0 : timeout_ms);
  for (;;) {
    const int result = timeout_ms == kForever ? sem_wait(semaphore) : sem_timedwait(semaphore, &end);
    if (result == 0) return 0;
    if (errno != EINTR) return -1;
  }
}

// SDK 2.3 detaches its threads after it made them, 3.x does not: the thread is detached here for both.
__attribute__((weak)) int HAL_ThreadCreate(void** thread_handle, void* (*work_routine)(void*), void* arg,
                                           hal_os_thread_param_t*, int* stack_used) {
  if (stack_used != nullptr) *stack_used = 0;
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return -1;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t thread{};
  const int error = pthread_create(&thread, &attributes, work_routine, arg);
  pthread_attr_destroy(&attributes);
  if (error == 0 && thread_handle != nullptr) *thread_handle = reinterpret_cast<void*>(thread);
  return error == 0 ? 0 : -1;
}
__attribute__((weak)) void HAL_ThreadDetach(void*) {}
__attribute__((weak)) void HAL_ThreadDelete(void* thread_handle) {
  if (thread_handle == nullptr) pthread_exit(nullptr);
}

__attribute__((weak)) void HAL_SleepMs(std::uint32_t ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}
__attribute__((weak)) std::uint64_t HAL_UptimeMs(void) {
  return static_cast<std::uint64_t>(hal()->monotonic_ns() / 1'000'000);
}

__attribute__((weak, format(printf, 1, 2))) void HAL_Printf(const char* fmt, ...) {
  va_list arguments;
  va_start(arguments, fmt);
  std::vprintf(fmt, arguments);
  va_end(arguments);
  std::fflush(stdout);
}
__attribute__((weak, format(printf, 3, 0))) int HAL_Vsnprintf(char* str, const int len, const char* fmt, va_list ap) {
  return len < 0 ? -1 : std::vsnprintf(str, static_cast<std::size_t>(len), fmt, ap);
}
__attribute__((weak, format(printf, 3, 4))) int HAL_Snprintf(char* str, const int len, const char* fmt, ...) {
  va_list arguments;
  va_start(arguments, fmt);
  const int size = len < 0 ? -1 : std::vsnprintf(str, static_cast<std::size_t>(len), fmt, arguments);
  va_end(arguments);
  return size;
}

// OpenSSL's memory is the program's own business (CRYPTO_set_mem_functions).
__attribute__((weak)) int HAL_SSLHooks_set(ssl_hooks_t* hooks) {
  return hooks != nullptr && hooks->malloc != nullptr && hooks->free != nullptr ? 0 : -1;
}
}
