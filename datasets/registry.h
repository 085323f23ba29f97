// Every data set, by name. The list is datasets/registry.bzl.
#ifndef ASSAY_DATASETS_REGISTRY_H_
#define ASSAY_DATASETS_REGISTRY_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "datasets/dataset_info.h"

namespace assay {

// Sorted by name; lives for ever.
absl::Span<const DatasetInfo* const> DatasetInfos();

// NOT_FOUND lists the known names.
absl::StatusOr<const DatasetInfo*> FindDataset(absl::string_view name);

// FindDataset(name)->open(args). Embedded data sets ignore args.data_dir; for
// others, NOT_FOUND says how to get the files or to name their folder.
absl::StatusOr<std::unique_ptr<Dataset>> OpenDataset(absl::string_view name,
                                                     const DatasetArgs& args);

}  // namespace assay

#endif  // ASSAY_DATASETS_REGISTRY_H_
