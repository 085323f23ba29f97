#include "datasets/grammar/grammar.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "datasets/data_files.h"
#include "datasets/formats/labelled_lines.h"
#include "datasets/grammar/opinions.h"
#include "datasets/grammar/stories.h"
#include "datasets/text/text_dataset.h"
#include "datasets/token_dataset.h"
#include "harness/core/random.h"
#include "harness/core/status_macros.h"

namespace assay::datasets::grammar {
namespace {

constexpr uint64_t kSeed = 1;
constexpr int64_t kStoryBytes[] = {1000000, 50000, 50000};
constexpr int64_t kOpinions[] = {8000, 1000, 2000};

absl::StatusOr<std::unique_ptr<Dataset>> OpenStories(
    DatasetSpec spec, const DatasetOptions& options) {
  std::array<std::string, 3> streams;
  for (Split split : kSplits) {
    const auto i = static_cast<size_t>(split);
    RandomStream stream(kSeed, absl::StrCat("grammar/stories/", Name(split)));
    streams[i] = WriteStories(kStoryBytes[i], stream);
    spec.words[i] = CountWords(streams[i]);
  }
  return MakeTokenDataset(std::move(spec), IntOption(options, "window"),
                          std::move(streams));
}

std::unique_ptr<Dataset> OpenOpinions(DatasetSpec spec,
                                      const DatasetOptions& options) {
  const OpinionWriter writer(kSeed);
  std::array<std::vector<Opinion>, 3> opinions;  // lines point into them
  std::array<std::vector<LabelledLine>, 3> lines;
  for (Split split : kSplits) {
    const auto i = static_cast<size_t>(split);
    RandomStream stream(kSeed, absl::StrCat("grammar/opinions/", Name(split)));
    for (int64_t n = 0; n < kOpinions[i]; ++n) {
      opinions[i].push_back(writer.Write(static_cast<int32_t>(n % 2), stream));
    }
    for (const Opinion& o : opinions[i]) lines[i].push_back({o.text, o.label});
  }
  spec.classes = 2;
  spec.class_names = {"disapproves", "approves"};
  return MakeTextDataset(std::move(spec), options, lines);
}

absl::StatusOr<std::unique_ptr<Dataset>> Open(const DatasetArgs& args) {
  ASSAY_ASSIGN_OR_RETURN(
      const DatasetOptions options,
      ResolveOptions(Info().name, Info().options, args.options));
  DatasetSpec spec;
  spec.name = Info().name;
  spec.domain = Info().domain;
  // Raise the revision whenever the text changes.
  spec.fingerprint = Fingerprint(spec.name, options, {"revision 1"});
  if (options.at("form") == "opinions") {
    return OpenOpinions(std::move(spec), options);
  }
  return OpenStories(std::move(spec), options);
}

DatasetInfo MakeInfo() {
  DatasetInfo info;
  info.name = "grammar";
  info.domain = Domain::kLanguage;
  info.summary = "generated text to model or to classify, embedded";
  info.licence = "same as this project";
  info.options = TextOptions();
  info.options.push_back({"form",
                          "stories",
                          "stories: a byte stream; opinions: two classes",
                          {"stories", "opinions"}});
  info.options.push_back(WindowOption());
  info.open = Open;
  return info;
}

}  // namespace

const DatasetInfo& Info() {
  static const auto* const info = new DatasetInfo(MakeInfo());
  return *info;
}

}  // namespace assay::datasets::grammar
