/// What a listening socket gets, and those accepted from it.
#pragma once

namespace camspan::net {

struct ListenOptions {
  const char* interface = "";  ///< listen on this network interface alone; "" = any. Valid for the call
  int dscp = -1;               ///< 0..63 of outgoing packets; -1 = the system's
  int max_unsent_bytes = 0;    ///< that the system takes beyond what is on its way (TCP_NOTSENT_LOWAT); 0 = no bound
};

}  // namespace camspan::net
