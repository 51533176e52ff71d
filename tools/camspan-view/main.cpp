/// camspan-view: watches a camera from the command line. What it sends (FLV) goes to a file or standard output.
#include <pthread.h>
#include <unistd.h>
#include <atomic>
#include <camspan/p2p_viewer.hpp>
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <mutex>

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

enum Exit : int { kFine = 0, kFailed = 1, kUsage = 2, kConfiguration = 3 };

struct Options {
  camspan::P2pViewerConfig viewer;
  std::string token_file;
  std::string out = "-";
  double seconds = 0;  // 0 = until the camera ends it, or has answered all commands
  std::vector<std::string> commands;
  std::string reply;
  bool stats = false;
  bool watches = true;
};

/// @return kUsage after a mistake was printed; nothing to go on with
std::optional<Options> parse(int argc, char** argv, int& code) {
  Options options;
  CLI::App app("Watches a camera: connects by WHEP and writes the FLV that it sends.", "camspan-view");
  app.add_option("url", options.viewer.url, "https://HOST:PORT/whep/CAMERA")->required();
  app.add_option("--token", options.viewer.token, "the viewer's token (visible to others in ps: see --token-file)")
      ->envname("CAMSPAN_TOKEN");
  app.add_option("--token-file", options.token_file, "a file with the token on its first line");
  const auto* param = app.add_option("--param", options.viewer.params, "what is asked for")->capture_default_str();
  app.add_flag("--timed", options.viewer.timed, "the camera may leave out what is late, instead of being late itself");
  const auto* out = app.add_option("--out", options.out, "file, - for standard output")->capture_default_str();
  app.add_option("--command", options.commands,
                 "asks the camera, such as action=user_define&cmd=ptz_left, and prints its reply; several are asked in "
                 "turn. Alone, without --param, --out and --seconds, nothing is watched");
  const auto* reply = app.add_option("--reply", options.reply, "answers what the camera asks");
  const auto* seconds = app.add_option("--seconds", options.seconds, "leave after so many seconds");
  app.add_option("--ca", options.viewer.ca_file, "PEM file or folder of certificates to trust")
      ->envname("CAMSPAN_CA_FILE");
  app.add_flag("--stats", options.stats, "a line of figures each second, on standard error");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    code = app.exit(error) == 0 ? kFine : kUsage;
    return std::nullopt;
  }
  options.watches = options.commands.empty() || param->count() + out->count() + seconds->count() + reply->count() > 0;
  if (!options.watches) options.viewer.params.clear();
  return options;
}

int complain(const std::string& sentence, int code) {
  std::cerr << "camspan-view: " << sentence << '\n';
  return code;
}

std::string text_of(const std::optional<milliseconds>& time) {
  return time ? std::to_string(time->count()) : "-";
}

/// Where the stream goes. Written on the viewer's thread.
class Output {
 public:
  explicit Output(const std::string& name) : file_(name == "-" ? stdout : std::fopen(name.c_str(), "wb")) {}
  ~Output() {
    if (file_ != nullptr) std::fclose(file_);
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  bool good() const { return file_ != nullptr; }
  bool write(camspan::ByteView bytes) {
    return std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size() && std::fflush(file_) == 0;
  }

 private:
  std::FILE* file_;
};

/// How it ended, told by the viewer's thread.
struct Ending {
  std::mutex mutex;
  std::optional<camspan::Failure> why;
  pthread_t waiter = pthread_self();

  void set(const camspan::Failure& failure) {
    {
      const std::lock_guard lock(mutex);
      if (!why) why = failure;
    }
    pthread_kill(waiter, SIGUSR1);
  }
  std::optional<camspan::Failure> get() {
    const std::lock_guard lock(mutex);
    return why;
  }
};

/// The commands, one after the other: each when the one before is answered.
class Asking {
 public:
  Asking(const Options& options, Ending& ending) : options_(options), ending_(ending) {}

  void begin(camspan::P2pViewer& viewer) {
    viewer_ = &viewer;
    if (!options_.commands.empty()) next();
  }

 private:
  void next() {
    if (asked_ == options_.commands.size()) {
      if (options_.seconds == 0) ending_.set({camspan::Errc::closed, "all is answered", 0});
      return;
    }
    const std::string& text = options_.commands[asked_++];
    viewer_->command(text, camspan::kCommandTimeout, [this, text](const auto& answer) { take(text, answer); });
  }
  void take(const std::string& text, const camspan::P2pCommandAnswer& answer) {
    if (answer.error) {
      ending_.set({camspan::Errc::refused, "\"" + text + "\" was not answered: " + why(answer), 0});
      return;
    }
    // What is watched may go to standard output, too.
    std::FILE* const out = options_.watches ? stderr : stdout;
    std::fwrite(answer.reply.data(), 1, answer.reply.size(), out);
    std::fputc('\n', out);
    std::fflush(out);
    next();
  }
  static std::string why(const camspan::P2pCommandAnswer& answer) {
    if (answer.error == camspan::Errc::refused) return std::to_string(answer.status) + " " + answer.reason;
    return answer.error == camspan::Errc::closed ? answer.reason : answer.error.message();
  }

  camspan::P2pViewer* viewer_ = nullptr;
  const Options& options_;
  Ending& ending_;
  std::size_t asked_ = 0;  // on the caller's thread once, then on the viewer's
};

/// What the camera asks goes to standard error.
camspan::P2pCommandReply reply_to(const std::string& text, const Options& options) {
  std::cerr << "camspan-view: the camera asks " + text + "\n" << std::flush;
  const auto reply = camspan::as_bytes(options.reply);
  if (reply.empty()) return {{}, 501, "not-supported"};
  return {camspan::Bytes(reply.begin(), reply.end()), 0, {}};
}

void print_stats(const camspan::P2pViewer& viewer, std::uint64_t& before) {
  const auto stats = viewer.stats();
  std::fprintf(stderr,
               "bytes=%llu kbit/s=%llu lost-tags=%llu path=%s relayed=%s restarts=%u rtt-ms=%.1f signal-ms=%s "
               "ice-ms=%s dtls-ms=%s "
               "open-ms=%s\n",
               static_cast<unsigned long long>(stats.bytes), static_cast<unsigned long long>(stats.bytes - before),
               static_cast<unsigned long long>(stats.tags_lost), stats.path.empty() ? "-" : stats.path.c_str(),
               stats.relayed ? "yes" : "no", stats.restarts, static_cast<double>(stats.rtt.count()) / 1000,
               text_of(stats.signal).c_str(), text_of(stats.ice).c_str(), text_of(stats.dtls).c_str(),
               text_of(stats.open).c_str());
  before = stats.bytes;
}

/// Until a signal, the end of the time, or of the stream.
void wait(const Options& options, const camspan::P2pViewer& viewer, Ending& ending, const sigset_t& signals,
          std::uint64_t& bytes) {
  const auto begin = steady_clock::now();
  const auto end = begin + std::chrono::duration_cast<steady_clock::duration>(
                               std::chrono::duration<double>(options.seconds > 0 ? options.seconds : 1e8));
  for (auto next = begin + std::chrono::seconds(1); !ending.get();) {
    const auto now = steady_clock::now();
    if (now >= end) return;
    if (now >= next) {
      if (options.stats) print_stats(viewer, bytes);
      next += std::chrono::seconds(1);
      continue;
    }
    const auto left = std::min(next, end) - now;
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec time{whole.count(), std::chrono::nanoseconds(left - whole).count()};
    const int signal = sigtimedwait(&signals, nullptr, &time);
    if (signal == SIGINT || signal == SIGTERM) return;
  }
}

int run(Options options) {
  if (!options.token_file.empty()) {
    std::ifstream file(options.token_file);
    if (!std::getline(file, options.viewer.token))
      return complain("the token file " + options.token_file + " cannot be read", kConfiguration);
  }
  // Blocked before there are threads, so that only wait() hears them.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  Output output(options.out);
  if (!output.good()) return complain("cannot write " + options.out, kConfiguration);
  Ending ending;
  camspan::P2pViewerEvents events;
  events.on_data = [&](camspan::ByteView bytes) {
    if (!output.write(bytes)) ending.set({camspan::Errc::io_error, "cannot write " + options.out, 0});
  };
  events.on_ended = [&](const camspan::Failure& why) { ending.set(why); };
  Asking asking(options, ending);
  events.on_command = [&](const std::string& text) { return reply_to(text, options); };
  auto viewer = camspan::P2pViewer::create(options.viewer, std::move(events));
  if (!viewer) return complain(viewer.error().sentence, kConfiguration);
  (*viewer)->start();
  asking.begin(**viewer);
  std::uint64_t bytes = 0;
  wait(options, **viewer, ending, signals, bytes);
  if (options.stats) print_stats(**viewer, bytes);
  viewer->reset();
  const auto why = ending.get();
  if (!why || why->code == camspan::Errc::closed) return kFine;
  return complain(why->sentence, kFailed);
}

}  // namespace

int main(int argc, char** argv) {
  int code = kFine;
  const auto options = parse(argc, argv, code);
  if (!options) return code;
  try {
    return run(*options);
  } catch (const std::exception& error) {
    return complain(error.what(), kFailed);
  }
}
