/// The entries of the posix table, each documented in camspan/hal.h, and what they share. Private to hal/.
#pragma once

#include <camspan/hal.h>

#include <netdb.h>
#include <sys/socket.h>
#include <span>

namespace camspan::posix {

// resolve.cpp
int resolve(const char* host, uint16_t port, hal_address* out, size_t capacity, size_t* count) noexcept;
/// Alternates the address families, beginning with the first one's and keeping the order within each: RFC 8305
/// section 4 with a First Address Family Count of 1.
void interleave(std::span<hal_address> addresses) noexcept;
/// errno value for a result of getaddrinfo().
int resolve_status(int eai) noexcept;

// net.cpp
int connect_start(const hal_address* to, const hal_socket_options* options, int* fd) noexcept;
int listen(const hal_address* at, const hal_socket_options* options, int backlog, int* fd) noexcept;

// files.cpp
int file_open(const char* path, int flags, int* fd) noexcept;
int file_write(int fd, const void* data, size_t size, uint64_t offset, size_t* written) noexcept;
int file_read(int fd, void* data, size_t size, uint64_t offset, size_t* count) noexcept;
int file_sync(int fd) noexcept;
int disk_sync(int fd) noexcept;
int file_truncate(int fd, uint64_t size) noexcept;
int file_size(int fd, uint64_t* size) noexcept;
int file_close(int fd) noexcept;
int file_rename(const char* from, const char* to) noexcept;
int file_remove(const char* path) noexcept;
int folder_create(const char* path) noexcept;
int folder_sync(const char* path) noexcept;
int space_free(const char* path, uint64_t* bytes) noexcept;

// identity.cpp
int identity(hal_identity* out) noexcept;

// address.cpp
/// @return the length of *out.
socklen_t to_sockaddr(const hal_address& address, sockaddr_storage* out) noexcept;
/// @return false when the family is neither IPv4 nor IPv6.
bool from_sockaddr(const sockaddr* in, uint16_t port, hal_address* out) noexcept;

/// Puts a sentence into the `why` buffer of a C function, cut to fit.
void put_why(const char* sentence, char* why, size_t why_size) noexcept;

}  // namespace camspan::posix
