/* Files from a camera on the Link Kit API: each in one piece (SDK 2.3), or in parts that go on after a break (SDK 3.x).
 */
#include <camspan/hal.h>

#include <getopt.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http2_upload_api.h"
#include "iot_export.h"
#include "iot_export_http2_stream.h"
#include "iot_import.h"

#define MAX_TRIES 50
#define UPLOAD_ID_LEN 40

static const char* k_help =
    "usage: link-upload-file [--device FILE] [--host HOST --port PORT] [--identify PATH | --resume] FILE...\n"
    "\n"
    "Uploads each FILE to a hub.\n"
    "\n"
    "  --device FILE    who the device is: what `camspan-hub device add` printed (default: $CAMSPAN_DEVICE_FILE)\n"
    "  --host HOST      the hub, a bare name or address (default: $CAMSPAN_HUB)\n"
    "  --port PORT      its port (default: 443)\n"
    "  --identify PATH  send each file in one piece on this service (default: iotx/vision/voice/intercom/live)\n"
    "  --resume         send each file in parts, under its own name; after a break it goes on where it was\n"
    "  --part BYTES     with --resume: size of a part (default: 4 MiB)\n"
    "  --upload-id ID   with --resume and one FILE: go on with the upload that another run began\n"
    "\n"
    "$CAMSPAN_CA_FILE names the certificates to trust, where they are not the system's.\n";

typedef struct {
  hal_identity device;
  const char* host;
  int port;
  const char* identify;
  int resume;
  uint32_t part;
  const char* upload_id;
} options_t;

static atomic_int done_num;
static atomic_int failed_num;

static void upload_file_result(const char* path, int result, void* user_data) {
  (void)user_data;
  if (result < 0) ++failed_num;
  printf("%s: %s (%d), %d done\n", path, result < 0 ? "failed" : "uploaded", result, done_num + 1);
  ++done_num;
}

/* Each file in one piece, queued at once. */
static int upload_whole(device_conn_info_t* conn_info, const options_t* options, char** files, int count) {
  static http2_stream_cb_t no_cb;
  http2_header header[] = {MAKE_HEADER("test_name", "test_http2_header"), MAKE_HEADER_CS("hello", "world")};
  header_ext_info_t my_header_info = {header, 2};
  int goal_num = 0;
  int i;
  void* handle = IOT_HTTP2_Connect(conn_info, &no_cb);
  if (handle == NULL) return -1;
  for (i = 0; i < count; ++i)
    if (IOT_HTTP2_Stream_UploadFile(handle, files[i], options->identify, &my_header_info, upload_file_result, NULL) ==
        0)
      ++goal_num;
  while (done_num < goal_num) HAL_SleepMs(200);
  IOT_HTTP2_Disconnect(handle);
  return goal_num == count && failed_num == 0 ? 0 : -1;
}

static char upload_id[UPLOAD_ID_LEN];
static atomic_int last_result;
static void* completed;
static void* connected;
static void* lost;

static void on_upload_id(const char* path, const char* id, void* user_data) {
  (void)user_data;
  snprintf(upload_id, sizeof upload_id, "%s", id);
  printf("%s: upload %s\n", path, upload_id);
}

static void on_completed(const char* path, int result, const char* store_id, void* user_data) {
  (void)user_data;
  printf("%s: %s (%d)%s%s\n", path, result < 0 ? "interrupted" : "uploaded", result, store_id ? ", stored as " : "",
         store_id ? store_id : "");
  last_result = result;
  HAL_SemaphorePost(completed);
}

static void on_reconnect(void) {
  HAL_SemaphorePost(connected);
}

static void on_disconnect(void) {
  printf("connection lost\n");
  HAL_SemaphorePost(lost);
}

/* Waits for another connection where this one broke; a server that refuses would do so again. */
static int may_try_again(void) {
  return HAL_SemaphoreWait(lost, 1000) == 0 && HAL_SemaphoreWait(connected, 120000) == 0;
}

/* One file in parts, again and again until it is there. */
static int upload_resumably(void* handle, const options_t* options, const char* file) {
  static http2_upload_result_cb_t callbacks = {on_upload_id, on_completed};
  http2_upload_params_t params;
  int tries;
  snprintf(upload_id, sizeof upload_id, "%s", options->upload_id != NULL ? options->upload_id : "");
  for (tries = 0; tries < MAX_TRIES; ++tries) {
    memset(&params, 0, sizeof params);
    params.file_path = file;
    params.part_len = options->part;
    params.upload_id = upload_id;
    params.opt_bit_map = upload_id[0] != '\0' ? UPLOAD_FILE_OPT_BIT_RESUME : UPLOAD_FILE_OPT_BIT_OVERWRITE;
    if (IOT_HTTP2_UploadFile_Request(handle, &params, &callbacks, NULL) != 0) return -1;
    HAL_SemaphoreWait(completed, (uint32_t)PLATFORM_WAIT_INFINITE);
    if (last_result == UPLOAD_SUCCESS) return 0;
    if (!may_try_again()) return -1;
  }
  return -1;
}

static int upload_in_parts(device_conn_info_t* conn_info, const options_t* options, char** files, int count) {
  static http2_status_cb_t status = {on_disconnect, on_reconnect};
  void* handle;
  int result = 0;
  int i;
  completed = HAL_SemaphoreCreate();
  connected = HAL_SemaphoreCreate();
  lost = HAL_SemaphoreCreate();
  handle = IOT_HTTP2_UploadFile_Connect(conn_info, &status);
  if (handle == NULL) return -1;
  HAL_SemaphoreWait(connected, 1000); /* it is called for the first connection, too */
  for (i = 0; i < count; ++i)
    if (upload_resumably(handle, options, files[i]) != 0) result = -1;
  IOT_HTTP2_UploadFile_Disconnect(handle);
  HAL_SemaphoreDestroy(completed);
  HAL_SemaphoreDestroy(connected);
  HAL_SemaphoreDestroy(lost);
  return result;
}

/* Returns 0, or what the program ends with. */
static int read_options(int argc, char** argv, options_t* options) {
  static const struct option names[] = {{"device", required_argument, NULL, 'd'},
                                        {"host", required_argument, NULL, 'H'},
                                        {"port", required_argument, NULL, 'p'},
                                        {"identify", required_argument, NULL, 'i'},
                                        {"resume", no_argument, NULL, 'r'},
                                        {"part", required_argument, NULL, 'P'},
                                        {"upload-id", required_argument, NULL, 'u'},
                                        {"help", no_argument, NULL, 'h'},
                                        {NULL, 0, NULL, 0}};
  const char* device = getenv("CAMSPAN_DEVICE_FILE");
  char why[512];
  int option;
  memset(options, 0, sizeof *options);
  options->identify = "iotx/vision/voice/intercom/live";
  while ((option = getopt_long(argc, argv, "h", names, NULL)) != -1) {
    switch (option) {
      case 'd':
        device = optarg;
        break;
      case 'H':
        options->host = optarg;
        break;
      case 'p':
        options->port = atoi(optarg);
        break;
      case 'i':
        options->identify = optarg;
        break;
      case 'r':
        options->resume = 1;
        break;
      case 'P':
        options->part = (uint32_t)strtoul(optarg, NULL, 10);
        break;
      case 'u':
        options->upload_id = optarg;
        break;
      case 'h':
        fputs(k_help, stdout);
        exit(0);
      default:
        fputs(k_help, stderr);
        return 2;
    }
  }
  if (options->upload_id != NULL && (!options->resume || argc - optind != 1)) {
    fputs("--upload-id goes with --resume and one file\n", stderr);
    return 2;
  }
  if (device == NULL || optind == argc) {
    fputs(device == NULL ? "no device: name the file that `camspan-hub device add` printed with --device\n"
                         : "no file to upload: see --help\n",
          stderr);
    return 2;
  }
  if (hal_device_file_read(device, &options->device, why, sizeof why) != 0) {
    fprintf(stderr, "%s\n", why);
    return 1;
  }
  return 0;
}

int main(int argc, char** argv) {
  options_t options;
  device_conn_info_t conn_info;
  int result = read_options(argc, argv, &options);
  if (result != 0) return result;
  setvbuf(stdout, NULL, _IOLBF, 0);
  conn_info.product_key = options.device.product_key;
  conn_info.device_name = options.device.device_name;
  conn_info.device_secret = options.device.device_secret;
  conn_info.url = (char*)options.host;
  conn_info.port = options.port;
  result = options.resume ? upload_in_parts(&conn_info, &options, argv + optind, argc - optind)
                          : upload_whole(&conn_info, &options, argv + optind, argc - optind);
  return result == 0 ? 0 : 1;
}
