/// IoT Video device SDK: audio and video to viewers, peer to peer. docs/iv-p2p.md tells what differs from the original.
///
/// Two interfaces, of which a process uses one: iv_avt_p2p_* carries bytes, iv_avt_* frames (not built yet).
#ifndef __IV_AV_H__
#define __IV_AV_H__

#include <stdbool.h>
#include <stdint.h>

#include "iv_cm.h"
#include "iv_sys.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define IV_API __attribute__((visibility("default")))
#else
#define IV_API
#endif

typedef enum {
  IV_AVT_EVENT_P2P_PEER_READY = 0,        /**< viewers can reach this device */
  IV_AVT_EVENT_P2P_PEER_CONNECT_FAIL = 1, /**< the hub cannot be reached; it is tried again */
  IV_AVT_EVENT_P2P_PEER_ERROR = 2,        /**< the connection to the hub was lost; it is tried again */
  IV_AVT_EVENT_P2P_PEER_ADDR_CHANGED = 3, /**< an address of this device changed; links are made anew */
  IV_AVT_EVENT_P2P_WATERMARK_LOW = 4,     /**< below the low mark again: data is fetched */
  IV_AVT_EVENT_P2P_WATERMARK_WARN = 5,    /**< above the warn mark */
  IV_AVT_EVENT_P2P_WATERMARK_HIGH = 6,    /**< above the high mark: nothing is fetched until below the low mark */
  IV_AVT_EVENT_P2P_LOCAL_NET_READY = 7,   /**< viewers of the local network are listened for */
  IV_AVT_EVENT_P2P_LINK_DISCONNECT = 8,
  IV_AVT_EVENT_P2P_CLI_SEND_CLOSE = 9,
  IV_AVT_EVENT_P2P_BUTT
} iv_avt_event_e;

typedef enum {
  IV_AVT_P2P_LOG_DISABLE = 0,
  IV_AVT_P2P_LOG_ERROR = 1,
  IV_AVT_P2P_LOG_WARN = 2,
  IV_AVT_P2P_LOG_INFO = 3,
  IV_AVT_P2P_LOG_DEBUG = 4,
  IV_AVT_P2P_LOG_VERBOSE = 5
} iv_avt_p2p_log_level_e;

typedef enum { IV_AVT_P2P_NIC_NORMAL = 0, IV_AVT_P2P_NIC_NAT_EX = 1 } iv_avt_p2p_nic_type_e;

typedef enum { IV_AVT_P2P_UDP = 0, IV_AVT_P2P_TCP = 1, IV_AVT_P2P_AUTO = 2 } iv_avt_p2p_tp_type_e;

/// Probes that notice a change of the network. Either 0 = off.
typedef struct p2p_keep_alive_s {
  uint8_t time_inter_s;    /**< between probes at most, s; 5 to 10 is good */
  uint8_t max_attempt_num; /**< probes without an answer until the network counts as changed, at most 10 */
} p2p_keep_alive_s;
typedef p2p_keep_alive_s avt_xp2p_ops_s;
typedef p2p_keep_alive_s p2p_keep_alive_cfg;

/// Of one send handle. Rates are bytes, not bits.
typedef struct {
  uint32_t inst_net_rate;  /**< bytes/s now; jumps */
  uint32_t ave_sent_rate;  /**< bytes/s that the viewer acknowledged in the last second */
  uint64_t sum_sent_acked; /**< bytes that the viewer acknowledged */
  uint32_t link_mode;      /**< 0 not connected, 1 direct, 2 by a relay */
} iv_p2p_send_stats_s;

/// All zero is good.
typedef struct {
  iv_avt_p2p_log_level_e log_level;
  const char* log_file_path; /**< a file, or a folder for iv_p2p.log; NULL = stderr */
  uint32_t log_file_size;    /**< bytes, then it begins anew; twice as much is used on disk. 0 = 1 MiB */
  uint32_t mtu_size;         /**< of a UDP datagram, 500 to 1460 bytes; 0 = 1200 */
  iv_avt_p2p_nic_type_e nic_type;
  uint32_t sender_interval_ms;   /**< between two calls for data; 0 = 10 */
  uint32_t keepalive_interval_s; /**< to STUN servers; 0 = 10 */
  uint32_t access_retry_times;   /**< of STUN; 0 = 10 */
  iv_avt_p2p_tp_type_e protocol; /**< not used any more: leave 0 */
  const char* proxy_ip;
  uint32_t proxy_port;
  uint32_t loopback_port; /**< taken and not needed */
  int thread_policy;      /**< 0 SCHED_OTHER, 1 SCHED_FIFO, 2 SCHED_RR */
  int thread_priority;    /**< 0 to 99; 0 = the system's */
  uint32_t need_pre_connect;
} p2p_init_params_s;

/// Viewers of the local network, without any hub; off while one of the ports is 0.
typedef struct {
  int probe_port; /**< UDP: viewers look for devices */
  int trans_port; /**< TCP: viewers ask to watch */
  char local_addr[64];
  char* vendor_id; /**< NULL = the product key */
  char* device_id; /**< NULL = the device name */
} local_net_info_s;

/* Bytes --------------------------------------------------------------------------------------------------------- */

/// Callbacks come from one thread and must not block. Strings are valid during the call.
typedef struct iv_p2p_parm_s {
  /// A viewer asks for a stream; `params` is "action=live&channel=0". @return its handle; NULL = refused
  void* (*p2p_handle_send_init_cb)(const char* params, const char* peer);
  /// Every 10 ms: the next bytes of the stream. NULL, 0 = none now; NULL, -1 = the stream is over.
  iv_cm_memory_s (*p2p_handle_send_get_cb)(void* handle);
  /// The viewer left: once for each handle, and the last call for it.
  int (*p2p_handle_send_stop_cb)(void* handle);
  /// `handle` belongs to the three watermarks; else NULL. May be NULL itself.
  void (*p2p_handle_event_notify_cb)(iv_avt_event_e, void* handle);
  /// A viewer begins to talk. @return its handle; NULL = refused. May be NULL itself, together with the next.
  void* (*p2p_handle_recv_init_cb)(const char* params, const char* peer);
#ifdef IV_AVT_P2P_RECV_VOICE_STOP
  /// Newest form: setting *stop to 1 ends it.
  void (*p2p_handle_recv_voice_cb)(void* handle, uint8_t* recv_buf, size_t recv_len, uint8_t* stop);
#else
  /// Bytes as the viewer sends them; NULL, 0 once at the end.
  void (*p2p_handle_recv_voice_cb)(void* handle, uint8_t* recv_buf, size_t recv_len);
#endif
  /// A viewer's command. @return the reply, 16 KB at most if it shall not hold up the picture; nothing = disconnected
  iv_cm_memory_s (*p2p_handle_command_cb)(const char* command, size_t cmd_len, const char* peer);
  p2p_keep_alive_s p2p_keep_alive;
  p2p_init_params_s p2p_init_params;
  local_net_info_s net_info;
} iv_p2p_parm_s;

/// Starts; IV_AVT_EVENT_P2P_PEER_READY follows. All of `pstInitParm` is copied.
/// @return 0, or IV_ERR_AVT_INIT_PRM_NULL, _INIT_CB_NULL, _INIT_PRM_RANGE, _STATE_ERROR (it runs already), _FAILED
#ifdef IV_AVT_P2P_RECV_VOICE_STOP
#define iv_avt_p2p_init iv_avt_p2p_init_with_stop
#endif
IV_API int iv_avt_p2p_init(const iv_p2p_parm_s* pstInitParm);

/// Ends all, with the last callback of each handle before it returns. Not from a callback.
/// @return 0, or IV_ERR_AVT_STATE_ERROR
IV_API int iv_avt_p2p_exit(void);

/// Sets the marks of every send handle, in bytes; 0, 0, 0 = none.
/// @return 0, or IV_ERR_AVT_INPUT_PARAM_INVAILD unless 0 < low <= warn <= high
IV_API int iv_avt_p2p_set_buf_watermark(size_t low_mark, size_t warn_mark, size_t high_mark);

/// @return bytes taken from get_cb that the viewer has not acknowledged; 0 for an unknown handle
IV_API size_t iv_avt_p2p_get_send_buf(void* handle);

/// @return all zero for an unknown handle
IV_API iv_p2p_send_stats_s iv_avt_p2p_get_send_status(void* handle);

/// Asks a viewer and waits for the answer. Not from a callback.
/// @param peer        as given to the init callbacks
/// @param recv_len    in: bytes of room in `recv_buf`; out: bytes of the answer
/// @param timeout_ms  0 = 7500
/// @return 0, or IV_ERR_AVT_INPUT_PARAM_NULL, _INPUT_PARAM_INVAILD (too long a command, or an answer longer than the
///         room: cut off), _CHN_NOT_EXIT (no such viewer), _SEND_DATA_TIMEOUT, _FAILED (refused), _STATE_ERROR
IV_API int iv_avt_p2p_send_command(const char* peer, const char* msg, size_t msg_len, unsigned char* recv_buf,
                                   size_t* recv_len, uint32_t timeout_ms);

/* Both interfaces ----------------------------------------------------------------------------------------------- */

/// For links made from now on: 500 to 1200 bytes of a UDP datagram; what is out of range is brought into it.
IV_API void iv_avt_set_mtu(uint32_t mtu_size);
IV_API uint32_t iv_avt_get_mtu(void);
IV_API void iv_avt_set_p2p_log_level(iv_sys_log_level_type_e log_level);
IV_API iv_sys_log_level_type_e iv_avt_get_p2p_log_level(void);
/// @return where viewers find this device; "" while nothing runs. Valid until the next call.
IV_API const char* iv_avt_get_peerinfo(void);

/* Frames -------------------------------------------------------------------------------------------------------- */

typedef enum {
  IV_AVT_STREAM_TYPE_AUDIO = 0,
  IV_AVT_STREAM_TYPE_VIDEO = 1,
  IV_AVT_STREAM_TYPE_AV = 2,
  IV_AVT_STREAM_TYPE_MJPG = 3,
  IV_AVT_STREAM_TYPE_BUTT
} iv_avt_stream_type_e;

typedef enum { IV_AVT_DEV_ACCEPT = 0, IV_AVT_DEV_REFUSE = 1, IV_AVT_DEV_STATUS_BUTT = 10 } iv_avt_device_status_e;

typedef enum {
  IV_AVT_REQUEST_SEND_STREAM = 0,
  IV_AVT_REQUEST_RECV_STREAM = 1,
  IV_AVT_REQUEST_BUTT
} iv_avt_request_type_e;

typedef enum {
  IV_AVT_VIDEO_RES_FL = 0,
  IV_AVT_VIDEO_RES_SD = 1,
  IV_AVT_VIDEO_RES_HD = 2,
  IV_AVT_VIDEO_RES_PB = 3,
  IV_AVT_VIDEO_AUDIO = 4,
  IV_AVT_VIDEO_RES_BUTT
} iv_avt_video_res_type_e;

typedef enum {
  IV_AVT_COMMAND_USR_DATA = 0,
  IV_AVT_COMMAND_REQ_STREAM = 1,
  IV_AVT_COMMAND_CHN_NAME = 2,
  IV_AVT_COMMAND_REQ_IFRAME = 3,
  IV_AVT_COMMAND_PLAYBACK_PAUSE = 4,
  IV_AVT_COMMAND_PLAYBACK_RESUME = 5,
  IV_AVT_COMMAND_PLAYBACK_QUERY_MONTH = 6,
  IV_AVT_COMMAND_PLAYBACK_QUERY_DAY = 7,
  IV_AVT_COMMAND_PLAYBACK_SEEK = 8,
  IV_AVT_COMMAND_PLAYBACK_FF = 9,
  IV_AVT_COMMAND_PLAYBACK_SPEED = 10,
  IV_AVT_COMMAND_PLAYBACK_REWIND = 11,
  IV_AVT_COMMAND_PLAYBACK_PROGRESS = 12,
  IV_AVT_COMMAND_QUERY_FILE_LIST = 13,
  IV_AVT_COMMAND_CALL_ANSWER = 14,
  IV_AVT_COMMAND_CALL_HANG_UP = 15,
  IV_AVT_COMMAND_CALL_REJECT = 16,
  IV_AVT_COMMAND_CALL_CANCEL = 17,
  IV_AVT_COMMAND_CALL_BUSY = 18,
  IV_AVT_COMMAND_CALL_TIMEOUT = 19,
  IV_AVT_COMMAND_CALL_AV_CLOSE = 20,
  IV_AVT_COMMAND_CALL_AV_AUDIO_ONLY = 21,
  IV_AVT_COMMAND_CALL_AV_VIDEO_ONLY = 22,
  IV_AVT_COMMAND_CALL_AV_AUDIO_VIDEO = 23,
  IV_AVT_COMMAND_TYPE_BUTT
} iv_avt_command_type_e;

typedef enum {
  IV_AVT_DOWNLOAD_STATUS_START = 0,
  IV_AVT_DOWNLOAD_STATUS_RUNNING = 1,
  IV_AVT_DOWNLOAD_STATUS_STOP = 2,
  IV_AVT_DOWNLOAD_STATUS_BUTT
} iv_avt_download_status_e;

typedef struct {
  char* src;
  uint32_t src_len;
  iv_cm_memory_s dst;
} iv_avt_usr_data_parm_s;

typedef struct {
  char* user_args;
  char* requester;
  iv_cm_time_fragment_s* pb_time;
} iv_avt_req_stream_info_s;

typedef struct {
  iv_avt_request_type_e request_type;
  iv_avt_device_status_e request_result;
} iv_avt_req_stream_param_s;

typedef struct {
  iv_cm_memory_s name;
  uint8_t is_online;
} iv_avt_chn_name_param_s;

typedef struct {
  size_t low_mark;
  size_t warn_mark;
  size_t high_mark;
  bool enable;
} congestion_ctrl_s;

typedef struct iv_avt_init_parm_s {
  uint32_t max_frame_size; /**< KB */
  uint32_t max_connect_num;
  void (*iv_avt_get_av_enc_info_cb)(uint32_t visitor, uint32_t channel, iv_avt_video_res_type_e video_res_type,
                                    iv_cm_av_data_info_s* av_data_info, void* args);
  void (*iv_avt_start_real_play_cb)(uint32_t visitor, uint32_t channel, iv_avt_video_res_type_e video_res_type,
                                    void* args);
  void (*iv_avt_stop_real_play_cb)(uint32_t visitor, uint32_t channel, iv_avt_video_res_type_e video_res_type);
  int (*iv_avt_start_recv_stream_cb)(uint32_t visitor, uint32_t channel, iv_avt_stream_type_e stream_type,
                                     iv_cm_av_data_info_s* p_av_data_info);
  int (*iv_avt_stop_recv_stream_cb)(uint32_t visitor, uint32_t channel, iv_avt_stream_type_e stream_type);
  int (*iv_avt_recv_stream_cb)(uint32_t visitor, uint32_t channel, iv_avt_stream_type_e stream_type, void* p_stream);
  void (*iv_avt_recv_user_data_cb)(uint32_t visitor, uint32_t channel, const char* src, uint32_t src_len,
                                   iv_cm_memory_s* dst);
  void (*iv_avt_notify_cb)(iv_avt_event_e event, uint32_t visitor, uint32_t channel,
                           iv_avt_video_res_type_e video_res_type);
  int (*iv_avt_recv_command_cb)(iv_avt_command_type_e command, uint32_t visitor, uint32_t channel,
                                iv_avt_video_res_type_e video_res_type, void* args);
  int (*iv_avt_download_file_cb)(iv_avt_download_status_e status, uint32_t visitor, uint32_t channel, void* args);
  void (*iv_avt_get_peer_outer_net_cb)(uint32_t visitor, uint32_t channel, char* net_info);
  congestion_ctrl_s congestion;
  p2p_keep_alive_s p2p_keep_alive;
  p2p_init_params_s p2p_init_params;
  local_net_info_s net_info;
} iv_avt_init_parm_s;

/// All of these return IV_ERR_SYS_NOT_SUPPORT for now, and 0 bytes.
IV_API int iv_avt_init(const iv_avt_init_parm_s* pstInitParm);
IV_API int iv_avt_exit(void);
IV_API int iv_avt_send_stream(uint32_t visitor, uint32_t channel, iv_avt_video_res_type_e video_res_type,
                              iv_avt_stream_type_e stream_type, void* p_stream);
IV_API int iv_avt_get_send_stream_status(uint32_t visitor, uint32_t channel, iv_avt_video_res_type_e video_res_type,
                                         iv_p2p_send_stats_s* stream_send_status);
IV_API size_t iv_avt_get_send_stream_buf(uint32_t visitor, uint32_t channel, iv_avt_video_res_type_e video_res_type);
IV_API int iv_avt_send_finish_stream(uint32_t visitor, uint32_t channel, iv_avt_video_res_type_e video_res_type);
IV_API int iv_avt_send_finish_stream_msg(uint32_t visitor, uint32_t channel, iv_avt_video_res_type_e video_res_type);
IV_API int iv_avt_recv_finish_stream(uint32_t visitor, uint32_t channel);
IV_API int iv_avt_send_command(uint32_t visitor, const char* msg, size_t msg_len, unsigned char* recv_buf,
                               size_t* recv_len, uint32_t timeout_ms);

#ifdef __cplusplus
}
#endif
#endif
