#include "recordings/reconcile.hpp"

#include <camspan/hal.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/log.hpp"
#include "recordings/segment_name.hpp"
#include "recordings/segment_scan.hpp"
#include "recordings/segment_writer.hpp"

namespace camspan::recordings {
namespace {

namespace fs = std::filesystem;

// <device>/ch<n>/<yyyy>/<mm>/<dd>/<name>
constexpr int kDepth = 5;

/// Paths below `root` that are names of segments, in order; as far as the folders can be read.
Result<std::vector<std::string>> list_segments(const fs::path& root, const std::string& device) {
  std::vector<std::string> paths;
  std::error_code error;
  const fs::path top = device.empty() ? root : root / device;
  if (!fs::exists(top, error) && !error) return paths;
  fs::recursive_directory_iterator it(top, fs::directory_options::skip_permission_denied, error);
  while (!error && it != fs::recursive_directory_iterator()) {
    std::error_code ignored;
    if (it.depth() >= kDepth) it.disable_recursion_pending();
    std::string path = it->path().lexically_relative(root).string();
    if (it->is_regular_file(ignored) && parse_segment_path(path)) paths.push_back(std::move(path));
    it.increment(error);
  }
  if (error) return fail(error);
  std::ranges::sort(paths);
  return paths;
}

void remove_part(const fs::path& root, const std::string& path, SegmentIndex& index) {
  const int error = hal()->file_remove((root / path).c_str());
  if (error != 0) log::warn("recordings", "cannot remove the empty ", path, ": ", file_error(error).message());
  index.remove(path);
}

/// Cuts a file that was growing when the program was killed after its last whole tag, and finishes it.
void recover(const fs::path& root, const std::string& path, SegmentIndex& index) {
  const auto scan = scan_segment(root, path);
  const bool empty = scan ? scan->segment.end == scan->segment.first : scan.error() == Errc::gap;
  if (empty) return remove_part(root, path, index);
  if (!scan) {
    log::warn("recordings", path, " is left alone: ", scan.error().message());
    return index.remove(path);
  }
  auto writer = SegmentWriter::reopen(root, scan->segment);
  const auto finished = writer ? (*writer)->finish() : fail(writer.error());
  if (!finished) {
    log::error("recordings", "cannot finish ", path, ": ", finished.error().message());
    return index.put(scan->segment, false);
  }
  const Segment& segment = (*writer)->stored();
  log::info("recordings", "recovered ", segment.path, ": ", segment.end - segment.first, " tags, ",
            scan->file_bytes - segment.bytes, " bytes cut off");
  if (final_path(path) != segment.path) index.remove(path);
  index.put(segment, true);
}

bool has_changed(const fs::path& root, const std::string& path, const SegmentIndex& index) {
  std::error_code error;
  const std::uintmax_t bytes = fs::file_size(root / path, error);
  return !error && bytes != index.bytes_of(path);
}

void adopt(const fs::path& root, const std::string& path, SegmentIndex& index) {
  const auto scan = scan_segment(root, path);
  if (scan) {
    index.put(scan->segment, true);
  } else {
    log::warn("recordings", path, " is left alone: ", scan.error().message());
  }
}

}  // namespace

Result<> reconcile(const fs::path& root, const std::string& device, SegmentIndex& index) {
  const auto files = list_segments(root, device);
  if (!files) return fail(files.error());
  std::vector<std::string> rows = index.paths();
  std::ranges::sort(rows);
  for (const std::string& row : rows) {
    if (!std::ranges::binary_search(*files, row)) index.remove(row);
  }
  for (const std::string& file : *files) {
    if (final_path(file) != file) {
      recover(root, file, index);
    } else if (!std::ranges::binary_search(rows, file) || has_changed(root, file, index)) {
      adopt(root, file, index);
    }
  }
  return {};
}

}  // namespace camspan::recordings
