/// Tells the user of an upload what happens.
#pragma once

#include <camspan/h2_push.hpp>

#include "api/event_notifier.hpp"

namespace camspan {

using Notifier = EventNotifier<H2PushEvents>;

}  // namespace camspan
