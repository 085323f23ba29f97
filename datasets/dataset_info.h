// What is known of a data set before it is opened. Each folder of datasets/
// defines one DatasetInfo; the registry lists them.
#ifndef ASSAY_DATASETS_DATASET_INFO_H_
#define ASSAY_DATASETS_DATASET_INFO_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "datasets/dataset.h"
#include "datasets/options.h"

namespace assay {

class VerifiedFiles;

// One file, as its authors publish it.
struct DataFile {
  // Below the data set's folder. A trailing slash means a folder, whose digest
  // is that of `cd FOLDER && sha256sum *` in the order of bytes.
  std::string path;
  int64_t bytes = 0;   // of a folder: of all its files together
  std::string sha256;  // 64 lower-case hexadecimal digits
  std::string url;     // empty: comes out of the archive
};

// A .tar.gz that holds files which have no url of their own.
struct Archive {
  std::string url;     // empty: there is none
  std::string sha256;  // empty where publishers do not fix it; the unpacked
                       // files are verified all the same
  int64_t max_bytes = 0;
  // Entries below `take` land below `put`; all others are passed over.
  std::string take, put;
};

struct DatasetArgs {
  std::string data_dir;  // the folder that holds the data sets' folders
  DatasetOptions options;
  bool verify = true;  // refuse files whose size or SHA-256 is not published
  // Files that are known to be the published ones are read without hashing
  // them; those that are found to be are added. Null: all are hashed.
  std::shared_ptr<VerifiedFiles> verified = nullptr;
};

struct DatasetInfo {
  std::string name;  // id and folder below datasets/
  Domain domain = Domain::kVision;
  std::string summary;  // a line for people
  std::string licence;
  std::string folder;  // below data_dir; empty: embedded, needs no files
  std::vector<DataFile> files;
  Archive archive;
  std::vector<OptionDoc> options;

  // NOT_FOUND: a file is absent. DATA_LOSS: damaged or not the published one;
  // the message names the file, the byte, what was expected and what was found.
  // INVALID_ARGUMENT: an option.
  absl::StatusOr<std::unique_ptr<Dataset>> (*open)(const DatasetArgs&) =
      nullptr;
};

}  // namespace assay

#endif  // ASSAY_DATASETS_DATASET_INFO_H_
