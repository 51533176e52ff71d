// The functions of iv_av.h that carry frames: declared, so that mixed programs compile.
#include "iv_av.h"
#include "iv_err.h"

int iv_avt_init(const iv_avt_init_parm_s*) {
  return IV_ERR_SYS_NOT_SUPPORT;
}

int iv_avt_exit(void) {
  return IV_ERR_SYS_NOT_SUPPORT;
}

int iv_avt_send_stream(uint32_t, uint32_t, iv_avt_video_res_type_e, iv_avt_stream_type_e, void*) {
  return IV_ERR_SYS_NOT_SUPPORT;
}

int iv_avt_get_send_stream_status(uint32_t, uint32_t, iv_avt_video_res_type_e, iv_p2p_send_stats_s*) {
  return IV_ERR_SYS_NOT_SUPPORT;
}

size_t iv_avt_get_send_stream_buf(uint32_t, uint32_t, iv_avt_video_res_type_e) {
  return 0;
}

int iv_avt_send_finish_stream(uint32_t, uint32_t, iv_avt_video_res_type_e) {
  return IV_ERR_SYS_NOT_SUPPORT;
}

int iv_avt_send_finish_stream_msg(uint32_t, uint32_t, iv_avt_video_res_type_e) {
  return IV_ERR_SYS_NOT_SUPPORT;
}

int iv_avt_recv_finish_stream(uint32_t, uint32_t) {
  return IV_ERR_SYS_NOT_SUPPORT;
}

int iv_avt_send_command(uint32_t, const char*, size_t, unsigned char*, size_t*, uint32_t) {
  return IV_ERR_SYS_NOT_SUPPORT;
}
