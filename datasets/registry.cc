#include "datasets/registry.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace assay {

absl::StatusOr<const DatasetInfo*> FindDataset(absl::string_view name) {
  for (const DatasetInfo* info : DatasetInfos()) {
    if (info->name == name) return info;
  }
  return absl::NotFoundError(
      absl::StrCat("no data set \"", name, "\"; known: ",
                   absl::StrJoin(DatasetInfos(), ", ",
                                 [](std::string* out, const DatasetInfo* info) {
                                   absl::StrAppend(out, info->name);
                                 })));
}

absl::StatusOr<std::unique_ptr<Dataset>> OpenDataset(absl::string_view name,
                                                     const DatasetArgs& args) {
  const absl::StatusOr<const DatasetInfo*> info = FindDataset(name);
  if (!info.ok()) return info.status();
  absl::StatusOr<std::unique_ptr<Dataset>> dataset = (*info)->open(args);
  if (!absl::IsNotFound(dataset.status()) || (*info)->folder.empty()) {
    return dataset;
  }
  return absl::NotFoundError(absl::StrCat(
      "data set ", name, " is not in ",
      args.data_dir.empty() ? "a folder that was named" : args.data_dir, " (",
      dataset.status().message(),
      "): --data_dir or ASSAY_DATA_DIR names the folder that holds it; `assay "
      "data fetch ",
      name, "` gets it"));
}

}  // namespace assay
