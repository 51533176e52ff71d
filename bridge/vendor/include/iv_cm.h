/// IoT Video device SDK: types that its modules share. Times of frames are milliseconds.
#ifndef __IV_CM_H__
#define __IV_CM_H__

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MAX_FILE_NAME_LENGTH 128

/// Memory that is handed over: whoever needs it no longer calls `buf_free_fn(buf, size)`, once; NULL = nobody frees.
typedef struct {
  uint8_t* buf;
  size_t size;
  void (*buf_free_fn)(uint8_t*, size_t);
} iv_cm_memory_s;

typedef enum {
  IV_CM_AENC_TYPE_PCM = 0,
  IV_CM_AENC_TYPE_G711A = 1,
  IV_CM_AENC_TYPE_G711U = 2,
  IV_CM_AENC_TYPE_G726 = 3,
  IV_CM_AENC_TYPE_AAC = 4,
  IV_CM_AENC_TYPE_AMR = 5,
  IV_CM_AENC_TYPE_ADPCMA = 6,
  IV_CM_AENC_TYPE_BUTT
} iv_cm_aenc_type_e;

typedef enum {
  IV_CM_AAC_TYPE_NONE = 0,
  IV_CM_AAC_TYPE_MAIN = 1,
  IV_CM_AAC_TYPE_LC = 2,
  IV_CM_AAC_TYPE_SSR = 3,
  IV_CM_AAC_TYPE_LTP = 4,
  IV_CM_AAC_TYPE_SBR = 5,
  IV_CM_AAC_TYPE_SCALCBLE = 6,
  IV_CM_AAC_TYPE_TWINVQ = 7,
  IV_CM_AAC_TYPE_CELP = 8,
  IV_CM_AAC_TYPE_HVXC = 9,
  IV_CM_AAC_TYPE_BUTT
} iv_cm_aac_type_e;

typedef enum {
  IV_CM_AENC_SAMPLE_RATE_8000 = 8000,
  IV_CM_AENC_SAMPLE_RATE_11025 = 11025,
  IV_CM_AENC_SAMPLE_RATE_12000 = 12000,
  IV_CM_AENC_SAMPLE_RATE_16000 = 16000,
  IV_CM_AENC_SAMPLE_RATE_22050 = 22050,
  IV_CM_AENC_SAMPLE_RATE_24000 = 24000,
  IV_CM_AENC_SAMPLE_RATE_32000 = 32000,
  IV_CM_AENC_SAMPLE_RATE_44100 = 44100,
  IV_CM_AENC_SAMPLE_RATE_48000 = 48000,
  IV_CM_AENC_SAMPLE_RATE_64000 = 64000,
  IV_CM_AENC_SAMPLE_RATE_96000 = 96000,
  IV_CM_AENC_SAMPLE_RATE_BUTT
} iv_cm_aenc_sample_rate_e;

typedef enum {
  IV_CM_AENC_BIT_WIDTH_8 = 0,
  IV_CM_AENC_BIT_WIDTH_16 = 1,
  IV_CM_AENC_BIT_WIDTH_24 = 2,
  IV_CM_AENC_BIT_WIDTH_BUTT
} iv_cm_aenc_bit_width_e;

typedef enum { IV_CM_AENC_MODE_MONO = 0, IV_CM_AENC_MODE_STEREO = 1, IV_CM_AENC_MODE_BUTT } iv_cm_aenc_mode_e;

typedef enum { IV_CM_FILE_TYPE_VIDEO = 0, IV_CM_FILE_TYPE_PIC = 1 } iv_cm_file_type_e;

typedef enum { IV_CM_STREAM_TYPE_AUDIO = 0, IV_CM_STREAM_TYPE_VIDEO = 1, IV_CM_STREAM_TYPE_BUTT } iv_cm_stream_type_e;

typedef enum {
  IV_CM_VENC_TYPE_H264 = 0,
  IV_CM_VENC_TYPE_H265 = 1,
  IV_CM_VENC_TYPE_MJPG = 2,
  IV_CM_VENC_TYPE_BUTT
} iv_cm_venc_type_e;

typedef enum {
  IV_CM_PIXEL_VARIABLE = 0,
  IV_CM_PIXEL_240x320 = 1,
  IV_CM_PIXEL_320x240 = 2,
  IV_CM_PIXEL_480x352 = 3,
  IV_CM_PIXEL_480x640 = 4,
  IV_CM_PIXEL_TYPE_BUTT
} iv_cm_pixel_type_e;

typedef enum { IV_CM_FRAME_TYPE_I = 0, IV_CM_FRAME_TYPE_P = 1, IV_CM_FRAME_TYPE_BUTT } iv_cm_frame_type_e;

typedef enum {
  IV_CM_WIFI_ENC_TYPE_OPEN = 0,
  IV_CM_WIFI_ENC_TYPE_WEP = 1,
  IV_CM_WIFI_ENC_TYPE_WPA = 2,
  IV_CM_WIFI_ENC_TYPE_BUTT
} iv_cm_wifi_enc_type_e;

typedef struct {
  uint32_t width;
  uint32_t height;
} iv_cm_mjpg_pixel_s;

typedef struct iv_cm_aenc_pack_s {
  uint8_t* pu8Addr;
  uint32_t u32Len;
  uint64_t u64PTS;
  uint32_t u32Seq;
} iv_cm_aenc_pack_s;

typedef struct iv_cm_aenc_stream_s {
  iv_cm_aenc_pack_s* pstAencPack[8];
  uint32_t u32PackCount;
} iv_cm_aenc_stream_s;

typedef struct iv_cm_venc_pack_s {
  uint8_t* pu8Addr;
  uint32_t u32Len;
  uint64_t u64PTS;
  iv_cm_frame_type_e eFrameType;
  uint32_t u32Seq;
} iv_cm_venc_pack_s;

typedef struct iv_cm_venc_stream_s {
  iv_cm_venc_pack_s* pstVencPack[8];
  uint32_t u32PackCount;
} iv_cm_venc_stream_s;

typedef struct iv_cm_avenc_stream_s {
  iv_cm_aenc_stream_s stAencStream;
  iv_cm_venc_stream_s stVencStream;
} iv_cm_avenc_stream_s;

/// Audio of 16 bits alone is carried.
typedef struct iv_cm_av_data_info_s {
  iv_cm_aenc_type_e eAudioType;
  iv_cm_aac_type_e u32AudioCodecOption;
  iv_cm_aenc_mode_e eAudioMode;
  iv_cm_aenc_bit_width_e eAudioBitWidth;
  iv_cm_aenc_sample_rate_e eAudioSampleRate;
  uint32_t u32SampleNumPerFrame;
  iv_cm_venc_type_e eVideoType;
  uint32_t u32VideoWidth;
  uint32_t u32VideoHeight;
  uint32_t u32Framerate;
  uint32_t u32Reserve[4];
} iv_cm_av_data_info_s;

typedef struct {
  uint32_t type;
  uint64_t begin_time_s;
  uint64_t end_time_s;
} iv_cm_time_fragment_s;

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic" /* the arrays without elements are the interface */
#endif
typedef struct {
  uint32_t count;
  iv_cm_time_fragment_s file_list[0];
} iv_cm_pb_list_s;
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

/// `day`: bit 0 is the first of the month.
typedef struct {
  uint32_t year;
  uint32_t month;
  uint32_t type;
  uint32_t day;
} iv_cm_query_rd_by_month_s;

typedef struct {
  iv_cm_time_fragment_s time_fragment;
  void (*free_fn)(void*);
  iv_cm_pb_list_s* rd_array;
} iv_cm_query_rd_by_day_s;

typedef struct {
  iv_cm_file_type_e file_type;
  char file_name[MAX_FILE_NAME_LENGTH];
  uint32_t file_size;
  uint32_t begin_time_s;
  uint32_t end_time_s;
  iv_cm_memory_s extra_info;
} iv_cm_file_info_s;

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#endif
typedef struct {
  uint32_t count;
  iv_cm_file_info_s file_list[0];
} iv_cm_file_list_s;
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

typedef struct {
  iv_cm_time_fragment_s time_fragment;
  void (*free_fn)(void*);
  iv_cm_file_list_s* file_array;
} iv_cm_query_file_list_s;

typedef struct {
  char file_name[MAX_FILE_NAME_LENGTH];
  int file_offset;
} iv_cm_download_param_s;

typedef struct {
  uint64_t seek_time_ms;
} iv_cm_pb_seek_s;

/// `speed`: 0 normal, 1 key frames alone, 2 every second of them, 3 every third.
typedef struct {
  uint32_t speed;
} iv_cm_pb_ff_s;

/// `time_ms`: from one frame to the next.
typedef struct {
  uint32_t time_ms;
} iv_cm_pb_speed_s;

typedef struct {
  uint64_t begin_time_s;
  uint64_t end_time_s;
} iv_cm_pb_rewind_s;

#ifdef __cplusplus
}
#endif
#endif
