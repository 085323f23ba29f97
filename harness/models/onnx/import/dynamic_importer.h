// Imports a model statement by statement; import_dynamic.h is what others see.
#ifndef ASSAY_HARNESS_MODELS_ONNX_IMPORT_DYNAMIC_IMPORTER_H_
#define ASSAY_HARNESS_MODELS_ONNX_IMPORT_DYNAMIC_IMPORTER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/dynamic/dynamic_graph.h"
#include "harness/graph/graph.h"
#include "harness/models/onnx/import/dynamic_pieces.h"
#include "harness/models/onnx/import/import_dynamic.h"
#include "harness/models/onnx/proto/onnx_model.h"

namespace assay {

class DynamicImporter {
 public:
  DynamicImporter(const OnnxModel& model, const OnnxImportOptions& options,
                  const OpSet& ops);

  absl::StatusOr<OnnxDynamicNetwork> Run();

 private:
  using Meanings = std::vector<OnnxMeaning>;

  // How a graph's nodes end: with the meanings of its outputs, or with the end
  // of the run on every path.
  struct Outcome {
    bool returned = false;
    Meanings outputs;
  };

  // Both sides of an If, with what they give so far.
  struct Sides {
    Statement statement;
    Meanings results[2];
    Block& block(size_t side) {
      return side == 0 ? statement.body : statement.otherwise;
    }
  };

  DynamicGraph& graph() { return network_.graph; }
  absl::Status TakeInputs(OnnxNames* names);
  absl::StatusOr<OnnxMeaning> Read(const OnnxNode& node, size_t operand,
                                   OnnxNames* names);
  absl::Status Return(const Meanings& outputs, Block* block);

  // Appends a graph's nodes, or those from `at` on.
  absl::StatusOr<Outcome> ImportBlock(const OnnxGraph& graph, OnnxNames* names,
                                      Block* block);
  absl::StatusOr<Outcome> ImportNodes(const OnnxGraph& graph,
                                      const OnnxReads& reads, size_t at,
                                      OnnxNames* names, Block* block);

  // Node `at`, an If. What stands behind it is imported too where its branches
  // give other types: then there is an outcome.
  absl::StatusOr<std::optional<Outcome>> ImportIf(const OnnxGraph& graph,
                                                  const OnnxReads& reads,
                                                  size_t at, OnnxNames* names,
                                                  Block* block);
  absl::Status ImportKnownIf(const OnnxNode& node, bool holds, OnnxNames* names,
                             Block* block);
  absl::StatusOr<Meanings> ImportBranch(const OnnxNode& node, bool holds,
                                        OnnxNames* names, Block* block);
  absl::StatusOr<Outcome> PartWays(const OnnxGraph& graph,
                                   const OnnxReads& reads, size_t at,
                                   Sides sides, OnnxNames* names, Block* block);
  // A variable that both sides assign.
  absl::StatusOr<OnnxMeaning> Join(const std::string& name, const Meanings& of,
                                   Sides* sides);

  // Node `at`, a Loop (dynamic_loop.cc).
  absl::Status ImportLoop(const OnnxNode& node, const OnnxReads& reads,
                          size_t at, OnnxNames* names, Block* block);
  absl::StatusOr<std::optional<OnnxMeaning>> Trips(const OnnxNode& node,
                                                   OnnxNames* names,
                                                   Block* block,
                                                   int64_t* known);
  absl::StatusOr<Meanings> StartCarried(const OnnxNode& node, OnnxNames* names,
                                        Block* block);
  absl::Status PassOn(const OnnxNode& node, const Meanings& carried,
                      const Meanings& results, Block* body);
  absl::Status SetGoing(const OnnxNode& node, const OnnxMeaning& condition,
                        const std::optional<OnnxMeaning>& trips,
                        const std::optional<OnnxMeaning>& index,
                        VariableId going, Block* block);

  const OnnxModel& model_;
  const OnnxImportOptions& options_;
  OnnxDynamicNetwork network_;
  DynamicPieces pieces_;
  int depth_ = 0;
  int partings_ = 0;  // calls of PartWays
};

// Whether the node is an If or a Loop.
bool IsOnnxControl(const OnnxNode& node);

// Errors about a node.
absl::Status InvalidNode(const OnnxNode& node, const std::string& what);
absl::Status RefuseNode(const OnnxNode& node, const std::string& what);

// INVALID_ARGUMENT unless the node's condition is one bool.
absl::Status CheckCondition(const OnnxNode& node, const TensorType& type);

// The attribute's graph.
absl::StatusOr<const OnnxGraph*> InnerGraph(const OnnxNode& node,
                                            const std::string& attribute);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ONNX_IMPORT_DYNAMIC_IMPORTER_H_
