#include "harness/host/services/parts.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

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

// Rows of several tensors of one type, one after the other.
absl::StatusOr<Tensor> JoinRows(const std::vector<const Tensor*>& parts) {
  Shape shape = parts[0]->shape();
  if (shape.empty()) return *parts[0];
  shape[0] = 0;
  for (const Tensor* part : parts) shape[0] += part->dim(0);
  Tensor joined(parts[0]->dtype(), shape);
  char* to = static_cast<char*>(joined.raw());
  for (const Tensor* part : parts) {
    if (part->dtype() != joined.dtype() || part->rank() != joined.rank()) {
      return absl::InternalError(
          absl::StrCat("composed batches: expected rows of ",
                       joined.TypeString(), ", got ", part->TypeString()));
    }
    std::memcpy(to, part->raw(), static_cast<size_t>(part->bytes()));
    to += part->bytes();
  }
  return joined;
}

class Mixed final : public BatchSource {
 public:
  explicit Mixed(std::vector<std::unique_ptr<BatchSource>> parts)
      : parts_(std::move(parts)) {}

  int64_t batch_size() const override {
    int64_t sum = 0;
    for (const auto& part : parts_) sum += part->batch_size();
    return sum;
  }
  int64_t batch_count() const override {
    int64_t most = 0;
    for (const auto& part : parts_) most = std::max(most, part->batch_count());
    return most;
  }
  absl::StatusOr<Batch> Make(int64_t number) override {
    std::vector<Batch> made;
    for (const auto& part : parts_) {
      ASSAY_ASSIGN_OR_RETURN(Batch batch, part->Make(number));
      made.push_back(std::move(batch));
    }
    Batch joined;
    for (const Batch& batch : made) joined.samples += batch.samples;
    for (size_t f = 0; f < made[0].feeds.size(); ++f) {
      std::vector<const Tensor*> rows;
      for (const Batch& batch : made) rows.push_back(&batch.feeds[f].second);
      ASSAY_ASSIGN_OR_RETURN(Tensor value, JoinRows(rows));
      joined.feeds.emplace_back(made[0].feeds[f].first, std::move(value));
    }
    return joined;
  }

 private:
  std::vector<std::unique_ptr<BatchSource>> parts_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<BatchSource>> MixedSource(
    assay_host* host, const assay_mix& mix, absl::string_view stream,
    bool augment) {
  if (mix.count < 1) {
    return absl::InvalidArgumentError(
        "composed batches: expected at least one part, got none");
  }
  std::vector<std::unique_ptr<BatchSource>> parts;
  for (uint32_t i = 0; i < mix.count; ++i) {
    ASSAY_ASSIGN_OR_RETURN(assay_part * part,
                           host->handles().Find(mix.parts[i], "part"));
    if (mix.shares[i] < 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("composed batches: share ", i,
                       ": expected at least 1 sample, got ", mix.shares[i]));
    }
    ASSAY_ASSIGN_OR_RETURN(
        std::unique_ptr<BatchSource> source,
        TrainingSource(host, *part, mix.shares[i], absl::StrCat(stream, "/", i),
                       augment));
    parts.push_back(std::move(source));
  }
  return std::make_unique<Mixed>(std::move(parts));
}

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
