/// A file that comes by the file service, part by part, over as many connections and runs of the hub as it takes.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "core/crc64.hpp"
#include "hub/upload_registry.hpp"
#include "recordings/file.hpp"

namespace camspan::hub {

/// files/<device>/<id>.part until it is closed, files/<device>/<name> after. Storage thread only. What save() has seen
/// is safe: a file that is opened again is cut to that.
class ResumableFile {
 public:
  struct Place {
    std::filesystem::path root;  ///< files/
    std::size_t max_open = 0;    ///< of a device
    std::chrono::milliseconds keep{};
  };

  /// Begins one; `record` has id, device, name and overwrite. @return Errc::refused: the name is taken; Errc::busy: the
  /// device has its most open; Errc::no_space; what the system says
  static Result<std::shared_ptr<ResumableFile>> create(UploadRegistry& registry, const Place& place,
                                                       UploadRecord record);
  /// Goes on with one. @return Errc::not_found: there is none of that id and device, or it was not used for `keep`
  static Result<std::shared_ptr<ResumableFile>> reopen(UploadRegistry& registry, const Place& place,
                                                       const std::string& id, const std::string& device);

  const UploadRecord& record() const { return record_; }
  /// Puts bytes at the end. @return Errc::refused when the content is in the recordings already
  Result<> append(ByteView bytes);
  /// What was appended is on stable storage after this, also its number and sum.
  Result<> save();
  /// Saves it and gives it its name. @return Errc::refused: the name is taken
  Result<> publish();
  /// The content is in the recordings: the file goes.
  Result<> filed();
  /// Throws away what came of a file that has no name yet.
  Result<> restart();
  std::filesystem::path path() const;

 private:
  ResumableFile(UploadRegistry& registry, const Place& place, UploadRecord record, std::optional<recordings::File> file)
      : registry_(registry),
        folder_(place.root / record.device),
        record_(std::move(record)),
        crc_(record_.checksum),
        file_(std::move(file)) {}

  Result<> give_name();

  UploadRegistry& registry_;
  const std::filesystem::path folder_;
  UploadRecord record_;
  Crc64 crc_;
  std::optional<recordings::File> file_;  ///< none once it is filed
};

/// Forgets uploads that were not used for `keep`, but for those in `in_use` (ids), and removes what never got a name.
void expire_uploads(UploadRegistry& registry, const ResumableFile::Place& place, std::span<const std::string> in_use);

/// Removes every .part below `root` that belongs to no upload: what a kill left of files that cannot be gone on with.
void sweep_parts(UploadRegistry& registry, const std::filesystem::path& root);

}  // namespace camspan::hub
