/// Makes the files below a root and their index agree after whatever happened.
#pragma once

#include <filesystem>

#include "recordings/recorder.hpp"

namespace camspan::recordings {

/// Cuts and finishes every ".part" file, adds segments that the index lacks, takes out rows without a file. Finished
/// files that the index knows are not read. Files that are no segments are left alone; trouble with single files is
/// logged. For the start of a recorder, which must be the only one at work there.
/// @param device  only the files of this one; empty = all below `root`
/// @return an error when the folders cannot be listed; then nothing was changed
Result<> reconcile(const std::filesystem::path& root, const std::string& device, SegmentIndex& index);

}  // namespace camspan::recordings
