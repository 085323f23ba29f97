// Batches over parts of the data.
#ifndef ASSAY_HARNESS_HOST_SERVICES_PARTS_H_
#define ASSAY_HARNESS_HOST_SERVICES_PARTS_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/host/services/service_host.h"
#include "harness/train/batch.h"

namespace assay {

// Endless, shuffled; order and augmentation depend on the run's seed and
// `stream` alone. batch < 0: the recipe's. INVALID_ARGUMENT: a part of another
// split than train, or smaller than a batch.
absl::StatusOr<std::unique_ptr<BatchSource>> TrainingSource(
    assay_host* host, const assay_part& part, int64_t batch,
    absl::string_view stream, bool augment);

// Endless batches with samples of several parts, one part after the other; each
// part's order and augmentation are its own. Errors as TrainingSource, and a
// mix without parts or with a share below 1.
absl::StatusOr<std::unique_ptr<BatchSource>> MixedSource(
    assay_host* host, const assay_mix& mix, absl::string_view stream,
    bool augment);

// Once through in order, the last batch padded.
absl::StatusOr<std::unique_ptr<BatchSource>> OrderedSource(
    assay_host* host, const assay_part& part, int64_t batch);

// What the task scores with: for a stream, windows that predict every token
// once. Null part: the whole validation split.
absl::StatusOr<std::unique_ptr<BatchSource>> ScoringSource(
    assay_host* host, const assay_part* part, int64_t batch);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SERVICES_PARTS_H_
