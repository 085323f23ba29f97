#include "datasets/sst2/sst2.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "datasets/data_files.h"
#include "datasets/formats/labelled_lines.h"
#include "datasets/text/text_dataset.h"
#include "harness/core/status_macros.h"

namespace assay::datasets::sst2 {
namespace {

constexpr std::array<const char*, 3> kFiles = {"train.tsv", "dev.tsv",
                                               "test.tsv"};

absl::StatusOr<std::unique_ptr<Dataset>> Open(const DatasetArgs& args) {
  ASSAY_ASSIGN_OR_RETURN(
      const DatasetOptions options,
      ResolveOptions(Info().name, Info().options, args.options));
  std::vector<std::string> digests;
  std::array<std::string, 3> contents;  // lines point into them
  std::array<std::vector<LabelledLine>, 3> lines;
  for (size_t i = 0; i < kFiles.size(); ++i) {
    ASSAY_ASSIGN_OR_RETURN(contents[i],
                           ReadDataFile(Info(), args, kFiles[i], &digests));
    ASSAY_ASSIGN_OR_RETURN(
        lines[i], ParseLabelledLines(contents[i], 2,
                                     PathOf(Info(), args.data_dir, kFiles[i])));
  }
  DatasetSpec spec;
  spec.name = Info().name;
  spec.domain = Info().domain;
  spec.classes = 2;
  spec.class_names = {"negative", "positive"};
  spec.fingerprint = Fingerprint(spec.name, options, digests);
  return MakeTextDataset(std::move(spec), options, lines);
}

DataFile Part(size_t part, int64_t bytes, absl::string_view sha256) {
  return {kFiles[part], bytes, std::string(sha256),
          absl::StrCat("https://raw.githubusercontent.com/clairett/"
                       "pytorch-sentiment-classification/"
                       "457ffd83de90a9d6d472d8ffc31bbffe40a8b236/data/SST2/",
                       kFiles[part])};
}

DatasetInfo MakeInfo() {
  DatasetInfo info;
  info.name = "sst2";
  info.domain = Domain::kLanguage;
  info.summary = "sentences of film reviews, negative or positive";
  info.licence = "none stated; published for research";
  info.folder = "sst2";
  info.files = {Part(0, 720259,
                     "ec192f833a64da08f475488a77b0d0b47db47acd0f458bd18433fc793"
                     "b569920"),
                Part(1, 92057,
                     "eddea6b39e601dd4e7a672b53cc40fdf6019fa80522f351206c24340c"
                     "a5d9359"),
                Part(2, 188749,
                     "831169c7e2e429d6026e1bdbb542f33b636e3e596caad9602ebc953c2"
                     "05928b7")};
  info.options = TextOptions();
  info.open = Open;
  return info;
}

}  // namespace

const DatasetInfo& Info() {
  static const auto* const info = new DatasetInfo(MakeInfo());
  return *info;
}

}  // namespace assay::datasets::sst2
