#include "hub/resumable_file.hpp"

#include <camspan/hal.h>

#include <algorithm>

#include "core/log.hpp"
#include "hub/clock.hpp"

namespace camspan::hub {
namespace {

using recordings::File;
using State = UploadRecord::State;
constexpr std::string_view kPartEnd = ".part";

std::filesystem::path part_path(const std::filesystem::path& folder, const std::string& id) {
  return folder / (id + std::string(kPartEnd));
}

Result<bool> is_there(const std::filesystem::path& path) {
  std::error_code error;
  const bool there = std::filesystem::exists(path, error);
  if (error) return fail(error);
  return there;
}

/// The file as far as `record` says; what a kill left behind that is cut off.
Result<File> open_at(const std::filesystem::path& path, const UploadRecord& record) {
  auto file = File::open(path.string(), HAL_FILE_READ | HAL_FILE_WRITE);
  if (!file) return file;
  const auto size = file->size();
  if (!size) return fail(size.error());
  // A closed file that has another size is another file.
  const bool fits = record.state == State::stored ? *size == record.position : *size >= record.position;
  if (!fits) return fail(Errc::not_found);
  if (*size > record.position)
    if (const auto cut = file->truncate(record.position); !cut) return fail(cut.error());
  return file;
}

Result<File> open_content(const std::filesystem::path& folder, UploadRecord& record) {
  if (record.state != State::part) return open_at(folder / record.name, record);
  auto file = open_at(part_path(folder, record.id), record);
  if (file || file.error() != Errc::not_found) return file;
  // A kill may have come between giving the name and saying so.
  record.state = State::stored;
  return open_at(folder / record.name, record);
}

}  // namespace

Result<std::shared_ptr<ResumableFile>> ResumableFile::create(UploadRegistry& registry, const Place& place,
                                                             UploadRecord record) {
  const std::filesystem::path folder = place.root / record.device;
  if (!record.overwrite) {
    const auto taken = is_there(folder / record.name);
    if (!taken) return fail(taken.error());
    if (*taken) return fail(Errc::refused);
  }
  const auto open = registry.count_open(record.device);
  if (!open) return fail(open.error());
  if (*open >= place.max_open) return fail(Errc::busy);
  if (const int error = hal()->folder_create(folder.c_str()); error != 0) return fail(recordings::file_error(error));
  const auto path = part_path(folder, record.id);
  auto file = File::open(path.string(), HAL_FILE_READ | HAL_FILE_WRITE | HAL_FILE_CREATE | HAL_FILE_EXCLUSIVE);
  if (!file) return fail(file.error());
  record.used = utc_now();
  const auto number = registry.add(record);
  if (!number) {
    hal()->file_remove(path.c_str());
    return fail(number.error());
  }
  record.number = *number;
  return std::shared_ptr<ResumableFile>(new ResumableFile(registry, place, std::move(record), std::move(*file)));
}

Result<std::shared_ptr<ResumableFile>> ResumableFile::reopen(UploadRegistry& registry, const Place& place,
                                                             const std::string& id, const std::string& device) {
  auto record = registry.find(id);
  if (!record) return fail(record.error());
  if (!*record || (*record)->device != device || (*record)->used < utc_now() - place.keep) return fail(Errc::not_found);
  std::optional<File> content;
  if ((*record)->state != State::filed) {
    auto file = open_content(place.root / device, **record);
    if (!file) return fail(file.error());
    content.emplace(std::move(*file));
  }
  (*record)->used = utc_now();
  if (const auto saved = registry.save(**record); !saved) return fail(saved.error());
  return std::shared_ptr<ResumableFile>(new ResumableFile(registry, place, std::move(**record), std::move(content)));
}

std::filesystem::path ResumableFile::path() const {
  return record_.state == State::part ? part_path(folder_, record_.id) : folder_ / record_.name;
}

Result<> ResumableFile::append(ByteView bytes) {
  if (!file_) return fail(Errc::refused);
  if (record_.state == State::stored) {
    // Said before it is so: a file that is longer than when it was closed is still this one.
    record_.state = State::growing;
    if (auto saved = registry_.save(record_); !saved) return saved;
  }
  if (auto written = file_->write(bytes, record_.position); !written) return written;
  record_.position += bytes.size();
  crc_.add(bytes);
  record_.checksum = crc_.value();
  return {};
}

Result<> ResumableFile::save() {
  if (file_)
    if (auto synced = file_->sync(); !synced) return synced;
  record_.used = utc_now();
  return registry_.save(record_);
}

/// Only this thread makes names here, so one that is free stays free.
Result<> ResumableFile::give_name() {
  const auto named = folder_ / record_.name;
  if (!record_.overwrite) {
    const auto taken = is_there(named);
    if (!taken) return fail(taken.error());
    if (*taken) return fail(Errc::refused);
  }
  if (const int error = hal()->file_rename(path().c_str(), named.c_str()); error != 0)
    return fail(recordings::file_error(error));
  record_.state = State::stored;
  return registry_.forget_replaced(record_);
}

Result<> ResumableFile::publish() {
  if (record_.state == State::filed) return {};
  if (auto saved = save(); !saved) return saved;
  if (record_.state == State::part)
    if (auto named = give_name(); !named) return named;
  record_.state = State::stored;
  return registry_.save(record_);
}

Result<> ResumableFile::filed() {
  if (record_.state == State::filed) return {};
  const auto content = path();
  record_.state = State::filed;
  file_.reset();
  if (auto saved = registry_.save(record_); !saved) return saved;
  if (const int error = hal()->file_remove(content.c_str()); error != 0) return fail(recordings::file_error(error));
  return {};
}

Result<> ResumableFile::restart() {
  if (record_.state != State::part) return {};
  if (auto cut = file_->truncate(0); !cut) return cut;
  record_.position = record_.checksum = 0;
  crc_ = Crc64();
  return save();
}

void expire_uploads(UploadRegistry& registry, const ResumableFile::Place& place, std::span<const std::string> in_use) {
  const auto unused = registry.unused_since(utc_now() - place.keep);
  if (!unused) return log::warn("hub", "uploads that were given up cannot be listed: ", unused.error().message());
  for (const UploadRecord& upload : *unused) {
    if (std::find(in_use.begin(), in_use.end(), upload.id) != in_use.end()) continue;
    if (upload.state == State::part) {
      log::info("hub", "removing ", upload.name, " of ", upload.device, ", given up after ", upload.position, " bytes");
      hal()->file_remove(part_path(place.root / upload.device, upload.id).c_str());
    }
    if (const auto removed = registry.remove(upload.id); !removed)
      log::warn("hub", "the upload ", upload.id, " cannot be forgotten: ", removed.error().message());
  }
}

void sweep_parts(UploadRegistry& registry, const std::filesystem::path& root) {
  // Listed first: what a folder gives while files go from it is not said.
  std::vector<std::filesystem::path> parts;
  std::error_code error;
  using Walk = std::filesystem::recursive_directory_iterator;
  for (Walk entry(root, error); !error && entry != Walk(); entry.increment(error))
    if (entry.depth() == 1 && entry->path().extension() == kPartEnd && entry->is_regular_file(error))
      parts.push_back(entry->path());
  if (error) log::warn("hub", "the uploaded files cannot be listed: ", error.message());
  for (const auto& part : parts) {
    const auto upload = registry.find(part.stem().string());
    if (!upload || (*upload && (*upload)->state == State::part)) continue;
    log::info("hub", "removing ", part.string(), ", which nothing goes on with");
    hal()->file_remove(part.c_str());
  }
}

}  // namespace camspan::hub
