/// Board operations: everything Camspan needs from the machine it runs on, as one table of C functions.
///
/// The posix table is the default. A board overrides any entry: copy hal_default(), change entries, hal_register() it
/// before the first other call into Camspan. Entries may be called from any thread unless they say otherwise and must
/// not throw. Functions that return int give 0 or a positive errno value (EAI_* codes are mapped, see hal_resolve).
#ifndef CAMSPAN_HAL_H
#define CAMSPAN_HAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define HAL_API __attribute__((visibility("default")))
#else
#define HAL_API
#endif

/// No function of ours throws. A board's own entries must not either.
#ifdef __cplusplus
#define HAL_NOEXCEPT noexcept
#else
#define HAL_NOEXCEPT
#endif

/// One address to connect to or to listen on. `text` is for messages: "192.0.2.1:443", "[2001:db8::1]:443".
typedef struct hal_address {
  uint8_t bytes[16]; /**< network order; 4 used for IPv4, 16 for IPv6 */
  uint32_t scope;    /**< IPv6 zone index, else 0 */
  uint16_t port;     /**< host order */
  uint8_t family;    /**< 4 or 6 */
  char text[80];
} hal_address;

/// What a socket gets before it connects or listens; sockets accepted from a listening one inherit it.
typedef struct hal_socket_options {
  const char* interface; /**< bind to this network interface (SO_BINDTODEVICE); NULL or "" = any */
  int dscp;              /**< 0..63 for outgoing packets (RFC 2474); -1 = system default */
  int keepalive_s;       /**< TCP keepalive idle time and probe interval, 3 probes; 0 = off */
  int no_delay;          /**< 1 sets TCP_NODELAY */
} hal_socket_options;

/// Who this device is (camspan-wire.md section 8). Strings are NUL-terminated; empty = not known.
typedef struct hal_identity {
  char product_key[65];
  char device_name[65];
  char device_secret[129];
  char hub_url[256];
  char ca_file[512];
} hal_identity;

enum { HAL_TLS_CLIENT = 0, HAL_TLS_SERVER = 1 };
enum { HAL_LOG_ERROR = 0, HAL_LOG_WARN = 1, HAL_LOG_INFO = 2, HAL_LOG_DEBUG = 3, HAL_LOG_TRACE = 4 };

/// File flags of `file_open`. Files are close-on-exec; new ones have mode 0640, folders 0750.
enum { HAL_FILE_READ = 1, HAL_FILE_WRITE = 2, HAL_FILE_CREATE = 4, HAL_FILE_TRUNCATE = 8, HAL_FILE_EXCLUSIVE = 16 };

typedef struct hal_ops {
  // Network ---------------------------------------------------------------------------------------------------
  /// Looks a name up; blocks, so it is called on the HAL's own lookup threads only. Addresses in the order to try.
  /// @return 0, ENOENT (no such name), EAGAIN (name server did not answer), other errno.
  int (*resolve)(const char* host, uint16_t port, hal_address* out, size_t capacity, size_t* count);
  /// Starts a non-blocking TCP connect; the result is known when the descriptor is writable (SO_ERROR).
  /// The caller owns *fd. @return 0 (in progress or done) or errno.
  int (*connect_start)(const hal_address* to, const hal_socket_options* options, int* fd);
  /// Listening, non-blocking, SO_REUSEADDR socket; IPv6 sockets are V6ONLY. port 0 = any. @return 0 or errno.
  int (*listen)(const hal_address* at, const hal_socket_options* options, int backlog, int* fd);

  // TLS -------------------------------------------------------------------------------------------------------
  /// Last touch on a new SSL_CTX (given as void*): a board with keys in a secure element or its own trust store sets
  /// them here. @return 0 or errno; non-zero fails the context.
  int (*tls_context)(void* ssl_ctx, int role);

  // Files -----------------------------------------------------------------------------------------------------
  int (*file_open)(const char* path, int flags, int* fd);
  /// Writes all of it at `offset`, or fails. *written tells how much went in before an error.
  int (*file_write)(int fd, const void* data, size_t size, uint64_t offset, size_t* written);
  /// Reads `size` bytes at `offset`; *count is less only where the file ends.
  int (*file_read)(int fd, void* data, size_t size, uint64_t offset, size_t* count);
  /// Returns when data and size are on stable storage (fdatasync).
  int (*file_sync)(int fd);
  /// Returns when all that was written to the file system that holds `fd`, to any file, is on stable storage: cheaper
  /// than many file_sync(). @return ENOSYS where errors of writing might not be told; sync file by file then.
  int (*disk_sync)(int fd);
  int (*file_truncate)(int fd, uint64_t size);
  int (*file_size)(int fd, uint64_t* size);
  int (*file_close)(int fd);
  /// Atomic rename, then the folder is synced: after return the new name survives power loss.
  int (*file_rename)(const char* from, const char* to);
  /// Removes a file, or a folder with nothing in it (else ENOTEMPTY).
  int (*file_remove)(const char* path);
  /// Creates the folder and its parents; fine if it exists. New folders survive power loss.
  int (*folder_create)(const char* path);
  /// Syncs a folder so that names made in it survive power loss.
  int (*folder_sync)(const char* path);
  /// Bytes an unprivileged writer can still put on the file system of `path`.
  int (*space_free)(const char* path, uint64_t* bytes);

  // Clock, random, identity, log ------------------------------------------------------------------------------
  int64_t (*monotonic_ns)(void);
  int64_t (*utc_ns)(void); /**< nanoseconds since 1970-01-01T00:00:00Z */
  /// Cryptographically strong bytes. @return 0 or errno.
  int (*random)(void* out, size_t size);
  /// Fills what the board knows of itself; the posix default reads CAMSPAN_HUB, CAMSPAN_DEVICE_FILE, CAMSPAN_CA_FILE.
  /// @return 0, or the errno of the first part that failed: it was logged, is empty in *out, and the rest is filled.
  int (*identity)(hal_identity* out);
  /// One line of log, without newline. `category` is a short word such as "net". The caller has filtered by level.
  void (*log)(int level, const char* category, const char* message);
} hal_ops;

/// The posix table. Valid for ever.
HAL_API const hal_ops* hal_default(void) HAL_NOEXCEPT;

/// Makes a copy of `ops` the table in use; NULL entries fall back to the default, and so does the table when `ops` is
/// NULL. Call before any other thread runs.
HAL_API void hal_register(const hal_ops* ops) HAL_NOEXCEPT;

/// The table in use.
HAL_API const hal_ops* hal(void) HAL_NOEXCEPT;

/// Result of hal_resolve(): status as `resolve`, ENODEV for an unknown IPv6 zone, ENOMEM, or EAGAIN when no thread
/// could be started. `addresses` are valid during the call only. Return soon: other lookups wait for this thread.
typedef void (*hal_resolved)(void* user, int status, const hal_address* addresses, size_t count);

/// Looks a name up without blocking: numeric addresses and answers cached within 30 s call back at once on the calling
/// thread, others from one of at most two short-lived lookup threads. Always calls back exactly once; it cannot be
/// cancelled, so `user` must be able to wait as long as the name servers may (about half a minute).
HAL_API void hal_resolve(const char* host, uint16_t port, hal_resolved done, void* user) HAL_NOEXCEPT;

/// Parses a numeric address: "192.0.2.1", "2001:db8::1", "[2001:db8::1]", "fe80::1%eth0".
/// @return 0, EINVAL when it is not one, or ENODEV when it is but this machine has no such zone.
HAL_API int hal_address_parse(const char* host, uint16_t port, hal_address* out) HAL_NOEXCEPT;

/// Reads a file that says who a device is: the `[[device]]` table that `camspan-hub device add` prints (keys id, or
/// product_key and device_name; secret, or secret_file, relative to the folder of the table), or a secret alone on the
/// first line. Sets product_key, device_name and device_secret of *out; what the file does not say becomes empty.
/// @param why  receives a sentence naming the file and the fix on failure; may be NULL
/// @return 0, EINVAL when it is neither of the two, ENAMETOOLONG when a value does not fit, or the errno of reading.
HAL_API int hal_device_file_read(const char* path, hal_identity* out, char* why, size_t why_size) HAL_NOEXCEPT;

#ifdef __cplusplus
}
#endif
#endif
