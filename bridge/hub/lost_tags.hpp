/// Counts the tags that devices had and that are not stored: what a kill of a camera cost, or a spool that was full.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "hub/sqlite.hpp"
#include "recordings/segment.hpp"

namespace camspan::hub {

/// Devices say how many tags their earlier streams had (camspan-after); what is stored of those is known here. Part of
/// the index: its database, its thread.
class LostTags {
 public:
  explicit LostTags(Database& database);
  /// Reads what is known from before.
  Result<> read();

  /// `stream` had `tags` tags, of which `stored` are stored under its name. @return true if a count has changed
  bool expect(const recordings::StreamName& stream, std::uint64_t tags, std::uint64_t stored);
  /// `rest` is the name that a part of `stream` is stored under; `stored` tags of it are.
  bool add_rest(const recordings::StreamName& stream, const recordings::StreamName& rest, std::uint64_t stored);
  /// Tags of `name` below `end` are stored.
  void stored(const recordings::StreamName& name, std::uint64_t end);

  /// Of a device, all channels together.
  std::uint64_t of(const std::string& device) const;
  const std::map<std::string, std::uint64_t>& all() const { return sums_; }

 private:
  struct Count {
    std::uint64_t tags = 0;
    std::uint64_t stored = 0;
  };
  struct Rest {
    recordings::StreamName stream;
    std::uint64_t stored = 0;
  };
  std::uint64_t lost(const recordings::StreamName& stream, const Count& count) const;
  void sum_up(const std::string& device);
  void save(const recordings::StreamName& stream, const Count& count);
  void save(const recordings::StreamName& name, const Rest& rest);

  Statement put_, put_rest_, read_, read_rests_;
  std::map<recordings::StreamName, Count> counts_;
  std::map<recordings::StreamName, Rest> rests_;
  std::map<std::string, std::uint64_t> sums_;  ///< by device; asked for at each commit, and rarely another one
};

}  // namespace camspan::hub
