#include "datasets/tinyshakespeare/tinyshakespeare.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "datasets/data_files.h"
#include "datasets/formats/format_error.h"
#include "datasets/token_dataset.h"
#include "harness/core/status_macros.h"

namespace assay::datasets::tinyshakespeare {
namespace {

constexpr char kFile[] = "input.txt";
constexpr size_t kBytes = 1115394;
constexpr size_t kTrainBytes = 1003854;  // 90 %, as everybody splits it

absl::StatusOr<std::unique_ptr<Dataset>> Open(const DatasetArgs& args) {
  ASSAY_ASSIGN_OR_RETURN(
      const DatasetOptions options,
      ResolveOptions(Info().name, Info().options, args.options));
  std::vector<std::string> digests;
  ASSAY_ASSIGN_OR_RETURN(const std::string text,
                         ReadDataFile(Info(), args, kFile, &digests));
  if (text.size() != kBytes) {  // read without verification
    return FormatError(
        PathOf(Info(), args.data_dir, kFile), std::min(text.size(), kBytes),
        absl::StrCat(kBytes, " bytes in all"), absl::StrCat(text.size()));
  }
  const size_t half = (kBytes - kTrainBytes) / 2;
  DatasetSpec spec;
  spec.name = Info().name;
  spec.domain = Info().domain;
  spec.fingerprint = Fingerprint(spec.name, options, digests);
  return MakeTokenDataset(
      std::move(spec), IntOption(options, "window"),
      {text.substr(0, kTrainBytes), text.substr(kTrainBytes, half),
       text.substr(kTrainBytes + half)});
}

DatasetInfo MakeInfo() {
  DatasetInfo info;
  info.name = "tinyshakespeare";
  info.domain = Domain::kLanguage;
  info.summary = "plays of Shakespeare, a byte stream";
  info.licence = "public domain";
  info.folder = "tinyshakespeare";
  info.files = {
      {kFile, kBytes,
       "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565"
       "ed",
       "https://raw.githubusercontent.com/karpathy/char-rnn/master/"
       "data/tinyshakespeare/input.txt"}};
  info.options = {WindowOption()};
  info.open = Open;
  return info;
}

}  // namespace

const DatasetInfo& Info() {
  static const auto* const info = new DatasetInfo(MakeInfo());
  return *info;
}

}  // namespace assay::datasets::tinyshakespeare
