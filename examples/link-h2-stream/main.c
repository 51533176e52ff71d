/* A camera on the Link Kit API: sends a stream, and takes what the server has for it meanwhile. */
#include <camspan/hal.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iot_export.h"
#include "iot_export_http2_stream.h"
#include "iot_import.h"

#define UPLOAD_STRING "Hello, this is a camera speaking HTTP/2."
#define PACKET_LEN 2048

static const char* k_help =
    "usage: link-h2-stream [--device FILE] [--host HOST --port PORT] [--identify PATH] [--file FILE] [--seconds N]\n"
    "\n"
    "Opens two channels on a hub, one to send on and one to be sent to, sends FILE (or a line of text), waits N\n"
    "seconds for what the hub sends, and closes both.\n"
    "\n"
    "  --device FILE    who the device is: what `camspan-hub device add` printed (default: $CAMSPAN_DEVICE_FILE)\n"
    "  --host HOST      the hub, a bare name or address (default: $CAMSPAN_HUB)\n"
    "  --port PORT      its port (default: 443)\n"
    "  --identify PATH  service (default: iotx/vision/voice/intercom/live)\n"
    "  --file FILE      what to send: an FLV is a live stream, anything else is stored\n"
    "  --seconds N      how long to wait for data of the hub (default: 0)\n"
    "\n"
    "$CAMSPAN_CA_FILE names the certificates to trust, where they are not the system's.\n";

typedef struct {
  hal_identity device;
  const char* host;
  int port;
  const char* identify;
  const char* file;
  int seconds;
} options_t;

static void on_header(uint32_t stream_id, char* channel_id, int cat, const uint8_t* name, uint32_t namelen,
                      const uint8_t* value, uint32_t valuelen, uint8_t flags, void* user_data) {
  (void)cat, (void)namelen, (void)valuelen, (void)flags, (void)user_data;
  printf("stream %u (%s): %s: %s\n", (unsigned)stream_id, channel_id ? channel_id : "-", (const char*)name,
         (const char*)value);
}

static void on_chunk(uint32_t stream_id, char* channel_id, const uint8_t* data, uint32_t len, uint8_t flags,
                     void* user_data) {
  (void)channel_id, (void)flags, (void)user_data;
  printf("stream %u: %u bytes: %.*s\n", (unsigned)stream_id, (unsigned)len, len > 60 ? 60 : (int)len,
         (const char*)data);
}

static void on_close(uint32_t stream_id, char* channel_id, uint32_t error_code, void* user_data) {
  (void)channel_id, (void)user_data;
  printf("stream %u closed with code %u\n", (unsigned)stream_id, (unsigned)error_code);
}

static void on_reconnect(void) {
  printf("connected\n");
}
static void on_disconnect(void) {
  printf("connection lost\n");
}

static http2_stream_cb_t my_cb = {on_header, on_chunk, on_close, NULL, NULL, on_reconnect, on_disconnect};

/* Returns the bytes to send, which the caller frees. */
static char* read_body(const char* path, uint32_t* size) {
  FILE* file = NULL;
  long end = 0;
  char* body = NULL;
  if (path == NULL) {
    *size = sizeof UPLOAD_STRING;
    body = malloc(*size);
    if (body != NULL) memcpy(body, UPLOAD_STRING, *size);
    return body;
  }
  file = fopen(path, "rb");
  if (file != NULL && fseek(file, 0, SEEK_END) == 0 && (end = ftell(file)) > 0 && fseek(file, 0, SEEK_SET) == 0) {
    *size = (uint32_t)end;
    body = malloc(*size);
    if (body != NULL && fread(body, 1, *size, file) != *size) {
      free(body);
      body = NULL;
    }
  }
  if (file != NULL) fclose(file);
  return body;
}

/* One request, in packets. */
static int send_body(void* handle, stream_data_info_t* info, char* body, uint32_t size) {
  info->stream_len = size;
  info->send_len = 0;
  while (info->send_len < info->stream_len) {
    uint32_t rest = info->stream_len - info->send_len;
    info->stream = body + info->send_len;
    info->packet_len = rest < PACKET_LEN ? rest : PACKET_LEN;
    if (IOT_HTTP2_Stream_Send(handle, info, NULL) < 0) {
      fprintf(stderr, "sending failed after %u of %u bytes\n", (unsigned)info->send_len, (unsigned)size);
      return -1;
    }
  }
  printf("sent %u bytes\n", (unsigned)size);
  return 0;
}

static int stream(void* handle, const options_t* options, char* body, uint32_t size) {
  http2_header headers[] = {MAKE_HEADER("test_name", "test_http2_header"), MAKE_HEADER_CS("hello", "world")};
  header_ext_info_t my_header_info = {headers, 2};
  stream_data_info_t info_download;
  stream_data_info_t info_upload;
  int result = -1;
  memset(&info_download, 0, sizeof info_download);
  memset(&info_upload, 0, sizeof info_upload);
  info_download.identify = info_upload.identify = options->identify;

  if (IOT_HTTP2_Stream_Open(handle, &info_download, &my_header_info) < 0) return -1;
  if (IOT_HTTP2_Stream_Open(handle, &info_upload, &my_header_info) < 0) return -1;
  printf("channels: %s down, %s up\n", info_download.channel_id, info_upload.channel_id);
  if (IOT_HTTP2_Stream_Query(handle, &info_download, &my_header_info) == 0)
    result = send_body(handle, &info_upload, body, size);
  if (result == 0) HAL_SleepMs((uint32_t)options->seconds * 1000);
  IOT_HTTP2_Stream_Close(handle, &info_upload);
  IOT_HTTP2_Stream_Close(handle, &info_download);
  return result;
}

/* Returns 0, or what the program ends with. */
static int read_options(int argc, char** argv, options_t* options) {
  static const struct option names[] = {
      {"device", required_argument, NULL, 'd'}, {"host", required_argument, NULL, 'H'},
      {"port", required_argument, NULL, 'p'},   {"identify", required_argument, NULL, 'i'},
      {"file", required_argument, NULL, 'f'},   {"seconds", required_argument, NULL, 's'},
      {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
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
      case 'f':
        options->file = optarg;
        break;
      case 's':
        options->seconds = atoi(optarg);
        break;
      case 'h':
        fputs(k_help, stdout);
        exit(0);
      default:
        fputs(k_help, stderr);
        return 2;
    }
  }
  if (device == NULL) {
    fputs("no device: name the file that `camspan-hub device add` printed with --device\n", stderr);
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
  void* handle;
  char* body;
  uint32_t size = 0;
  int result = read_options(argc, argv, &options);
  if (result != 0) return result;
  setvbuf(stdout, NULL, _IOLBF, 0);
  body = read_body(options.file, &size);
  if (body == NULL) {
    fprintf(stderr, "cannot read %s, or it is empty\n", options.file);
    return 1;
  }
  conn_info.product_key = options.device.product_key;
  conn_info.device_name = options.device.device_name;
  conn_info.device_secret = options.device.device_secret;
  conn_info.url = (char*)options.host;
  conn_info.port = options.port;
  handle = IOT_HTTP2_Connect(&conn_info, &my_cb);
  if (handle != NULL) {
    result = stream(handle, &options, body, size);
    IOT_HTTP2_Disconnect(handle);
  }
  free(body);
  return handle != NULL && result == 0 ? 0 : 1;
}
