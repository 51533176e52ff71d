/* A program whose recv_voice_cb has the fourth argument of the newest SDK. */
#define IV_AVT_P2P_RECV_VOICE_STOP 1
#include "iv_av.h"
#include "iv_err.h"

static void recv_voice(void* handle, uint8_t* recv_buf, size_t recv_len, uint8_t* stop) {
  (void)handle, (void)recv_buf, (void)recv_len;
  *stop = 1;
}

/* It is another function, so that no call goes through a type that is not its own. */
int iv_voice_stop_c(void) {
  iv_p2p_parm_s parm = {0};
  parm.p2p_handle_recv_voice_cb = recv_voice;
  return sizeof parm == (sizeof(void*) == 8 ? 232 : 172) && iv_avt_p2p_init(&parm) == IV_ERR_AVT_INIT_CB_NULL;
}
