/// Gecko OS 4: what an application includes. Streams to web pages (gos_hs_stream.h) and MessagePack (gos_msgpack.h).
#ifndef GOS_H
#define GOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gos_hs_stream.h"
#include "gos_msgpack.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One line to the board's log, without a newline at its end. Any thread. */
#define GOS_LOG(...) gos_log(__VA_ARGS__)

#ifdef __GNUC__
__attribute__((format(printf, 1, 2)))
#endif
void gos_log(const char* format, ...);

#ifdef __cplusplus
}
#endif

#endif
