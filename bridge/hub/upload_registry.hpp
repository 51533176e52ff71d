/// The uploads of the file service that can be gone on with, in the hub's database: how far each is, safely on disk.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/time.hpp"
#include "hub/sqlite.hpp"

namespace camspan::hub {

struct UploadRecord {
  enum class State : std::uint8_t {
    part,     ///< not closed yet: the bytes are in <id>.part
    stored,   ///< closed: the file has its name
    growing,  ///< closed once and gone on with: the file has its name, and more than was closed
    filed,    ///< closed, and its content is in the recordings: there is no file
  };

  std::int64_t number = 0;  ///< x-file-store-id; given by add()
  std::string id;
  std::string device;
  std::string name;
  bool overwrite = false;
  State state = State::part;
  std::uint64_t position = 0;  ///< bytes on stable storage
  std::uint64_t checksum = 0;  ///< CRC-64/XZ of these
  UtcTime used{};              ///< when it last changed or was opened
};

/// One connection to the database: one thread, the storage thread of the hub.
class UploadRegistry {
 public:
  static tl::expected<UploadRegistry, Failure> open(const std::filesystem::path& file);

  /// Puts a new upload in. @return its number
  Result<std::int64_t> add(const UploadRecord& upload);
  Result<std::optional<UploadRecord>> find(std::string_view id);
  /// State, position, checksum and time of use. @return Errc::not_found when it is not there any more
  Result<> save(const UploadRecord& upload);
  Result<> remove(std::string_view id);
  /// Forgets other uploads whose file has been replaced by that of `upload`.
  Result<> forget_replaced(const UploadRecord& upload);
  /// How many of a device are not closed.
  Result<std::size_t> count_open(std::string_view device);
  /// Those not used since `before`.
  Result<std::vector<UploadRecord>> unused_since(UtcTime before);

 private:
  explicit UploadRegistry(Database database);
  static UploadRecord read(const Statement& row);

  Database database_;
  Statement add_;
  Statement find_;
  Statement save_;
  Statement remove_;
  Statement forget_;
  Statement count_;
  Statement unused_;
};

}  // namespace camspan::hub
