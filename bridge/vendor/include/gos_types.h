/// Results and small types that the Gecko OS headers share.
#ifndef GOS_TYPES_H
#define GOS_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
  GOS_SUCCESS = 0,
  GOS_PENDING = 1,
  GOS_TIMEOUT = 2,         /* the peer did not answer within timeout_ms */
  GOS_PARTIAL_RESULTS = 3, /* write-all reached some clients only */
  GOS_ERROR = 4,           /* the peer answered an error code, the client is gone, the message is not one value */
  GOS_BAD_ARG = 5,         /* NULL or empty argument, unknown handle, name too long */
  GOS_BAD_OPTION = 6,
  GOS_UNSUPPORTED = 7,          /* the operation makes no sense, such as list with GOS_HS_STREAM_WRITE_ALL */
  GOS_ERROR_OUT_OF_BUFFERS = 8, /* a fixed buffer is full, or too much is queued for the client */
  GOS_ERROR_OUT_OF_HEAP = 9     /* allocation failed, or the message is over the size limit */
} gos_result_t;

#define GOS_FAILED(res, expr) (((res) = (expr)) != GOS_SUCCESS)

typedef void (*gos_handler_t)(void* arg);

typedef struct {
  uint8_t* data;
  uint32_t size; /* bytes */
} gos_buffer_t;

#endif
