// Running a network with control flow statement by statement and op by op, by
// the ops' readable references: what compiled forms are compared with.
#ifndef ASSAY_HARNESS_DYNAMIC_INTERPRETER_H_
#define ASSAY_HARNESS_DYNAMIC_INTERPRETER_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "harness/core/tensor.h"
#include "harness/dynamic/dynamic_graph.h"
#include "harness/dynamic/path.h"
#include "harness/graph/parameter_store.h"

namespace assay {

class Interpreter {
 public:
  // Both must outlive the interpreter. `graph` is whole (VerifyDynamic).
  Interpreter(const DynamicGraph* graph, const ParameterStore* parameters);
  ~Interpreter();

  // All samples decide as one: every predicate must give one decision.
  // INVALID_ARGUMENT: an input that is absent or of another element type or
  // rank, a predicate that gives several decisions, a piece that its arguments
  // do not fit.
  absl::StatusOr<DynamicResult> Run(
      const std::map<std::string, Tensor>& inputs);

  // Every sample of the batch by itself, one path each; the outputs of all are
  // put together again. Inputs of rank 0 are shared. INVALID_ARGUMENT as Run,
  // or batches that differ.
  absl::StatusOr<DynamicResult> RunEach(
      const std::map<std::string, Tensor>& inputs);

 private:
  class Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_DYNAMIC_INTERPRETER_H_
