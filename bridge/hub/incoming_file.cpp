#include "hub/incoming_file.hpp"

#include <camspan/hal.h>

#include "hub/private_file.hpp"

namespace camspan::hub {
namespace {

/// "a.jpg", 2 -> "a-2.jpg".
std::string numbered(const std::string& name, unsigned copy) {
  if (copy == 0) return name;
  const auto dot = name.rfind('.');
  const std::string number = "-" + std::to_string(copy);
  return dot == std::string::npos ? name + number : name.substr(0, dot) + number + name.substr(dot);
}

}  // namespace

Result<std::shared_ptr<IncomingFile>> IncomingFile::create(const std::filesystem::path& folder, std::string name) {
  if (const int error = hal()->folder_create(folder.c_str()); error != 0) return fail(recordings::file_error(error));
  std::string part = (folder / (name + "." + random_hex(4) + ".part")).string();
  auto file = recordings::File::open(part, HAL_FILE_WRITE | HAL_FILE_CREATE | HAL_FILE_EXCLUSIVE);
  if (!file) return fail(file.error());
  return std::shared_ptr<IncomingFile>(new IncomingFile(folder, std::move(name), std::move(part), std::move(*file)));
}

IncomingFile::~IncomingFile() {
  if (!finished_) hal()->file_remove(part_.c_str());
}

Result<> IncomingFile::write(ByteView bytes) {
  if (auto written = file_.write(bytes, size_); !written) return written;
  size_ += bytes.size();
  return {};
}

Result<std::string> IncomingFile::finish() {
  if (auto synced = file_.sync(); !synced) return fail(synced.error());
  // Only this thread makes names here, so one that is free stays free.
  unsigned copy = 0;
  std::error_code error;
  while (std::filesystem::exists(folder_ / numbered(name_, copy), error)) ++copy;
  if (error) return fail(error);
  std::string name = numbered(name_, copy);
  if (const int failed = hal()->file_rename(part_.c_str(), (folder_ / name).c_str()); failed != 0)
    return fail(recordings::file_error(failed));
  finished_ = true;
  return name;
}

}  // namespace camspan::hub
