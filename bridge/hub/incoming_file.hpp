/// A file while it comes in.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "recordings/file.hpp"

namespace camspan::hub {

/// "<name>.<random>.part" until it is whole; the part is removed when this is destroyed unfinished. Storage thread.
class IncomingFile {
 public:
  /// @return Errc::no_space, or what the system says
  static Result<std::shared_ptr<IncomingFile>> create(const std::filesystem::path& folder, std::string name);
  ~IncomingFile();
  IncomingFile(const IncomingFile&) = delete;
  IncomingFile& operator=(const IncomingFile&) = delete;

  Result<> write(ByteView bytes);
  Result<> sync() { return file_.sync(); }
  /// Syncs and gives the file its name, or `name-1.ext`, `name-2.ext`, ... where that is taken: nothing is overwritten.
  /// @return the name it got
  Result<std::string> finish();

 private:
  IncomingFile(std::filesystem::path folder, std::string name, std::string part, recordings::File file)
      : folder_(std::move(folder)), name_(std::move(name)), part_(std::move(part)), file_(std::move(file)) {}

  std::filesystem::path folder_;
  std::string name_;
  std::string part_;
  recordings::File file_;
  std::uint64_t size_ = 0;
  bool finished_ = false;
};

}  // namespace camspan::hub
