/* A camera on the raw P2P API of the IoT Video SDK: an FLV file, live and in a loop, to every viewer. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "iv_av.h"
#include "iv_err.h"

#define FLV_HEADER_SIZE 13 /* with the size of the tag before the first */
#define TAG_HEADER_SIZE 11
#define TAG_TAIL_SIZE 4
#define TAG_AUDIO 8
#define TAG_VIDEO 9

static const char* k_help =
    "usage: iv-p2p-camera [--talk FILE] [--ask TEXT] [--lan PROBE:DATA[:ADDRESS]] FILM.flv\n"
    "\n"
    "Shows FILM.flv, live and in a loop, to every viewer; ends with Ctrl-C.\n"
    "\n"
    "  --talk FILE  what viewers say is written there, as they send it\n"
    "  --ask TEXT   asks each viewer when it begins to watch, and prints its answer\n"
    "  --lan PROBE:DATA[:ADDRESS]\n"
    "               on the local network: UDP port of the discovery, TCP port of viewers\n"
    "\n"
    "$CAMSPAN_HUB names the hub, $CAMSPAN_DEVICE_FILE who this camera is (what `camspan-hub device add` printed),\n"
    "$CAMSPAN_CA_FILE the certificates to trust, where they are not the system's.\n";

/* One tag of the film. */
typedef struct {
  size_t offset;
  size_t size; /* with its tail */
  uint32_t time_ms;
  int is_video;
  int is_key;
  int is_config;
} tag_t;

static uint8_t* film;
static tag_t* tags;
static size_t tag_count;
static uint32_t film_ms; /* from one begin of the loop to the next */
static struct timespec began;
static FILE* talk_file;
static const char* question;
static char new_peer[64]; /* who is to be asked */
static volatile sig_atomic_t viewers;

/* One stream to one viewer: an FLV file of its own. */
typedef struct {
  int head_sent;   /* bytes of header and configuration are out */
  uint64_t next;   /* tag to send, counted over all rounds of the loop */
  uint64_t start;  /* the tag that it began with */
  uint32_t base;   /* its time */
  int only_keys;   /* the link is slow: until the next LOW */
  uint8_t* buffer; /* what get_cb gave last; nobody needs it at the next call */
} viewer_t;

static uint32_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint32_t)((now.tv_sec - began.tv_sec) * 1000 + (now.tv_nsec - began.tv_nsec) / 1000000);
}

static uint32_t time_of(uint64_t tag) {
  return (uint32_t)(tag / tag_count) * film_ms + tags[tag % tag_count].time_ms;
}

/* ---- the film ---- */

static uint32_t be24(const uint8_t* p) {
  return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static int read_film(const char* path) {
  FILE* in = fopen(path, "rb");
  size_t size, at;
  if (in == NULL) return -1;
  fseek(in, 0, SEEK_END);
  size = (size_t)ftell(in);
  rewind(in);
  film = malloc(size);
  if (film == NULL || fread(film, 1, size, in) != size || size < FLV_HEADER_SIZE || memcmp(film, "FLV", 3) != 0) {
    fclose(in);
    errno = EINVAL;
    return -1;
  }
  fclose(in);
  for (at = FLV_HEADER_SIZE; at + TAG_HEADER_SIZE + 2 <= size;) {
    const uint8_t* head = film + at;
    tag_t tag;
    tag.offset = at;
    tag.size = TAG_HEADER_SIZE + be24(head + 1) + TAG_TAIL_SIZE;
    if (at + tag.size > size) break;
    tag.time_ms = be24(head + 4) | (uint32_t)head[7] << 24;
    tag.is_video = head[0] == TAG_VIDEO;
    tag.is_key = tag.is_video && head[TAG_HEADER_SIZE] >> 4 == 1;
    tag.is_config = (tag.is_video && head[TAG_HEADER_SIZE + 1] == 0) ||
                    (head[0] == TAG_AUDIO && head[TAG_HEADER_SIZE] >> 4 == 10 && head[TAG_HEADER_SIZE + 1] == 0);
    at += tag.size;
    if (head[0] != TAG_VIDEO && head[0] != TAG_AUDIO) continue;
    tags = realloc(tags, (tag_count + 1) * sizeof *tags);
    if (tags == NULL) return -1;
    tags[tag_count++] = tag;
  }
  if (tag_count == 0) {
    errno = EINVAL;
    return -1;
  }
  film_ms = tags[tag_count - 1].time_ms + 40;
  return 0;
}

/* Copies one tag, at the viewer's time. */
static size_t put_tag(uint8_t* to, const tag_t* tag, uint32_t time_ms) {
  memcpy(to, film + tag->offset, tag->size);
  to[4] = (uint8_t)(time_ms >> 16);
  to[5] = (uint8_t)(time_ms >> 8);
  to[6] = (uint8_t)time_ms;
  to[7] = (uint8_t)(time_ms >> 24);
  return tag->size;
}

/* ---- callbacks ---- */

static void* send_init(const char* params, const char* peer) {
  viewer_t* viewer;
  uint64_t tag;
  printf("%s asks for %s\n", peer, params);
  if (strstr(params, "action=live") == NULL) return NULL; /* nothing else is there */
  viewer = calloc(1, sizeof *viewer);
  if (viewer == NULL) return NULL;
  /* From the last key frame of what is on now. */
  for (tag = 0; time_of(tag + 1) <= now_ms(); ++tag) {
  }
  while (tag > 0 && (!tags[tag % tag_count].is_key || tags[tag % tag_count].is_config)) --tag;
  viewer->next = viewer->start = tag;
  viewer->base = time_of(tag);
  ++viewers;
  if (question != NULL) { /* asking waits for the answer, which no callback may: main() does it */
    snprintf(new_peer, sizeof new_peer, "%s", peer);
    kill(getpid(), SIGUSR1);
  }
  return viewer;
}

/* File header and configuration: what a player needs before the first key frame. */
static size_t put_head(uint8_t* to) {
  size_t i, size = FLV_HEADER_SIZE;
  memcpy(to, film, FLV_HEADER_SIZE);
  for (i = 0; i < tag_count && time_of(i) == time_of(0); ++i)
    if (tags[i].is_config) size += put_tag(to + size, &tags[i], 0);
  return size;
}

static iv_cm_memory_s send_get(void* handle) {
  viewer_t* viewer = handle;
  iv_cm_memory_s none = {NULL, 0, NULL};
  iv_cm_memory_s chunk = {NULL, 0, NULL};
  const tag_t* tag;
  for (;; ++viewer->next) {
    if (time_of(viewer->next) > now_ms()) return none;
    tag = &tags[viewer->next % tag_count];
    if (tag->is_config && viewer->next % tag_count != viewer->next) continue; /* the loop repeats it */
    if (tag->is_config && viewer->head_sent) continue;
    if (viewer->only_keys && tag->is_video && !tag->is_key) continue;
    break;
  }
  free(viewer->buffer);
  viewer->buffer = malloc(FLV_HEADER_SIZE + tag->size + 4096);
  if (viewer->buffer == NULL) return none;
  chunk.buf = viewer->buffer; /* nobody frees it: it was copied when this is called again */
  if (!viewer->head_sent) {
    chunk.size = put_head(viewer->buffer);
    viewer->head_sent = 1;
  } else {
    chunk.size = put_tag(viewer->buffer, tag, time_of(viewer->next) - viewer->base);
    ++viewer->next;
  }
  return chunk;
}

static int send_stop(void* handle) {
  viewer_t* viewer = handle;
  printf("a viewer left after %u ms\n", time_of(viewer->next) - viewer->base);
  free(viewer->buffer);
  free(viewer);
  --viewers;
  return 0;
}

static void event_notify(iv_avt_event_e event, void* handle) {
  viewer_t* viewer = handle;
  switch (event) {
    case IV_AVT_EVENT_P2P_PEER_READY:
      printf("ready: %s\n", iv_avt_get_peerinfo());
      break;
    case IV_AVT_EVENT_P2P_LOCAL_NET_READY:
      printf("ready on the local network\n");
      break;
    case IV_AVT_EVENT_P2P_PEER_CONNECT_FAIL:
      printf("the hub cannot be reached\n");
      break;
    case IV_AVT_EVENT_P2P_PEER_ERROR:
      printf("the hub is lost\n");
      break;
    case IV_AVT_EVENT_P2P_WATERMARK_WARN:
      viewer->only_keys = 1;
      printf("slow: %zu bytes wait\n", iv_avt_p2p_get_send_buf(handle));
      break;
    case IV_AVT_EVENT_P2P_WATERMARK_LOW:
      /* On with the next key frame of what is on now. */
      while (time_of(viewer->next) < now_ms() || !tags[viewer->next % tag_count].is_key) ++viewer->next;
      viewer->only_keys = 0;
      break;
    default:
      break;
  }
}

static void* recv_init(const char* params, const char* peer) {
  printf("%s talks: %s\n", peer, params);
  return talk_file;
}

static void recv_voice(void* handle, uint8_t* recv_buf, size_t recv_len) {
  if (recv_buf != NULL)
    fwrite(recv_buf, 1, recv_len, handle);
  else
    fflush(handle);
}

static iv_cm_memory_s command(const char* text, size_t length, const char* peer) {
  static char reply[128];
  iv_cm_memory_s answer = {(uint8_t*)reply, 0, NULL};
  printf("%s: %.*s\n", peer, (int)length, text);
  if (strstr(text, "cmd=get_device_st") != NULL)
    answer.size = (size_t)snprintf(reply, sizeof reply, "[{\"status\":\"0\",\"appConnectNum\":\"%d\"}]", (int)viewers);
  else
    answer.size = (size_t)snprintf(reply, sizeof reply, "{\"status\":\"0\"}");
  return answer;
}

/* ---- the program ---- */

static int read_lan(const char* text, local_net_info_s* net) {
  return sscanf(text, "%d:%d:%63s", &net->probe_port, &net->trans_port, net->local_addr) >= 2;
}

static void ask_viewer(void) {
  unsigned char answer[1024];
  size_t length = sizeof answer;
  int result = iv_avt_p2p_send_command(new_peer, question, strlen(question), answer, &length, 0);
  if (result == IV_ERR_NONE)
    printf("%s answers %.*s\n", new_peer, (int)length, (const char*)answer);
  else
    printf("%s does not answer: %d\n", new_peer, result);
}

int main(int argc, char** argv) {
  iv_p2p_parm_s parm;
  sigset_t ends;
  int result, number;
  memset(&parm, 0, sizeof parm);
  if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
    fputs(k_help, stdout);
    return 0;
  }
  for (; argc >= 4; argv += 2, argc -= 2) {
    if (strcmp(argv[1], "--ask") == 0) {
      question = argv[2];
    } else if (strcmp(argv[1], "--lan") == 0 && read_lan(argv[2], &parm.net_info)) {
      continue;
    } else if (strcmp(argv[1], "--talk") != 0) {
      break;
    } else if ((talk_file = fopen(argv[2], "wb")) == NULL) {
      fprintf(stderr, "%s: %s\n", argv[2], strerror(errno));
      return 1;
    }
  }
  if (argc != 2) {
    fputs(k_help, stderr);
    return 2;
  }
  if (read_film(argv[1]) != 0) {
    fprintf(stderr, "%s: %s\n", argv[1], errno == EINVAL ? "this is no FLV with pictures" : strerror(errno));
    return 1;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  clock_gettime(CLOCK_MONOTONIC, &began);
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &ends, NULL); /* threads that begin now leave them to sigwait() */

  parm.p2p_handle_send_init_cb = send_init;
  parm.p2p_handle_send_get_cb = send_get;
  parm.p2p_handle_send_stop_cb = send_stop;
  parm.p2p_handle_event_notify_cb = event_notify;
  parm.p2p_handle_recv_init_cb = recv_init;
  parm.p2p_handle_recv_voice_cb = recv_voice;
  parm.p2p_handle_command_cb = command;
  parm.p2p_init_params.log_level = IV_AVT_P2P_LOG_WARN;
  result = iv_avt_p2p_init(&parm);
  if (result != IV_ERR_NONE) {
    fprintf(stderr, "iv_avt_p2p_init: %d\n", result);
    return 1;
  }
  iv_avt_p2p_set_buf_watermark(200 * 1024, 400 * 1024, 500 * 1024);
  while (sigwait(&ends, &number) == 0 && number == SIGUSR1) ask_viewer();
  iv_avt_p2p_exit();
  if (talk_file != NULL) fclose(talk_file);
  free(tags);
  free(film);
  return 0;
}
