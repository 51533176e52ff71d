// In a file of its own, where the compiler cannot know what the symbols stand for.
#include "defaults.hpp"
#include "iot_import.h"

namespace camspan::linkkit {

bool program_brings_tls() noexcept {
  return HAL_SSL_Establish != camspan_hal_ssl_establish || HAL_SSL_Destroy != camspan_hal_ssl_destroy ||
         HAL_SSL_Write != camspan_hal_ssl_write || HAL_SSL_Read != camspan_hal_ssl_read;
}

bool program_brings_tcp() noexcept {
  return HAL_TCP_Establish != camspan_hal_tcp_establish || HAL_TCP_Destroy != camspan_hal_tcp_destroy ||
         HAL_TCP_Write != camspan_hal_tcp_write || HAL_TCP_Read != camspan_hal_tcp_read;
}

}  // namespace camspan::linkkit
