/// Where the callbacks of the public classes run.
#pragma once

#include "net/io_thread.hpp"

namespace camspan {

/// One for the process. It is never stopped: a callback that still runs may end the last user, and a thread cannot wait
/// for itself.
net::IoThread& notify_thread();

}  // namespace camspan
