/// Ours behind the HAL_* symbols of iot_import.h that a program may replace. Each is weak; the strong functions here
/// are what the symbols stand for as long as nobody does.
#pragma once

#include <cstddef>
#include <cstdint>

namespace camspan::linkkit {

/// True if the program brings a HAL_SSL_* of its own: then the client calls those four, whoever defined them.
bool program_brings_tls() noexcept;
/// The same for HAL_TCP_*.
bool program_brings_tcp() noexcept;

}  // namespace camspan::linkkit

extern "C" {
std::uintptr_t camspan_hal_ssl_establish(const char* host, std::uint16_t port, const char* ca,
                                         std::size_t ca_size) noexcept;
std::int32_t camspan_hal_ssl_destroy(std::uintptr_t handle) noexcept;
std::int32_t camspan_hal_ssl_write(std::uintptr_t handle, const char* data, int size, int timeout_ms) noexcept;
std::int32_t camspan_hal_ssl_read(std::uintptr_t handle, char* data, int size, int timeout_ms) noexcept;
std::uintptr_t camspan_hal_tcp_establish(const char* host, std::uint16_t port) noexcept;
std::int32_t camspan_hal_tcp_destroy(std::uintptr_t fd) noexcept;
std::int32_t camspan_hal_tcp_write(std::uintptr_t fd, const char* data, std::uint32_t size,
                                   std::uint32_t timeout_ms) noexcept;
std::int32_t camspan_hal_tcp_read(std::uintptr_t fd, char* data, std::uint32_t size, std::uint32_t timeout_ms) noexcept;
}
