/// The uploads that run, and what a newer one, a removed device or the end of the hub does to them.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "core/time.hpp"
#include "hub/problem.hpp"
#include "recordings/segment.hpp"

namespace camspan::hub {

class BodyGuard;
class LiveUpload;

/// Lives on the I/O thread.
class Uploads {
 public:
  /// Puts `upload` in the place of the one that runs for the same stream, which is told to end.
  void take_over(const recordings::StreamName& name, std::shared_ptr<LiveUpload> upload);
  /// `upload` is over. Another one that took its place stays.
  void leave(const recordings::StreamName& name, const LiveUpload* upload);

  /// A body that is no live stream comes in, until leave().
  void join(BodyGuard& body) { bodies_.push_back(&body); }
  void leave(BodyGuard& body) { std::erase(bodies_, &body); }

  void end_all(const Problem& why);
  void end_of(const std::string& device, const Problem& why);
  /// Ends uploads that have brought nothing for `limit`.
  void end_idle(TimePoint now, std::chrono::milliseconds limit);
  /// Storing works again.
  void storage_back();
  bool empty() const { return running_.empty() && bodies_.empty(); }

  /// Tags received of a stream, where nothing is recorded; the last 1000 streams are known.
  std::uint64_t received(const recordings::StreamName& name) const;
  void note_received(const recordings::StreamName& name, std::uint64_t tags);

 private:
  std::vector<std::shared_ptr<LiveUpload>> all() const;

  std::map<recordings::StreamName, std::shared_ptr<LiveUpload>> running_;
  std::vector<BodyGuard*> bodies_;
  std::map<recordings::StreamName, std::uint64_t> received_;
  std::deque<recordings::StreamName> received_order_;
};

}  // namespace camspan::hub
