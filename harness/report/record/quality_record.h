// From the answers on a split to what a report says of them.
#ifndef ASSAY_HARNESS_REPORT_RECORD_QUALITY_RECORD_H_
#define ASSAY_HARNESS_REPORT_RECORD_QUALITY_RECORD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/report/quality.pb.h"

namespace assay {

struct QualityOptions {
  std::string split;      // "test"
  std::string metric;     // "top1_accuracy", "bits_per_byte"
  std::string precision;  // "f32"
  std::string unit;       // "fraction", "bits per byte"
  QualityRecord::Direction direction = QualityRecord::HIGHER_IS_BETTER;
  std::string items_sha256;  // of the items' ids in order
  uint64_t batch = 0;
  double confidence = 0.95;
  uint64_t seed = 0;  // of the bootstrap
};

// Accuracy: item i was right or not, and belongs to class labels[i] of
// `class_names` (both may be empty: no table per class). Wilson's interval.
QualityRecord MakeAccuracyRecord(const std::vector<bool>& correct,
                                 absl::Span<const int64_t> labels,
                                 absl::Span<const std::string> class_names,
                                 const QualityOptions& options);

// A mean of per-item scores, such as bits per byte of each window of a text:
// value = sum(weights * scores) / sum(weights), plain mean where `weights` is
// empty. Block bootstrap over the items in order, since neighbouring windows of
// a text are alike.
QualityRecord MakeMeanRecord(absl::Span<const double> scores,
                             absl::Span<const double> weights,
                             const QualityOptions& options);

// Candidate against dense over the same items: McNemar's exact test for right
// and wrong, Wilcoxon's signed-rank test for scores. `answers_changed` counts
// items whose answer differs. FAILED_PRECONDITION says why two records do not
// pair (other split, metric or items; no scores kept).
absl::StatusOr<QualityComparison> CompareQuality(const QualityRecord& dense,
                                                 const QualityRecord& candidate,
                                                 uint64_t answers_changed);

// Item i's correctness; DATA_LOSS where the bits do not fit the count.
absl::StatusOr<std::vector<bool>> DecodeCorrect(const ItemScores& items);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_RECORD_QUALITY_RECORD_H_
