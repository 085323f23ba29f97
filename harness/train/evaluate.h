// Quality of a network on a split.
#ifndef ASSAY_HARNESS_TRAIN_EVALUATE_H_
#define ASSAY_HARNESS_TRAIN_EVALUATE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/backend/device.h"
#include "harness/backend/session.h"
#include "harness/graph/graph.h"
#include "harness/train/batch.h"

namespace assay {

// What a network made of every label that counted.
struct Scores {
  std::vector<int32_t> labels;       // in the order of the source
  std::vector<int32_t> predictions;  // argmax, ties to the lowest class
  std::vector<float> nats;           // cross-entropy of each
  double total_nats = 0;             // summed cross-entropy

  int64_t count() const { return static_cast<int64_t>(labels.size()); }
  int64_t correct() const;
  double accuracy() const;   // fraction; 0 of nothing
  double mean_loss() const;  // nats per label
  // Language: one label per byte.
  double bits_per_byte() const;
  // exp(total nats / words).
  double word_perplexity(int64_t words) const;
  // 1 where the prediction is the label: items of paired tests.
  std::vector<uint8_t> hits() const;
  // Accuracy of each class; NaN for a class without labels.
  std::vector<double> class_accuracy(int64_t classes) const;
};

// A network compiled for scoring: runs as often as its parameters change.
class Evaluator {
 public:
  // `network` has the output "logits"; it is rebatched to `batch`. Parameters
  // are read from `parameters` at each run, which must outlive this.
  static absl::StatusOr<std::unique_ptr<Evaluator>> Make(
      Device* device, const Graph& network, int64_t batch,
      DeviceParameters* parameters);

  struct Options {
    std::string label = "evaluate";
    bool progress = false;
    const std::atomic<bool>* stop = nullptr;  // true: CANCELLED
  };
  // Every batch of `source`, whose feeds include "labels"; labels of
  // kIgnoredLabel (padding, context) do not count.
  absl::StatusOr<Scores> Run(BatchSource& source, const Options& options);

 private:
  Evaluator() = default;

  std::unique_ptr<Session> session_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_TRAIN_EVALUATE_H_
