// A camera on the raw P2P API of IoT Video for measurements of its memory: every chunk lies in memory that is there
// from the begin, so what more there is later is the library's. CAMSPAN_DEVICE_FILE says who it is,
// CAMSPAN_LAN_TOKEN_FILE what viewers bring.
//   iv_camera ADDRESS PORT BITS keep|free LOW WARN HIGH
// To each stream BITS a second in 25 chunks, one in 50 a key frame of 200 KB; BITS 0: always another one of 16 KB. The
// chunks are copied at once (keep), or given back by their free function (free). The marks as the API has them.
// Lines in:      Lines out:
//                port N             once
//   stats        stats KEY=VALUE .. of the process, `handles`, and `buffered` bytes of all
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <mutex>
#include <string>

#include "iv_av.h"
#include "support/process_stats.hpp"

namespace {

using std::chrono::steady_clock;

constexpr int kFramesPerSecond = 25;
constexpr int kFramesPerGop = 50;
constexpr std::size_t kKey = 200 << 10;
constexpr std::size_t kEndless = 16 << 10;
constexpr std::size_t kHandles = 256;

struct Handle {
  bool used = false;
  long next = 0;  // frame, counted since the begin
};

std::array<Handle, kHandles> handles;
std::mutex mutex;  // the callbacks' thread, and that of the lines
std::array<std::uint8_t, kKey> picture;
const auto begun = steady_clock::now();
std::size_t frame_bytes = 0;
bool gives_back = false;
std::atomic<int> out{0};  // chunks that are not given back

long frame_now() {
  using std::chrono::milliseconds;
  return (steady_clock::now() - begun) / milliseconds(1000 / kFramesPerSecond);
}

void* send_init(const char* /*params*/, const char* /*peer*/) {
  const std::lock_guard held(mutex);
  const auto free_one = std::find_if(handles.begin(), handles.end(), [](const Handle& one) { return !one.used; });
  if (free_one == handles.end()) return nullptr;
  *free_one = {true, frame_now() / kFramesPerGop * kFramesPerGop};
  return &*free_one;
}

void give_back(std::uint8_t* /*buffer*/, std::size_t /*size*/) {
  --out;
}

iv_cm_memory_s send_get(void* handle) {
  auto& stream = *static_cast<Handle*>(handle);
  std::size_t size = kEndless;
  if (frame_bytes != 0) {
    if (stream.next > frame_now()) return {};
    size = stream.next++ % kFramesPerGop == 0 ? kKey : frame_bytes;
  }
  if (gives_back) ++out;
  return {picture.data(), size, gives_back ? &give_back : nullptr};
}

int send_stop(void* handle) {
  const std::lock_guard held(mutex);
  static_cast<Handle*>(handle)->used = false;
  return 0;
}

void notify(iv_avt_event_e event, void* handle) {
  // On with the next key frame of what is on now.
  if (event == IV_AVT_EVENT_P2P_WATERMARK_LOW)
    static_cast<Handle*>(handle)->next = (frame_now() / kFramesPerGop + 1) * kFramesPerGop;
}

iv_cm_memory_s command(const char* /*text*/, std::size_t /*size*/, const char* /*peer*/) {
  return {};
}

void say_stats() {
  std::size_t buffered = 0;
  int used = 0;
  const std::lock_guard held(mutex);
  for (Handle& one : handles) {
    if (!one.used) continue;
    ++used;
    buffered += iv_avt_p2p_get_send_buf(&one);
  }
  const std::string line = "stats handles=" + std::to_string(used) + camspan::test::process_stats() +
                           " buffered=" + std::to_string(buffered) + " chunks=" + std::to_string(out) + "\n";
  std::cout << line << std::flush;
}

int run(char** words) {
  const std::size_t bits = std::strtoul(words[3], nullptr, 10);
  const std::size_t gop = bits / 8 * kFramesPerGop / kFramesPerSecond;
  if (bits != 0) frame_bytes = std::max<std::size_t>(gop > kKey ? (gop - kKey) / (kFramesPerGop - 1) : 0, 64);
  gives_back = std::strcmp(words[4], "free") == 0;
  picture.fill(0x5a);
  iv_p2p_parm_s settings{};
  settings.p2p_handle_send_init_cb = &send_init;
  settings.p2p_handle_send_get_cb = &send_get;
  settings.p2p_handle_send_stop_cb = &send_stop;
  settings.p2p_handle_event_notify_cb = &notify;
  settings.p2p_handle_command_cb = &command;
  settings.net_info.probe_port = 3072;
  settings.net_info.trans_port = std::atoi(words[2]);
  std::strncpy(settings.net_info.local_addr, words[1], sizeof settings.net_info.local_addr - 1);
  if (const int code = iv_avt_p2p_init(&settings); code != 0) return code;
  if (std::strtoul(words[7], nullptr, 10) != 0)
    iv_avt_p2p_set_buf_watermark(std::strtoul(words[5], nullptr, 10), std::strtoul(words[6], nullptr, 10),
                                 std::strtoul(words[7], nullptr, 10));
  std::cout << "port " << words[2] << std::endl;
  for (std::string line; std::getline(std::cin, line);)
    if (line == "stats") say_stats();
  return iv_avt_p2p_exit();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) return 2;
  return run(argv);
}
