/* The peer on libwebsockets: gives what a client writes to all of them. ws_fanout_lws PORT
 * Each message is kept once; clients have a cursor, and write as long as their pipe is not choked. */
#include <libwebsockets.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define MAX_MESSAGES 4096 /* more than a load has in flight */
#define MAX_MESSAGE_BYTES (1 << 20)

struct message {
  unsigned char* data; /* behind LWS_PRE bytes */
  size_t size;
};

struct client {
  size_t next; /* number of the message it gets next */
};

static struct message ring[MAX_MESSAGES];
static size_t written; /* messages so far */
static unsigned char collected[MAX_MESSAGE_BYTES];
static size_t collected_size;

static void publish(struct lws* wsi) {
  struct message* const slot = &ring[written % MAX_MESSAGES];
  free(slot->data);
  slot->data = malloc(LWS_PRE + collected_size);
  slot->size = collected_size;
  memcpy(slot->data + LWS_PRE, collected, collected_size);
  ++written;
  collected_size = 0;
  lws_callback_on_writable_all_protocol(lws_get_context(wsi), lws_get_protocol(wsi));
}

static int callback(struct lws* wsi, enum lws_callback_reasons reason, void* user, void* in, size_t len) {
  struct client* const client = (struct client*)user;
  switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
      client->next = written;
      break;
    case LWS_CALLBACK_RECEIVE:
      if (collected_size + len > sizeof collected) return -1;
      memcpy(collected + collected_size, in, len);
      collected_size += len;
      if (lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0) publish(wsi);
      break;
    case LWS_CALLBACK_SERVER_WRITEABLE:
      while (client->next < written) {
        const struct message* const message = &ring[client->next % MAX_MESSAGES];
        if (lws_write(wsi, message->data + LWS_PRE, message->size, LWS_WRITE_BINARY) < (int)message->size) return -1;
        ++client->next;
        if (lws_send_pipe_choked(wsi)) {
          lws_callback_on_writable(wsi);
          break;
        }
      }
      break;
    default:
      break;
  }
  return 0;
}

static const struct lws_protocols protocols[] = {{"relay", callback, sizeof(struct client), 65536, 0, NULL, 0},
                                                 {NULL, NULL, 0, 0, 0, NULL, 0}};

int main(int argc, char** argv) {
  struct lws_context_creation_info info;
  const struct rlimit many = {20100, 20100};
  if (argc < 2) return 2;
  setrlimit(RLIMIT_NOFILE, &many);
  lws_set_log_level(LLL_ERR, NULL);
  memset(&info, 0, sizeof info);
  info.port = atoi(argv[1]);
  info.iface = "127.0.0.1";
  info.protocols = protocols;
  info.pt_serv_buf_size = 65536;
  info.fd_limit_per_thread = 20000;
  struct lws_context* const context = lws_create_context(&info);
  if (context == NULL) return 1;
  while (lws_service(context, 0) >= 0) {
  }
  return 0;
}
