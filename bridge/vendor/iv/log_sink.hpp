/// Where the lines of the log go while a program runs.
#pragma once

#include <string>

#include "iv_av.h"

namespace camspan::iv {

/// The log of the process goes to a file from now on (log_file.hpp). Any thread.
void log_to(const std::string& path, std::uint64_t max_bytes, iv_avt_p2p_log_level_e level);
/// And to nowhere any more.
void log_to_nowhere();
void set_log_level(iv_avt_p2p_log_level_e level);
iv_avt_p2p_log_level_e log_level();

}  // namespace camspan::iv
