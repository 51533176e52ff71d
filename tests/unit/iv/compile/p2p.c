/* A program that names everything of the iv_*.h headers: compiled as C11 and as C++17, and linked. */
#include "iv_av.h"
#include "iv_err.h"

#ifdef __cplusplus
#define CHECK(condition) static_assert(condition, #condition)
#define NAMED(name) name##_cpp
extern "C" {
#else
#define CHECK(condition) _Static_assert(condition, #condition)
#define NAMED(name) name##_c
#endif

/* iv_err.h */
CHECK(IV_ERR_NONE == 0);
CHECK(IV_ERR_SYS_INIT_PRM_NULL == -100 && IV_ERR_SYS_INIT_CB_NULL == -101 && IV_ERR_SYS_INIT_PRM_RANGE == -102);
CHECK(IV_ERR_SYS_DEVICE_INFORMATION == -103 && IV_ERR_SYS_DYNAMIC_REG_DEVIECE == -104);
CHECK(IV_ERR_SYS_NOT_SUPPORT == -105 && IV_ERR_SYS_NTP_NOT_AVAILABLE == -106 && IV_ERR_SYS_FILE_OPT_FAIL == -107);
CHECK(IV_ERR_SYS_MALLOC_FAIL == -108 && IV_ERR_SYS_COMMUNICATE_FAIL == -109);
CHECK(IV_ERR_SYS_COMMUNICATE_TIMEOUT == -110 && IV_ERR_SYS_MAX_RETRY_COUNT == -111);
CHECK(IV_ERR_AVT_INIT_PRM_NULL == -300 && IV_ERR_AVT_INIT_CB_NULL == -301 && IV_ERR_AVT_INIT_PRM_RANGE == -302);
CHECK(IV_ERR_AVT_REQ_CHN_BUSY == -303 && IV_ERR_AVT_SEND_STREAM_TOO_BIG == -304 && IV_ERR_AVT_CHN_NOT_EXIT == -305);
CHECK(IV_ERR_AVT_NEED_IDR_FRAME == -306 && IV_ERR_AVT_MALLOC_BUFFER_FAILED == -307 && IV_ERR_AVT_FAILED == -308);
CHECK(IV_ERR_AVT_INPUT_PARAM_NULL == -309 && IV_ERR_AVT_INPUT_PARAM_INVAILD == -310);
CHECK(IV_ERR_AVT_SEND_DATA_TIMEOUT == -311 && IV_ERR_AVT_STATE_ERROR == -312 && IV_ERR_AVT_VIDEO_DATA_ERROR == -313);
CHECK(IV_ERR_DEVICE_OFFLINE == -1001);
CHECK(sizeof(iv_err_code_e) == 4);

/* iv_sys.h */
CHECK(IV_eLOG_DISABLE == 0 && IV_eLOG_ERROR == 1 && IV_eLOG_WARN == 2 && IV_eLOG_INFO == 3 && IV_eLOG_DEBUG == 4);

/* iv_cm.h */
CHECK(MAX_FILE_NAME_LENGTH == 128);
CHECK(IV_CM_AENC_TYPE_PCM == 0 && IV_CM_AENC_TYPE_G711A == 1 && IV_CM_AENC_TYPE_G711U == 2);
CHECK(IV_CM_AENC_TYPE_G726 == 3 && IV_CM_AENC_TYPE_AAC == 4 && IV_CM_AENC_TYPE_AMR == 5);
CHECK(IV_CM_AENC_TYPE_ADPCMA == 6 && IV_CM_AENC_TYPE_BUTT == 7);
CHECK(IV_CM_AAC_TYPE_NONE == 0 && IV_CM_AAC_TYPE_MAIN == 1 && IV_CM_AAC_TYPE_LC == 2 && IV_CM_AAC_TYPE_SSR == 3);
CHECK(IV_CM_AAC_TYPE_LTP == 4 && IV_CM_AAC_TYPE_SBR == 5 && IV_CM_AAC_TYPE_SCALCBLE == 6);
CHECK(IV_CM_AAC_TYPE_TWINVQ == 7 && IV_CM_AAC_TYPE_CELP == 8 && IV_CM_AAC_TYPE_HVXC == 9);
CHECK(IV_CM_AAC_TYPE_BUTT == 10);
CHECK(IV_CM_AENC_SAMPLE_RATE_8000 == 8000 && IV_CM_AENC_SAMPLE_RATE_11025 == 11025);
CHECK(IV_CM_AENC_SAMPLE_RATE_12000 == 12000 && IV_CM_AENC_SAMPLE_RATE_16000 == 16000);
CHECK(IV_CM_AENC_SAMPLE_RATE_22050 == 22050 && IV_CM_AENC_SAMPLE_RATE_24000 == 24000);
CHECK(IV_CM_AENC_SAMPLE_RATE_32000 == 32000 && IV_CM_AENC_SAMPLE_RATE_44100 == 44100);
CHECK(IV_CM_AENC_SAMPLE_RATE_48000 == 48000 && IV_CM_AENC_SAMPLE_RATE_64000 == 64000);
CHECK(IV_CM_AENC_SAMPLE_RATE_96000 == 96000 && IV_CM_AENC_SAMPLE_RATE_BUTT == 96001);
CHECK(IV_CM_AENC_BIT_WIDTH_8 == 0 && IV_CM_AENC_BIT_WIDTH_16 == 1 && IV_CM_AENC_BIT_WIDTH_24 == 2);
CHECK(IV_CM_AENC_BIT_WIDTH_BUTT == 3);
CHECK(IV_CM_AENC_MODE_MONO == 0 && IV_CM_AENC_MODE_STEREO == 1 && IV_CM_AENC_MODE_BUTT == 2);
CHECK(IV_CM_FILE_TYPE_VIDEO == 0 && IV_CM_FILE_TYPE_PIC == 1);
CHECK(IV_CM_STREAM_TYPE_AUDIO == 0 && IV_CM_STREAM_TYPE_VIDEO == 1 && IV_CM_STREAM_TYPE_BUTT == 2);
CHECK(IV_CM_VENC_TYPE_H264 == 0 && IV_CM_VENC_TYPE_H265 == 1 && IV_CM_VENC_TYPE_MJPG == 2);
CHECK(IV_CM_VENC_TYPE_BUTT == 3);
CHECK(IV_CM_PIXEL_VARIABLE == 0 && IV_CM_PIXEL_240x320 == 1 && IV_CM_PIXEL_320x240 == 2);
CHECK(IV_CM_PIXEL_480x352 == 3 && IV_CM_PIXEL_480x640 == 4 && IV_CM_PIXEL_TYPE_BUTT == 5);
CHECK(IV_CM_FRAME_TYPE_I == 0 && IV_CM_FRAME_TYPE_P == 1 && IV_CM_FRAME_TYPE_BUTT == 2);
CHECK(IV_CM_WIFI_ENC_TYPE_OPEN == 0 && IV_CM_WIFI_ENC_TYPE_WEP == 1 && IV_CM_WIFI_ENC_TYPE_WPA == 2);
CHECK(IV_CM_WIFI_ENC_TYPE_BUTT == 3);

/* iv_av.h */
CHECK(IV_AVT_EVENT_P2P_PEER_READY == 0 && IV_AVT_EVENT_P2P_PEER_CONNECT_FAIL == 1);
CHECK(IV_AVT_EVENT_P2P_PEER_ERROR == 2 && IV_AVT_EVENT_P2P_PEER_ADDR_CHANGED == 3);
CHECK(IV_AVT_EVENT_P2P_WATERMARK_LOW == 4 && IV_AVT_EVENT_P2P_WATERMARK_WARN == 5);
CHECK(IV_AVT_EVENT_P2P_WATERMARK_HIGH == 6 && IV_AVT_EVENT_P2P_LOCAL_NET_READY == 7);
CHECK(IV_AVT_EVENT_P2P_LINK_DISCONNECT == 8 && IV_AVT_EVENT_P2P_CLI_SEND_CLOSE == 9 && IV_AVT_EVENT_P2P_BUTT == 10);
CHECK(IV_AVT_P2P_LOG_DISABLE == 0 && IV_AVT_P2P_LOG_ERROR == 1 && IV_AVT_P2P_LOG_WARN == 2);
CHECK(IV_AVT_P2P_LOG_INFO == 3 && IV_AVT_P2P_LOG_DEBUG == 4 && IV_AVT_P2P_LOG_VERBOSE == 5);
CHECK(IV_AVT_P2P_NIC_NORMAL == 0 && IV_AVT_P2P_NIC_NAT_EX == 1);
CHECK(IV_AVT_P2P_UDP == 0 && IV_AVT_P2P_TCP == 1 && IV_AVT_P2P_AUTO == 2);
CHECK(IV_AVT_STREAM_TYPE_AUDIO == 0 && IV_AVT_STREAM_TYPE_VIDEO == 1 && IV_AVT_STREAM_TYPE_AV == 2);
CHECK(IV_AVT_STREAM_TYPE_MJPG == 3 && IV_AVT_STREAM_TYPE_BUTT == 4);
CHECK(IV_AVT_DEV_ACCEPT == 0 && IV_AVT_DEV_REFUSE == 1 && IV_AVT_DEV_STATUS_BUTT == 10);
CHECK(IV_AVT_REQUEST_SEND_STREAM == 0 && IV_AVT_REQUEST_RECV_STREAM == 1 && IV_AVT_REQUEST_BUTT == 2);
CHECK(IV_AVT_VIDEO_RES_FL == 0 && IV_AVT_VIDEO_RES_SD == 1 && IV_AVT_VIDEO_RES_HD == 2 && IV_AVT_VIDEO_RES_PB == 3);
CHECK(IV_AVT_VIDEO_AUDIO == 4 && IV_AVT_VIDEO_RES_BUTT == 5);
CHECK(IV_AVT_COMMAND_USR_DATA == 0 && IV_AVT_COMMAND_REQ_STREAM == 1 && IV_AVT_COMMAND_CHN_NAME == 2);
CHECK(IV_AVT_COMMAND_REQ_IFRAME == 3 && IV_AVT_COMMAND_PLAYBACK_PAUSE == 4 && IV_AVT_COMMAND_PLAYBACK_RESUME == 5);
CHECK(IV_AVT_COMMAND_PLAYBACK_QUERY_MONTH == 6 && IV_AVT_COMMAND_PLAYBACK_QUERY_DAY == 7);
CHECK(IV_AVT_COMMAND_PLAYBACK_SEEK == 8 && IV_AVT_COMMAND_PLAYBACK_FF == 9 && IV_AVT_COMMAND_PLAYBACK_SPEED == 10);
CHECK(IV_AVT_COMMAND_PLAYBACK_REWIND == 11 && IV_AVT_COMMAND_PLAYBACK_PROGRESS == 12);
CHECK(IV_AVT_COMMAND_QUERY_FILE_LIST == 13 && IV_AVT_COMMAND_CALL_ANSWER == 14 && IV_AVT_COMMAND_CALL_HANG_UP == 15);
CHECK(IV_AVT_COMMAND_CALL_REJECT == 16 && IV_AVT_COMMAND_CALL_CANCEL == 17 && IV_AVT_COMMAND_CALL_BUSY == 18);
CHECK(IV_AVT_COMMAND_CALL_TIMEOUT == 19 && IV_AVT_COMMAND_CALL_AV_CLOSE == 20);
CHECK(IV_AVT_COMMAND_CALL_AV_AUDIO_ONLY == 21 && IV_AVT_COMMAND_CALL_AV_VIDEO_ONLY == 22);
CHECK(IV_AVT_COMMAND_CALL_AV_AUDIO_VIDEO == 23 && IV_AVT_COMMAND_TYPE_BUTT == 24);
CHECK(IV_AVT_DOWNLOAD_STATUS_START == 0 && IV_AVT_DOWNLOAD_STATUS_RUNNING == 1 && IV_AVT_DOWNLOAD_STATUS_STOP == 2);
CHECK(IV_AVT_DOWNLOAD_STATUS_BUTT == 3);

/* Sizes and offsets: LP64 / i386 */
#if UINTPTR_MAX > 0xffffffffu
#define LAYOUT(lp64, i386) (lp64)
#else
#define LAYOUT(lp64, i386) (i386)
#endif
#define SIZE(type, lp64, i386) CHECK(sizeof(type) == LAYOUT(lp64, i386))
#define AT(type, member, lp64, i386) CHECK(offsetof(type, member) == LAYOUT(lp64, i386))

SIZE(iv_cm_memory_s, 24, 12);
AT(iv_cm_memory_s, size, 8, 4);
AT(iv_cm_memory_s, buf_free_fn, 16, 8);
SIZE(iv_cm_mjpg_pixel_s, 8, 8);
SIZE(iv_cm_aenc_pack_s, 32, 20);
AT(iv_cm_aenc_pack_s, u64PTS, 16, 8);
SIZE(iv_cm_aenc_stream_s, 72, 36);
SIZE(iv_cm_venc_pack_s, 32, 24);
AT(iv_cm_venc_pack_s, eFrameType, 24, 16);
AT(iv_cm_venc_pack_s, u32Seq, 28, 20);
SIZE(iv_cm_venc_stream_s, 72, 36);
SIZE(iv_cm_avenc_stream_s, 144, 72);
SIZE(iv_cm_av_data_info_s, 56, 56);
AT(iv_cm_av_data_info_s, eVideoType, 24, 24);
AT(iv_cm_av_data_info_s, u32Reserve, 40, 40);
SIZE(iv_cm_time_fragment_s, 24, 20);
SIZE(iv_cm_pb_list_s, 8, 4);
AT(iv_cm_pb_list_s, file_list, 8, 4);
SIZE(iv_cm_query_rd_by_month_s, 16, 16);
AT(iv_cm_query_rd_by_month_s, day, 12, 12);
SIZE(iv_cm_query_rd_by_day_s, 40, 28);
SIZE(iv_cm_file_info_s, 168, 156);
AT(iv_cm_file_info_s, file_size, 132, 132);
AT(iv_cm_file_info_s, extra_info, 144, 144);
SIZE(iv_cm_file_list_s, 8, 4);
SIZE(iv_cm_query_file_list_s, 40, 28);
SIZE(iv_cm_download_param_s, 132, 132);
SIZE(iv_cm_pb_seek_s, 8, 8);
SIZE(iv_cm_pb_ff_s, 4, 4);
SIZE(iv_cm_pb_speed_s, 4, 4);
SIZE(iv_cm_pb_rewind_s, 16, 16);
SIZE(p2p_keep_alive_s, 2, 2);
SIZE(avt_xp2p_ops_s, 2, 2);
SIZE(p2p_keep_alive_cfg, 2, 2);
SIZE(iv_p2p_send_stats_s, 24, 20);
AT(iv_p2p_send_stats_s, sum_sent_acked, 8, 8);
AT(iv_p2p_send_stats_s, link_mode, 16, 16);
SIZE(p2p_init_params_s, 80, 60);
AT(p2p_init_params_s, log_file_path, 8, 4);
AT(p2p_init_params_s, mtu_size, 20, 12);
AT(p2p_init_params_s, proxy_ip, 48, 36);
AT(p2p_init_params_s, need_pre_connect, 72, 56);
SIZE(local_net_info_s, 88, 80);
AT(local_net_info_s, vendor_id, 72, 72);
SIZE(iv_p2p_parm_s, 232, 172);
AT(iv_p2p_parm_s, p2p_handle_send_init_cb, 0, 0);
AT(iv_p2p_parm_s, p2p_handle_send_get_cb, 8, 4);
AT(iv_p2p_parm_s, p2p_handle_send_stop_cb, 16, 8);
AT(iv_p2p_parm_s, p2p_handle_event_notify_cb, 24, 12);
AT(iv_p2p_parm_s, p2p_handle_recv_init_cb, 32, 16);
AT(iv_p2p_parm_s, p2p_handle_recv_voice_cb, 40, 20);
AT(iv_p2p_parm_s, p2p_handle_command_cb, 48, 24);
AT(iv_p2p_parm_s, p2p_keep_alive, 56, 28);
AT(iv_p2p_parm_s, p2p_init_params, 64, 32);
AT(iv_p2p_parm_s, net_info, 144, 92);
AT(iv_avt_init_parm_s, iv_avt_get_peer_outer_net_cb, 88, 48);
AT(iv_avt_init_parm_s, congestion, 96, 52);

#ifndef LAYOUT_ALONE
/* What is called while nothing runs: the state error of each, and nothing else. */
int NAMED(iv_calls_without_init)(void) {
  unsigned char reply[8];
  size_t length = sizeof reply;
  const iv_p2p_send_stats_s stats = iv_avt_p2p_get_send_status(reply);
  return iv_avt_p2p_init(NULL) == IV_ERR_AVT_INIT_PRM_NULL && iv_avt_p2p_exit() == IV_ERR_AVT_STATE_ERROR &&
         iv_avt_p2p_get_send_buf(reply) == 0 && stats.sum_sent_acked == 0 && stats.link_mode == 0 &&
         iv_avt_p2p_send_command("peer", "a=b", 3, reply, &length, 10) == IV_ERR_AVT_STATE_ERROR;
}

/* The interface of frames is declared, and says that it is not there. */
int NAMED(iv_frames_are_not_there)(void) {
  unsigned char reply[8];
  size_t length = sizeof reply;
  static iv_avt_init_parm_s parm;
  iv_p2p_send_stats_s stats;
  return iv_avt_init(&parm) == IV_ERR_SYS_NOT_SUPPORT && iv_avt_exit() == IV_ERR_SYS_NOT_SUPPORT &&
         iv_avt_send_stream(0, 0, IV_AVT_VIDEO_RES_HD, IV_AVT_STREAM_TYPE_VIDEO, reply) == IV_ERR_SYS_NOT_SUPPORT &&
         iv_avt_get_send_stream_status(0, 0, IV_AVT_VIDEO_RES_HD, &stats) == IV_ERR_SYS_NOT_SUPPORT &&
         iv_avt_get_send_stream_buf(0, 0, IV_AVT_VIDEO_RES_HD) == 0 &&
         iv_avt_send_finish_stream(0, 0, IV_AVT_VIDEO_RES_HD) == IV_ERR_SYS_NOT_SUPPORT &&
         iv_avt_send_finish_stream_msg(0, 0, IV_AVT_VIDEO_RES_HD) == IV_ERR_SYS_NOT_SUPPORT &&
         iv_avt_recv_finish_stream(0, 0) == IV_ERR_SYS_NOT_SUPPORT &&
         iv_avt_send_command(0, "a=b", 3, reply, &length, 10) == IV_ERR_SYS_NOT_SUPPORT;
}
#endif

#ifdef __cplusplus
}
#endif
