/// The functions that a program gave to iv_avt_p2p_init(). They are called on the P2P thread, never under a lock.
#pragma once

#include "iv_av.h"

namespace camspan::iv {

/// A newer SDK lets recv_voice_cb end the voice: `stop` of such a program, else null.
using RecvVoice = void (*)(void* handle, uint8_t* buf, size_t len);
using RecvVoiceWithStop = void (*)(void* handle, uint8_t* buf, size_t len, uint8_t* stop);

struct Callbacks {
  void* (*send_init)(const char* params, const char* peer) = nullptr;
  iv_cm_memory_s (*send_get)(void* handle) = nullptr;
  int (*send_stop)(void* handle) = nullptr;
  void (*notify)(iv_avt_event_e event, void* handle) = nullptr;        // may be null
  void* (*recv_init)(const char* params, const char* peer) = nullptr;  // may be null
  RecvVoice recv_voice = nullptr;                                      // may be null
  RecvVoiceWithStop recv_voice_with_stop = nullptr;                    // at most one of the two
  iv_cm_memory_s (*command)(const char* command, size_t len, const char* peer) = nullptr;

  void tell(iv_avt_event_e event, void* handle = nullptr) const {
    if (notify != nullptr) notify(event, handle);
  }
  bool takes_voice() const {
    return recv_init != nullptr && (recv_voice != nullptr || recv_voice_with_stop != nullptr);
  }
  /// @return true if the program wants no more of it
  bool voice(void* handle, uint8_t* buf, size_t len) const {
    uint8_t stop = 0;
    if (recv_voice_with_stop != nullptr)
      recv_voice_with_stop(handle, buf, len, &stop);
    else
      recv_voice(handle, buf, len);
    return stop != 0;
  }
};

}  // namespace camspan::iv
