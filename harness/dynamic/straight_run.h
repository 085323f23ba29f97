// A straight node of the control-flow graph as a call of a sub-network and what
// the host moves itself. Equal runs over other variables are made once, so that
// the copies that unrolling makes cost next to nothing.
#ifndef ASSAY_HARNESS_DYNAMIC_STRAIGHT_RUN_H_
#define ASSAY_HARNESS_DYNAMIC_STRAIGHT_RUN_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/core/tensor.h"
#include "harness/dynamic/dynamic_graph.h"
#include "harness/dynamic/hcfg.h"
#include "harness/dynamic/straight_graph.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"

namespace assay {

// An output that needs no computation.
struct HostMove {
  VariableId to;
  VariableId from = kNoVariable;   // or
  std::optional<Tensor> constant;  // a constant
};

struct StraightRun {
  // writes := graph(reads), as in StraightGraph; without writes nothing runs.
  std::shared_ptr<const Graph> graph;
  std::vector<VariableId> reads, writes;
  std::vector<HostMove>
      moves;  // all at once, of what was there before the call
};

class StraightRuns {
 public:
  // With `eliminate_copies` outputs that are an input or a constant become
  // moves. Without, a sub-network returns every variable that lives on behind
  // it, those that only pass through too (as in Chen et al.'s code).
  // `frame` and `parameters` must outlive the object.
  StraightRuns(const DynamicGraph& frame, const ParameterStore& parameters,
               bool eliminate_copies);

  // For a straight node after FindLiveness, which must outlive the object.
  // `types` are those before the node and become those behind it. Errors as
  // JoinStraight.
  absl::StatusOr<StraightRun> Make(const HcfgNode& node, VariableTypes* types);

 private:
  struct Made {
    std::vector<VariableId> variables;  // ascending
    StraightRun run;
    std::vector<std::pair<VariableId, TensorType>> assigned;
  };

  absl::StatusOr<Made> MakeNew(const HcfgNode& node,
                               absl::Span<const Statement> statements,
                               const VariableTypes& types);
  absl::StatusOr<std::vector<HostMove>> EliminateCopies(
      StraightGraph* straight) const;

  const DynamicGraph& frame_;
  const ParameterStore& parameters_;
  const bool eliminate_copies_;
  std::map<std::string, Made> made_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_DYNAMIC_STRAIGHT_RUN_H_
