/// How many tags each stream of a spool had, where a kill of the program does not reach.
#pragma once

#include <camspan/error.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace camspan::recordings {

/// One page of a file, mapped into memory: what is stored there is kept by the system when the program is killed, and
/// costs no call. It also marks the folder as in use by this program. One thread, but for the cell of begin().
class TagLedger {
 public:
  struct Stream {
    std::string name;  ///< a UUID
    std::uint64_t tags = 0;
  };

  /// Makes the file if there is none. One that is damaged, or no such file, counts as empty.
  /// @return Errc::busy when another program has it
  static Result<std::unique_ptr<TagLedger>> open(const std::filesystem::path& folder);
  ~TagLedger();
  TagLedger(const TagLedger&) = delete;
  TagLedger& operator=(const TagLedger&) = delete;

  /// From now on `name` is the stream that goes on; another one of that name is forgotten.
  /// @return where its owner keeps the number of its next tag (atomically, from any thread), while this lives
  std::uint64_t* begin(const std::string& name);
  /// The streams before, oldest first: what the receiver has of them may be less.
  std::vector<Stream> before() const;
  /// The receiver knows how many tags it had.
  void settle(const std::string& name);

 private:
  struct Row;
  struct Page;
  TagLedger(int fd, Page* page) : fd_(fd), page_(page) {}
  Row* find(const std::string& name) const;
  Row& free_row() const;

  const int fd_;
  Page* const page_;
  Row* current_ = nullptr;
};

}  // namespace camspan::recordings
