// A network lowered for inference, and a plan that can be asked queries.
#ifndef ASSAY_HARNESS_HOST_SCORE_PLAN_H_
#define ASSAY_HARNESS_HOST_SCORE_PLAN_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/backend/device.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/measure/scenario/scenario.h"
#include "harness/train/batch.h"

namespace assay {

// Lowered, not compiled: what is scored and what is timed is the same graph.
struct Plan {
  std::string precision;                   // "f32", "bf16", "int8"
  Graph graph;                             // parameters are constants in it
  std::vector<std::string> left_in_float;  // of a quantized graph
};

// LowerForInference at that batch, by `options` but for their precision.
// `precision` "int8" needs a graph with
// dequantize_linear nodes, and such a graph has no other (INVALID_ARGUMENT):
// simulated integers are never a plan.
absl::StatusOr<Plan> MakePlan(const Graph& graph,
                              const ParameterStore& parameters,
                              const std::string& precision, int64_t batch,
                              LoweringOptions options = {});

// A network that answers queries of whole batches of samples, which it has in
// memory. Samples are counted through the batches.
class TimedSystem : public SystemUnderTest {
 public:
  // Keeps the inputs of batches 0 to count - 1; labels are left out.
  virtual absl::Status LoadBatches(BatchSource& source, int64_t count) = 0;
  virtual int64_t samples() const = 0;
  // Weights, scratch memory, and what lives from query to query.
  virtual int64_t bytes() const = 0;
  // Equal where the same graphs were compiled, constants aside.
  virtual std::string form() const = 0;
};

// Weights that a program of this graph holds; it has no parameters (MakePlan).
int64_t ConstantBytes(const Graph& graph);

// TimedSystem::form of one graph.
std::string FormOf(const Graph& graph);

// A compiled plan with batches of samples in device memory. A query is made of
// whole batches, each named by its first sample, so that nothing is gathered
// while the clock runs.
class PlanSystem final : public TimedSystem {
 public:
  // UNIMPLEMENTED lists every node that the device cannot run.
  static absl::StatusOr<std::unique_ptr<PlanSystem>> Make(Device* device,
                                                          const Plan& plan,
                                                          int threads);

  // To the device.
  absl::Status LoadBatches(BatchSource& source, int64_t count) override;

  // One run per batch; the logits are on the host on return.
  absl::Status Answer(absl::Span<const int64_t> samples) override;

  const Tensor& logits() const { return logits_; }  // of the last batch
  int64_t samples() const override {
    return static_cast<int64_t>(inputs_.size() * batch_);
  }
  int64_t bytes() const override;
  std::string form() const override { return FormOf(program_->graph()); }

 private:
  explicit PlanSystem(Device* device) : device_(device) {}

  Device* device_;
  int64_t weight_bytes_ = 0;
  std::unique_ptr<Program> program_;
  std::unique_ptr<Stream> stream_;
  std::vector<DeviceTensor> outputs_;
  std::vector<std::vector<DeviceTensor>> inputs_;  // by batch
  size_t logits_output_ = 0;
  size_t batch_ = 1;
  Tensor logits_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SCORE_PLAN_H_
