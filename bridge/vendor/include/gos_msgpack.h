/// Gecko OS 4: MessagePack. Objects that are read stay valid until gos_msgpack_free_objects(); one thread at a time.
#ifndef GOS_MSGPACK_H
#define GOS_MSGPACK_H

#include "gos_types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  MSGPACK_TYPE_NIL,
  MSGPACK_TYPE_BOOL,
  MSGPACK_TYPE_INT8,
  MSGPACK_TYPE_UINT8,
  MSGPACK_TYPE_INT16,
  MSGPACK_TYPE_UINT16,
  MSGPACK_TYPE_INT32,
  MSGPACK_TYPE_UINT32,
  MSGPACK_TYPE_FLOAT,
  MSGPACK_TYPE_INT64,
  MSGPACK_TYPE_UINT64,
  MSGPACK_TYPE_DOUBLE,
  MSGPACK_TYPE_STR,
  MSGPACK_TYPE_BIN,
  MSGPACK_TYPE_DICT,
  MSGPACK_TYPE_ARRAY,
  /* Only to ask for, never the type of an object: */
  MSGPACK_TYPE_ANY,
  MSGPACK_TYPE_INT,        /* any integer that int64_t holds: small numbers are packed without a sign */
  MSGPACK_TYPE_UINT,       /* any integer that is not negative */
  MSGPACK_TYPE_INT_OR_UINT /* any integer */
} gos_msgpack_type_t;

typedef enum {
  MSGPACK_OBJECT_FLAG_NONE = 0,
  MSGPACK_OBJECT_FLAG_WAS_ALLOCATED = (1 << 0),
  MSGPACK_OBJECT_FLAG_AUTO_FREE_USER = (1 << 1)
} gos_msgpack_object_flag_t;

typedef enum {
  MSGPACK_FLAGS_NONE = 0,
  MSGPACK_DESERIALIZE_WITH_PERSISTENT_STRINGS = (1 << 0), /* strings are copied in any case */
  MSGPACK_PACK_16BIT_DICTS = (1 << 1)                     /* dict markers have 16 bits, however few pairs follow */
} gos_msgpack_flag_t;

typedef struct {
  gos_msgpack_type_t type;
  gos_msgpack_object_flag_t flags;
} gos_msgpack_object_t;

typedef union {
  bool boolean;
  int8_t s;
  uint8_t u;
} gos_msgpack_data8_t;

typedef union {
  int16_t s;
  uint16_t u;
} gos_msgpack_data16_t;

typedef union {
  int32_t s;
  uint32_t u;
  float flt;
} gos_msgpack_data32_t;

typedef union {
  int64_t s;
  uint64_t u;
  double dbl;
} gos_msgpack_data64_t;

typedef struct {
  gos_msgpack_type_t type;
  gos_msgpack_object_flag_t flags;
  gos_msgpack_data8_t data;
} gos_msgpack_object8_t;

typedef struct {
  gos_msgpack_type_t type;
  gos_msgpack_object_flag_t flags;
  gos_msgpack_data16_t data;
} gos_msgpack_object16_t;

typedef struct {
  gos_msgpack_type_t type;
  gos_msgpack_object_flag_t flags;
  gos_msgpack_data32_t data;
} gos_msgpack_object32_t;

typedef struct {
  gos_msgpack_type_t type;
  gos_msgpack_object_flag_t flags;
  gos_msgpack_data64_t data;
} gos_msgpack_object64_t;

typedef struct {
  gos_msgpack_type_t type;
  gos_msgpack_object_flag_t flags;
  uint32_t length;  /* bytes, without the NUL that follows them */
  const char* data; /* of the object */
} gos_msgpack_object_str_t;

typedef struct {
  gos_msgpack_type_t type;
  gos_msgpack_object_flag_t flags;
  uint32_t length;     /* bytes */
  const uint8_t* data; /* of the object */
} gos_msgpack_object_bin_t;

/* Their content is reached by functions only. */
typedef struct gos_msgpack_object_dict gos_msgpack_object_dict_t;
typedef struct gos_msgpack_object_array gos_msgpack_object_array_t;
typedef struct gos_msgpack_dict_entry gos_msgpack_dict_entry_t;

typedef gos_result_t (*gos_msgpack_writer_t)(void* user, const void* data, uint32_t length);
typedef gos_result_t (*gos_msgpack_iterator_t)(const gos_msgpack_object_t* key, const gos_msgpack_object_t* value,
                                               void* arg);

/* Where packed bytes go: to `writer`, or into the memory from `buffer` to `end`; never both. */
typedef struct {
  gos_msgpack_writer_t writer;
  gos_msgpack_flag_t flags;
  void* user;
  uint8_t* buffer;
  uint8_t* ptr; /* next free byte */
  uint8_t* end; /* one past the last */
} gos_msgpack_context_t;

#define MSGPACK_INIT_WITH_BUFFER(context, memory, length) \
  do {                                                    \
    (context)->writer = NULL;                             \
    (context)->flags = MSGPACK_FLAGS_NONE;                \
    (context)->user = NULL;                               \
    (context)->buffer = (uint8_t*)(memory);               \
    (context)->ptr = (context)->buffer;                   \
    (context)->end = (context)->buffer + (length);        \
  } while (0)

#define MSGPACK_INIT_WITH_WRITER(context, function, argument) \
  do {                                                        \
    (context)->writer = (function);                           \
    (context)->flags = MSGPACK_FLAGS_NONE;                    \
    (context)->user = (argument);                             \
    (context)->buffer = NULL;                                 \
    (context)->ptr = NULL;                                    \
    (context)->end = NULL;                                    \
  } while (0)

/* The value of an object whose type is known. */
#define MSGPACK_BOOL(o) (((const gos_msgpack_object8_t*)(o))->data.boolean)
#define MSGPACK_INT8(o) (((const gos_msgpack_object8_t*)(o))->data.s)
#define MSGPACK_UINT8(o) (((const gos_msgpack_object8_t*)(o))->data.u)
#define MSGPACK_INT16(o) (((const gos_msgpack_object16_t*)(o))->data.s)
#define MSGPACK_UINT16(o) (((const gos_msgpack_object16_t*)(o))->data.u)
#define MSGPACK_INT32(o) (((const gos_msgpack_object32_t*)(o))->data.s)
#define MSGPACK_UINT32(o) (((const gos_msgpack_object32_t*)(o))->data.u)
#define MSGPACK_INT64(o) (((const gos_msgpack_object64_t*)(o))->data.s)
#define MSGPACK_UINT64(o) (((const gos_msgpack_object64_t*)(o))->data.u)
#define MSGPACK_FLOAT(o) (((const gos_msgpack_object32_t*)(o))->data.flt)
#define MSGPACK_DOUBLE(o) (((const gos_msgpack_object64_t*)(o))->data.dbl)
#define MSGPACK_DICT_TYPE(o, key, type) gos_msgpack_get_dict_object((const gos_msgpack_object_dict_t*)(o), key, type)
#define MSGPACK_DICT(o, key) MSGPACK_DICT_TYPE(o, key, MSGPACK_TYPE_ANY)
#define MSGPACK_DICT_STR(o, key) ((gos_msgpack_object_str_t*)MSGPACK_DICT_TYPE(o, key, MSGPACK_TYPE_STR))
#define MSGPACK_DICT_BIN(o, key) ((gos_msgpack_object_bin_t*)MSGPACK_DICT_TYPE(o, key, MSGPACK_TYPE_BIN))
#define MSGPACK_STR(o, buf, len) gos_msgpack_get_str((const gos_msgpack_object_t*)(o), buf, len)
#define MSGPACK_TO_STR(o, buf, len) gos_msgpack_to_str((const gos_msgpack_object_t*)(o), buf, len)
#define MSGPACK_FOREACH_RECURSIVE(o, cb, arg) gos_msgpack_foreach((const gos_msgpack_object_t*)(o), cb, arg, UINT32_MAX)

/* Reading. Functions that look at objects take NULL and answer NULL, 0 or false then, so that they can be chained; so
   they do for a missing key or another type. */

/* Reads the one value that `buffer` holds, which is copied. Containers may lie 32 deep.
   @return GOS_ERROR when it is not exactly one value; *root_ptr is NULL then */
gos_result_t gos_msgpack_deserialize_with_buffer(gos_msgpack_object_t** root_ptr, const void* buffer, uint32_t length,
                                                 gos_msgpack_flag_t flags);
void gos_msgpack_free_objects(void* root_obj);
gos_msgpack_object_t* gos_msgpack_get_dict_object(const gos_msgpack_object_dict_t* dict, const char* key,
                                                  gos_msgpack_type_t type);
gos_msgpack_object_t* gos_msgpack_get_array_object(const gos_msgpack_object_array_t* array, uint32_t index,
                                                   gos_msgpack_type_t type);
/* Calls back for each entry (`key` is NULL in arrays), containers before their content, `depth` levels below this one;
   a result other than GOS_SUCCESS ends the walk and is returned. */
gos_result_t gos_msgpack_foreach(const gos_msgpack_object_t* dict_or_array, gos_msgpack_iterator_t iterator_callback,
                                 void* arg, uint32_t depth);
/* The value as text, cut to fit, NUL at the end. @return buffer */
char* gos_msgpack_to_str(const gos_msgpack_object_t* obj, char* buffer, uint32_t max_length);
bool gos_msgpack_object_is_type(const gos_msgpack_object_t* object, gos_msgpack_type_t type);
/* A number that does not fit becomes the nearest one that does. */
int32_t gos_msgpack_get_int(const gos_msgpack_object_t* object);
uint32_t gos_msgpack_get_uint(const gos_msgpack_object_t* object);
int64_t* gos_msgpack_get_long(const gos_msgpack_object_t* object, int64_t* buffer);
uint64_t* gos_msgpack_get_ulong(const gos_msgpack_object_t* object, uint64_t* buffer);
/* The text of a str, cut to fit, NUL at the end. @return buffer, or NULL for other values */
char* gos_msgpack_get_str(const gos_msgpack_object_t* object, char* buffer, uint16_t max_length);

/* Takes a value of `dict_obj`, and its key, out and frees them. */
gos_result_t gos_msgpack_remove_dict_object(gos_msgpack_object_dict_t* dict_obj, void* obj);
/* Hangs something on an object. @param auto_free  gos_free() it with the object */
gos_result_t gos_msgpack_set_user_context(gos_msgpack_object_t* obj, void* user, bool auto_free);
gos_result_t gos_msgpack_get_user_context(const gos_msgpack_object_t* obj, void** user_ptr);

/* Writing. A marker is the header alone: so many bytes, elements, or keys with values are to follow. Integers take
   their shortest form. GOS_ERROR_OUT_OF_BUFFERS when a buffer is full: nothing of that value, or pair, is written then.
 */

gos_result_t gos_msgpack_write_int(gos_msgpack_context_t* context, int32_t value);
gos_result_t gos_msgpack_write_uint(gos_msgpack_context_t* context, uint32_t value);
gos_result_t gos_msgpack_write_long(gos_msgpack_context_t* context, int64_t value);
gos_result_t gos_msgpack_write_ulong(gos_msgpack_context_t* context, uint64_t value);
gos_result_t gos_msgpack_write_float(gos_msgpack_context_t* context, float value);
gos_result_t gos_msgpack_write_double(gos_msgpack_context_t* context, double value);
gos_result_t gos_msgpack_write_bool(gos_msgpack_context_t* context, bool value);
gos_result_t gos_msgpack_write_nil(gos_msgpack_context_t* context);
gos_result_t gos_msgpack_write_str(gos_msgpack_context_t* context, const char* str);
gos_result_t gos_msgpack_write_str_marker(gos_msgpack_context_t* context, uint32_t size);
gos_result_t gos_msgpack_write_bin(gos_msgpack_context_t* context, const void* data, uint32_t length);
gos_result_t gos_msgpack_write_bin_marker(gos_msgpack_context_t* context, uint32_t size);
/* A value that is packed already: what was written to another context that keeps it (a buffer, a buffered writer). */
gos_result_t gos_msgpack_write_context(gos_msgpack_context_t* context, const gos_msgpack_context_t* value_context);
gos_result_t gos_msgpack_write_dict_marker(gos_msgpack_context_t* context, uint32_t size);
gos_result_t gos_msgpack_write_array_marker(gos_msgpack_context_t* context, uint32_t size);

gos_result_t gos_msgpack_write_dict_int(gos_msgpack_context_t* context, const char* key, int32_t value);
gos_result_t gos_msgpack_write_dict_uint(gos_msgpack_context_t* context, const char* key, uint32_t value);
gos_result_t gos_msgpack_write_dict_long(gos_msgpack_context_t* context, const char* key, int64_t value);
gos_result_t gos_msgpack_write_dict_ulong(gos_msgpack_context_t* context, const char* key, uint64_t value);
gos_result_t gos_msgpack_write_dict_float(gos_msgpack_context_t* context, const char* key, float value);
gos_result_t gos_msgpack_write_dict_double(gos_msgpack_context_t* context, const char* key, double value);
gos_result_t gos_msgpack_write_dict_bool(gos_msgpack_context_t* context, const char* key, bool value);
gos_result_t gos_msgpack_write_dict_nil(gos_msgpack_context_t* context, const char* key);
gos_result_t gos_msgpack_write_dict_str(gos_msgpack_context_t* context, const char* key, const char* str);
gos_result_t gos_msgpack_write_dict_bin(gos_msgpack_context_t* context, const char* key, const void* data,
                                        uint32_t length);
gos_result_t gos_msgpack_write_dict_dict(gos_msgpack_context_t* context, const char* key, uint32_t size);
gos_result_t gos_msgpack_write_dict_array(gos_msgpack_context_t* context, const char* key, uint32_t size);

/* A context with memory that grows. */
gos_result_t gos_msgpack_buffered_writer_init(gos_msgpack_context_t** context_ptr, uint32_t initial_length);
/* @param free_buffer  false: the caller has taken the buffer by _get_buffer() and frees it later by gos_free() */
gos_result_t gos_msgpack_buffered_writer_deinit(gos_msgpack_context_t* context, bool free_buffer);
gos_result_t gos_msgpack_buffered_writer_get_buffer(const gos_msgpack_context_t* context, gos_buffer_t* buffer);
void gos_free(void* memory);

#ifdef __cplusplus
}
#endif

#endif
