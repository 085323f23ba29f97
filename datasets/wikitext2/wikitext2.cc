#include "datasets/wikitext2/wikitext2.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "datasets/data_files.h"
#include "datasets/token_dataset.h"
#include "harness/core/status_macros.h"

namespace assay::datasets::wikitext2 {
namespace {

constexpr std::array<const char*, 3> kFiles = {"train.txt", "valid.txt",
                                               "test.txt"};

absl::StatusOr<std::unique_ptr<Dataset>> Open(const DatasetArgs& args) {
  ASSAY_ASSIGN_OR_RETURN(
      const DatasetOptions options,
      ResolveOptions(Info().name, Info().options, args.options));
  DatasetSpec spec;
  spec.name = Info().name;
  spec.domain = Info().domain;
  std::vector<std::string> digests;
  std::array<std::string, 3> streams;
  for (size_t i = 0; i < kFiles.size(); ++i) {
    ASSAY_ASSIGN_OR_RETURN(streams[i],
                           ReadDataFile(Info(), args, kFiles[i], &digests));
    spec.words[i] = CountWords(streams[i]);
  }
  spec.fingerprint = Fingerprint(spec.name, options, digests);
  return MakeTokenDataset(std::move(spec), IntOption(options, "window"),
                          std::move(streams));
}

DataFile Part(size_t part, int64_t bytes, absl::string_view sha256) {
  return {kFiles[part], bytes, std::string(sha256),
          absl::StrCat("https://raw.githubusercontent.com/pytorch/examples/"
                       "77f55b912142e11fcfdf5b530231fb9c52f181e8/"
                       "word_language_model/data/wikitext-2/",
                       kFiles[part])};
}

DatasetInfo MakeInfo() {
  DatasetInfo info;
  info.name = "wikitext2";
  info.domain = Domain::kLanguage;
  info.summary = "Wikipedia articles, tokenised, a byte stream";
  info.licence = "CC BY-SA 3.0";
  info.folder = "wikitext-2";
  info.files = {Part(0, 10797148,
                     "9e9fa1ad55b1c2c95b08e37dd8e653f638fac2c6de904b79e813611ee"
                     "fbc985f"),
                Part(1, 1121681,
                     "f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f"
                     "8af58e8"),
                Part(2, 1256449,
                     "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e"
                     "239eca0")};
  info.options = {WindowOption()};
  info.open = Open;
  return info;
}

}  // namespace

const DatasetInfo& Info() {
  static const auto* const info = new DatasetInfo(MakeInfo());
  return *info;
}

}  // namespace assay::datasets::wikitext2
