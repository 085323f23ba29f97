#include "harness/host/score/quality.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/hash.h"
#include "harness/report/record/quality_record.h"

namespace assay {
namespace {

constexpr size_t kBytesPerItem = 256;

// Of the items' ids: data set, split and place.
std::string ItemsHash(const Task& task, Split split, size_t items) {
  Sha256 hash;
  hash.Update(
      absl::StrCat(task.dataset().spec().fingerprint, "\n", Name(split), "\n"));
  for (size_t i = 0; i < items; ++i) hash.Update(absl::StrCat(i, "\n"));
  return hash.Hex();
}

QualityRecord Accuracy(const Task& task, const Scores& scores,
                       QualityOptions options) {
  std::vector<bool> correct(scores.labels.size());
  for (size_t i = 0; i < correct.size(); ++i) {
    correct[i] = scores.labels[i] == scores.predictions[i];
  }
  const std::vector<int64_t> labels(scores.labels.begin(), scores.labels.end());
  options.metric = "top1_accuracy";
  options.unit = "fraction";
  options.direction = QualityRecord::HIGHER_IS_BETTER;
  return MakeAccuracyRecord(correct, labels, task.dataset().spec().class_names,
                            options);
}

QualityRecord BitsPerByte(const Scores& scores, QualityOptions options) {
  std::vector<double> bits, bytes;
  for (size_t begin = 0; begin < scores.nats.size(); begin += kBytesPerItem) {
    const size_t end = std::min(begin + kBytesPerItem, scores.nats.size());
    double nats = 0;
    for (size_t i = begin; i < end; ++i) nats += double{scores.nats[i]};
    bytes.push_back(static_cast<double>(end - begin));
    bits.push_back(nats / std::log(2.0) / bytes.back());
  }
  options.metric = "bits_per_byte";
  options.unit = "bits per byte";
  options.direction = QualityRecord::LOWER_IS_BETTER;
  return MakeMeanRecord(bits, bytes, options);
}

}  // namespace

QualityRecord MakeQualityRecord(const Task& task, Split split,
                                const Scores& scores,
                                const std::string& precision, int64_t batch) {
  const bool stream = task.spec().metric == Metric::kBitsPerByte;
  const size_t labels = scores.labels.size();
  const size_t items =
      stream ? (labels + kBytesPerItem - 1) / kBytesPerItem : labels;
  QualityOptions options;
  options.split = std::string(Name(split));
  options.precision = precision;
  options.items_sha256 = ItemsHash(task, split, items);
  options.batch = static_cast<uint64_t>(batch);
  QualityRecord record =
      stream ? BitsPerByte(scores, options) : Accuracy(task, scores, options);
  record.set_has_target(true);
  record.set_target(task.spec().target);
  record.set_reached_target(task.Reached(record.value()));
  return record;
}

absl::StatusOr<QualityComparison> CompareToDense(
    const QualityRecord& dense, const Scores& dense_scores,
    const QualityRecord& candidate, const Scores& candidate_scores) {
  return CompareQuality(dense, candidate,
                        AnswersChanged(dense_scores, candidate_scores));
}

uint64_t AnswersChanged(const Scores& a, const Scores& b) {
  uint64_t changed = 0;
  const size_t count = std::min(a.predictions.size(), b.predictions.size());
  for (size_t i = 0; i < count; ++i) {
    changed += a.predictions[i] != b.predictions[i] ? 1 : 0;
  }
  return changed;
}

}  // namespace assay
