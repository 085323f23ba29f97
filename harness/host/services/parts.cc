#include "harness/host/services/parts.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/tasks/batches.h"

namespace assay {
namespace {

absl::StatusOr<BatchOptions> MakeOptions(assay_host* host,
                                         const assay_part& part,
                                         int64_t batch) {
  const TaskSpec& spec = host->task().spec();
  BatchOptions options;
  options.batch = batch < 0 ? spec.recipe.batch : batch;
  options.input = std::string(host->task().input());
  options.mean = spec.mean;
  options.stddev = spec.stddev;
  options.samples = part.samples;
  if (options.batch < 1 || part.samples.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "batches: expected a batch of at least 1 and a part with samples, got ",
        options.batch, " and ", part.samples.size()));
  }
  return options;
}

}  // namespace

absl::StatusOr<std::unique_ptr<BatchSource>> TrainingSource(
    assay_host* host, const assay_part& part, int64_t batch,
    absl::string_view stream, bool augment) {
  ASSAY_ASSIGN_OR_RETURN(BatchOptions options, MakeOptions(host, part, batch));
  if (part.split != Split::kTrain ||
      static_cast<int64_t>(part.samples.size()) < options.batch) {
    return absl::InvalidArgumentError(absl::StrCat(
        "training batches: expected a part of the train split with at least ",
        options.batch, " samples, got ", part.samples.size(), " of ",
        Name(part.split)));
  }
  return TrainingBatches(
      &host->task().dataset(), std::move(options),
      augment ? host->task().spec().recipe.augmentation : Augmentation::kNone,
      host->SeedFor(absl::StrCat("batches/", stream)));
}

absl::StatusOr<std::unique_ptr<BatchSource>> OrderedSource(
    assay_host* host, const assay_part& part, int64_t batch) {
  ASSAY_ASSIGN_OR_RETURN(BatchOptions options, MakeOptions(host, part, batch));
  return SampleBatches(&host->task().dataset(), part.split, std::move(options));
}

absl::StatusOr<std::unique_ptr<BatchSource>> ScoringSource(
    assay_host* host, const assay_part* part, int64_t batch) {
  if (part == nullptr || part == host->Whole(Split::kValidation)) {
    return host->task().EvaluationBatches(Split::kValidation, batch,
                                          Scoring::kFast);
  }
  return OrderedSource(host, *part, batch);
}

}  // namespace assay
