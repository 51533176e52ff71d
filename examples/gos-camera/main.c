/* A camera on the Gecko OS stream API: pictures to every page, and settings that a page reads and writes.
 *
 * Reads JPEG pictures from standard input, one after another, as `jpegenc ! fdsink` and `ffmpeg -f mjpeg -` write them.
 */
#include <gos.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_CLIENTS 5
#define PIECE_BYTES 4380
#define WRITE_TIMEOUT_MS 5000
#define MAX_PICTURE_BYTES (1u << 20)

/* Handlers run on the application thread, pictures are sent by the main thread. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
  char name[32];
  bool paused;
} settings = {"Camera", false};
static unsigned clients;

static bool accept_client(void) {
  pthread_mutex_lock(&lock);
  const bool room = clients < MAX_CLIENTS;
  pthread_mutex_unlock(&lock);
  return room;
}

static void count_clients(int change) {
  pthread_mutex_lock(&lock);
  clients += (unsigned)change;
  printf("clients: %u\n", clients);
  pthread_mutex_unlock(&lock);
}

static void on_connect(void* client) {
  (void)client;
  count_clients(1);
}

static void on_disconnect(void* client) {
  (void)client;
  count_clients(-1);
}

static void write_settings(const gos_msgpack_object_t* in) {
  const gos_msgpack_object_t* const paused = MSGPACK_DICT_TYPE(in, "paused", MSGPACK_TYPE_BOOL);
  pthread_mutex_lock(&lock);
  MSGPACK_STR(MSGPACK_DICT_STR(in, "name"), settings.name, sizeof settings.name);
  if (paused != NULL) settings.paused = MSGPACK_BOOL(paused);
  printf("settings: name=%s paused=%d\n", settings.name, settings.paused);
  pthread_mutex_unlock(&lock);
}

static void read_settings(gos_msgpack_context_t* out) {
  pthread_mutex_lock(&lock);
  gos_msgpack_write_dict_marker(out, 3);
  gos_msgpack_write_dict_str(out, "name", settings.name);
  gos_msgpack_write_dict_bool(out, "paused", settings.paused);
  gos_msgpack_write_dict_uint(out, "clients", clients);
  pthread_mutex_unlock(&lock);
  gos_hs_stream_flush(out, WRITE_TIMEOUT_MS);
}

static void on_settings(const char* stream_name, const gos_msgpack_object_t* in, gos_msgpack_context_t* out,
                        void* arg) {
  (void)stream_name;
  (void)arg;
  if (in != NULL)
    write_settings(in);
  else
    read_settings(out);
}

/* The size goes first, so the picture can follow in pieces as a camera's driver gives them. */
static gos_result_t send_picture(const uint8_t* picture, uint32_t size) {
  gos_msgpack_context_t* context = NULL;
  gos_result_t result;
  uint32_t sent;
  if (GOS_FAILED(result, gos_hs_stream_ws_write(GOS_HS_STREAM_WRITE_ALL, "image", &context))) return result;
  result = gos_msgpack_write_bin_marker(context, size);
  for (sent = 0; sent < size && result == GOS_SUCCESS; sent += PIECE_BYTES) {
    const uint32_t left = size - sent;
    result = gos_hs_stream_write_direct(context, picture + sent, left < PIECE_BYTES ? left : PIECE_BYTES);
  }
  if (result != GOS_SUCCESS) {
    gos_hs_stream_ws_abort_write(context);
    return result;
  }
  return gos_hs_stream_flush(context, WRITE_TIMEOUT_MS);
}

static bool is_wanted(void) {
  pthread_mutex_lock(&lock);
  const bool wanted = clients > 0 && !settings.paused;
  pthread_mutex_unlock(&lock);
  return wanted;
}

/* Where a picture that begins at `data` ends: behind the marker FF D9. 0 = not there yet. */
static size_t picture_end(const uint8_t* data, size_t size) {
  size_t i;
  for (i = 2; i + 1 < size; ++i)
    if (data[i] == 0xff && data[i + 1] == 0xd9) return i + 2;
  return 0;
}

static void take_pictures(uint8_t* data, size_t* size) {
  size_t end;
  while ((end = picture_end(data, *size)) > 0) {
    if (is_wanted()) send_picture(data, (uint32_t)end);
    *size -= end;
    memmove(data, data + end, *size);
  }
}

int main(void) {
  static uint8_t data[MAX_PICTURE_BYTES];
  size_t size = 0;
  ssize_t count;
  setvbuf(stdout, NULL, _IOLBF, 0);
  gos_hs_stream_ws_set_accept_callback(accept_client);
  gos_hs_stream_ws_set_handlers(on_connect, on_disconnect);
  if (gos_hs_stream_register("settings", on_settings, GOS_HS_STREAM_PERMISSION_ALL, NULL) != GOS_SUCCESS) return 1;
  while ((count = read(STDIN_FILENO, data + size, sizeof data - size)) > 0) {
    size += (size_t)count;
    take_pictures(data, &size);
    if (size == sizeof data) size = 0; /* no picture is so large */
  }
  return 0;
}
