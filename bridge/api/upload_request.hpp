/// One request of an upload: sends units from the queue, reads acknowledgements.
#pragma once

#include <camspan/h2_push.hpp>
#include <memory>
#include <optional>

#include "core/media_queue.hpp"
#include "core/time.hpp"
#include "net/h2_client.hpp"
#include "net/wake_up.hpp"

namespace camspan {

/// How a request ended, and so what comes next.
struct RequestEnd {
  enum class Kind : std::uint8_t {
    complete,  ///< body ended, answered by 2xx: everything is with the receiver
    split,     ///< the same in the middle of a stream: the next request goes on
    lost,      ///< the link or the stream broke
    refused,   ///< answered by another status than 2xx
  };
  Kind kind = Kind::lost;
  Failure failure;                                  ///< for lost and refused
  std::optional<std::uint64_t> expected;            ///< of a 409: the tag the receiver can go on with
  std::optional<std::chrono::seconds> retry_after;  ///< of a 429 or 503
  std::string location;                             ///< of a 3xx; "" = none
};

/// An answer that refuses. @param who  begins the sentence @param problem  its body @param headers  of it
RequestEnd refused_by(const std::string& who, int status, std::string_view problem, const http::Headers& headers = {});

/// Lives on the I/O thread, kept alive by its coroutines.
class UploadRequest : public std::enable_shared_from_this<UploadRequest> {
 public:
  struct Setup {
    std::string method, authority, path;
    http::Headers headers;
    bool tls = true;
    bool flv = true;
    std::uint64_t first = 0;       ///< number of the first unit of this body
    std::vector<SharedUnit> head;  ///< repeated before it
    std::chrono::milliseconds idle_timeout{30000};
    std::chrono::milliseconds ack_timeout{15000};
    std::chrono::nanoseconds replay_time{0};
    std::chrono::nanoseconds segment_time{0};
    std::uint64_t segment_bytes = 0;
  };
  /// Counters of the upload, raised here.
  struct Progress {
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_acked = 0;
    std::uint64_t bytes_resent = 0;
    std::uint64_t tags_acked = 0;
    std::uint64_t highest_sent = 0;  ///< units below this number were sent before
    int http_status = 0;
    std::chrono::milliseconds first_ack_time{0};
    std::optional<Nanoseconds> acked_running_time;
  };

  /// @param acked  called when acknowledgements came
  UploadRequest(asio::any_io_executor executor, MediaQueue& queue, Progress& progress, Setup setup,
                std::function<void()> acked);

  asio::awaitable<RequestEnd> run(net::H2Client& client);

  void wake() { wake_.notify(); }  ///< the queue has something
  void finish();                   ///< end the body when all is sent
  void cut();                      ///< end the body with what the queue gives now
  void split();                    ///< end the body before the next key frame
  void abort(Failure why);
  std::uint64_t flow_window() const { return stream_ ? stream_->send_window() : 0; }

 private:
  asio::awaitable<void> write_body();
  asio::awaitable<Result<>> write_head();
  std::vector<MediaQueue::Numbered> gather();
  bool split_due(const Unit& next) const;
  void count_sent(const std::vector<MediaQueue::Numbered>& batch);
  asio::awaitable<void> read_answer();
  asio::awaitable<void> read_refusal(const net::ResponseHead& head);
  void end_early(int status, const std::string& problem);
  void take_line(std::string_view line);
  void acknowledge(std::uint64_t tags);
  void expect_silence();
  asio::awaitable<void> watch();
  void end(RequestEnd::Kind kind, Failure failure);
  void end(RequestEnd end);
  void end_lost(std::error_code error);

  static asio::awaitable<void> hold(std::shared_ptr<UploadRequest> self,
                                    asio::awaitable<void> (UploadRequest::*loop)());

  struct InFlight {
    std::uint64_t number;
    std::size_t bytes;
    std::optional<Nanoseconds> running_time;
  };

  const asio::any_io_executor executor_;
  MediaQueue& queue_;
  Progress& progress_;
  const Setup setup_;
  const std::function<void()> acked_;
  net::H2Client* client_ = nullptr;  ///< while run() runs
  std::unique_ptr<net::H2ClientStream> stream_;
  net::WakeUp wake_;
  net::WakeUp ended_;
  net::WakeUp tick_;
  std::optional<RequestEnd> end_;
  std::deque<InFlight> in_flight_;  ///< sent in this request, not acknowledged
  std::uint64_t next_number_ = 0;
  bool finishing_ = false;
  bool cutting_ = false;
  bool splitting_ = false;
  bool body_ended_ = false;
  bool acknowledging_ = false;    ///< the receiver sends acknowledgement lines
  bool silent_ = false;           ///< it does not, as far as is known
  std::size_t silent_bytes_ = 0;  ///< sent meanwhile
  bool answer_seen_ = false;
  std::chrono::steady_clock::time_point started_{};
  std::optional<std::chrono::steady_clock::time_point> writing_since_;
  std::chrono::steady_clock::time_point last_ack_line_{};
  std::string last_line_;  ///< of an acknowledging receiver
  std::optional<Nanoseconds> first_dts_;
  std::uint64_t body_bytes_ = 0;
};

}  // namespace camspan
