// A candidate on disk: a folder with
//
//   graph.txt               the inference graph (harness/graph/text.h), or
//                           the network with control flow
//                           (harness/dynamic/dynamic_text.h)
//   parameters.safetensors  what it reads, and its large constants
//   artifact.textproto      the card: name, budget, hashes of the two above
//
// The compress process, which holds foreign code, writes it; the score process
// reads it and believes nothing.
#ifndef ASSAY_HARNESS_HOST_ARTIFACT_H_
#define ASSAY_HARNESS_HOST_ARTIFACT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"

namespace assay {

class ArtifactRecord;  // report.proto
class OpSet;
struct DynamicGraph;

struct Artifact {
  std::string name;                     // of the candidate: "sparsity>=0.9"
  int budget = 0;                       // index in RunSpec.budgets
  std::vector<std::string> precisions;  // meant beside f32: "bf16"
  // Where `dynamic` is set: all of its pieces (side_by_side.h), for what is
  // asked of a network but its function.
  Graph graph;
  ParameterStore parameters;
  std::shared_ptr<const DynamicGraph> dynamic = nullptr;
};

// A candidate with control flow, with what it reads of `parameters`.
// INVALID_ARGUMENT, NOT_FOUND: a piece that does not fit what it gets, or a
// parameter that is missing.
absl::StatusOr<Artifact> MakeDynamicArtifact(std::string name, int budget,
                                             const DynamicGraph& dynamic,
                                             const ParameterStore& parameters);

// Refuses what is no network: a graph that the verifier refuses or that carries
// updates; a parameter that the graph reads and the store lacks or has with
// another type; one that the store has and the graph does not read; a value
// that is not finite (the message names parameter and index). INVALID_ARGUMENT.
absl::Status CheckArtifact(const Artifact& artifact);

// Refuses a candidate whose inputs or outputs differ from the reference
// network's in name, order, element type, or shape other than the batch.
// INVALID_ARGUMENT says which, expected and got.
absl::Status CheckSameInterface(const Graph& candidate, const Graph& reference);
// Outputs by name alone: their types depend on the path.
absl::Status CheckSameInterface(const DynamicGraph& candidate,
                                const Graph& reference);

// CheckArtifact, then writes beside `folder` under a temporary name and
// renames: a reader, or a process killed at any instant, sees the old artifact,
// the new one, or none. Replaces an earlier one.
absl::Status WriteArtifact(const std::string& folder, const Artifact& artifact);

// What a reader accepts before it allocates.
struct ArtifactLimits {
  int64_t graph_bytes = int64_t{32} << 20;
  int64_t parameter_bytes = int64_t{2} << 30;
};

// Reads with suspicion: exactly the three files, regular ones and no links, of
// the sizes and hashes that the card says, a graph whose structure hashes to
// what the card says; then CheckArtifact. `ops` must outlive the result;
// `record` (may be null) gets hashes and sizes. NOT_FOUND, DATA_LOSS (changed
// or truncated), RESOURCE_EXHAUSTED (larger than `limits`) or INVALID_ARGUMENT,
// each with the path, expected and got.
absl::StatusOr<Artifact> ReadArtifact(const std::string& folder,
                                      const OpSet& ops,
                                      const ArtifactLimits& limits,
                                      ArtifactRecord* record);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_ARTIFACT_H_
