// All files of a data set, from its publishers or a copy.
#ifndef ASSAY_DATASETS_FETCH_FETCH_H_
#define ASSAY_DATASETS_FETCH_FETCH_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "datasets/dataset_info.h"
#include "datasets/fetch/download.h"

namespace assay {

// Downloads what is absent or damaged below `data_dir`, unpacks archives, and
// verifies every file. A call that is cut off loses nothing: the next one goes
// on. Embedded data sets need nothing.
//
// `mirror` empty: the publishers' URLs. Else MIRROR/FOLDER/FILE for each file
// and MIRROR/FOLDER/ARCHIVE (the last part of its URL) for archives, such as
// "file:///media/usb/data" or "http://server/data".
//
// Besides what Download() and UnpackTarGz() say: NOT_FOUND when a file can be
// had from no URL; DATA_LOSS when what came is not the published file.
absl::Status FetchDataset(const DatasetInfo& info, absl::string_view data_dir,
                          absl::string_view mirror = "",
                          const DownloadOptions& options = {});

}  // namespace assay

#endif  // ASSAY_DATASETS_FETCH_FETCH_H_
