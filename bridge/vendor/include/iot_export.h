/// Link Kit C SDK 2.3: log level, error codes.
#ifndef IOT_EXPORT_H
#define IOT_EXPORT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DLL_IOT_API

#define LINKKIT_VERSION "2.3.0"

#ifndef SUCCESS_RETURN
#define SUCCESS_RETURN (0)
#define FAIL_RETURN (-1)
#define NULL_VALUE_ERROR (-2)
#endif

typedef enum _IOT_LogLevel {
  IOT_LOG_NONE = 0,
  IOT_LOG_CRIT,
  IOT_LOG_ERROR,
  IOT_LOG_WARNING,
  IOT_LOG_INFO,
  IOT_LOG_DEBUG
} IOT_LogLevel;

/// Lines of this level and above go to the log, which is standard error unless the board has its own. WARNING at first.
DLL_IOT_API void IOT_SetLogLevel(IOT_LogLevel level);
/// Says in the log how many handles there are.
DLL_IOT_API void IOT_DumpMemoryStats(IOT_LogLevel level);

#define IOT_OpenLog(arg)
#define IOT_CloseLog()             \
  do {                             \
    IOT_SetLogLevel(IOT_LOG_NONE); \
  } while (0)

#ifdef __cplusplus
}
#endif
#endif
