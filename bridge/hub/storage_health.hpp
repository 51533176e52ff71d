/// Whether recordings can be written now. Live goes on when they cannot.
#pragma once

#include <camspan/error.hpp>
#include <filesystem>
#include <string>

namespace camspan::hub {

/// Lives on the I/O thread.
class StorageHealth {
 public:
  enum class State : std::uint8_t { fine, disk_full, failed };

  /// Storing has failed. @return true if that is news, which has been logged
  bool report(const Failure& failure);
  /// A probe found that storing works again. @return true if that is news, which has been logged
  bool recovered();

  State state() const { return state_; }
  bool fine() const { return state_ == State::fine; }
  /// Why not, for a person; empty while all is fine.
  const std::string& sentence() const { return sentence_; }

 private:
  State state_ = State::fine;
  std::string sentence_;
};

/// Writes, syncs and removes a small file in `folder`. Blocks: for the storage thread.
/// @return Errc::no_space while less than 1 MiB is free: a recording would stop again at its next write or two
Result<> probe_storage(const std::filesystem::path& folder);

}  // namespace camspan::hub
