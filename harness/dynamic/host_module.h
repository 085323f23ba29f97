// The compiled form of a network with control flow: a small program for the
// host that calls sub-networks without control flow.
#ifndef ASSAY_HARNESS_DYNAMIC_HOST_MODULE_H_
#define ASSAY_HARNESS_DYNAMIC_HOST_MODULE_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/core/tensor.h"
#include "harness/dynamic/dynamic_graph.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"

namespace assay {

enum class OpCode : uint8_t {
  kCall,      // writes := subnetwork(reads)
  kMove,      // writes[0] := reads[0], the same tensor
  kConstant,  // writes[0] := constants[constant]
  kBranch,    // to target[0] where the predicate holds, else to target[1]
  kCount,   // reads[0] = count: to target[1]; else writes[0] := reads[0] where
            // there is a writes[0], reads[0] += 1, to target[0]
  kJump,    // to target[0]
  kReturn,  // the outputs := reads
};

struct Instruction {
  OpCode op = OpCode::kReturn;
  std::vector<int32_t> reads, writes;  // slots
  int32_t subnetwork = -1;
  int32_t constant = -1;
  Predicate predicate;  // its source is a slot
  int32_t site = -1;
  int64_t count = 0;
  std::array<int32_t, 2> target = {-1, -1};
  std::vector<int32_t> dead;  // slots that nobody reads behind it
};

struct HostModule {
  std::string name;
  std::vector<std::string> slots;           // names
  std::vector<DynamicGraph::Input> inputs;  // `variable` is a slot
  std::vector<std::string> outputs;
  std::vector<Graph> subnetworks;  // each once, however often it is called
  std::vector<Tensor> constants;
  // Code for one place of the source stands together, behind all that can come
  // before it but for the ends of loops.
  std::vector<Instruction> code;
};

struct HostModuleOptions {
  // Loops of so many iterations are written out; longer ones count.
  int64_t unroll_limit = 64;
  bool propagate_constants = true;
  bool merge_chains = true;
  // Outputs that are an input or a constant are moved on the host. Without,
  // sub-networks return all that lives on behind them.
  bool eliminate_copies = true;
  // Of one place, for variables of different shapes at a join.
  int max_specialisations = 4;
};

// Splits `graph` at its conditionals, for inputs of exactly the graph's types.
// Both sides of every conditional are there, whichever is ever taken. Every
// predicate must give one decision. `parameters` gives values to outputs that
// depend on parameters alone.
//
// INVALID_ARGUMENT as VerifyDynamic, or a piece or predicate that does not fit
// what it gets; UNIMPLEMENTED: more specialisations than the cap.
absl::StatusOr<HostModule> BuildHostModule(
    const DynamicGraph& graph, const ParameterStore& parameters,
    const HostModuleOptions& options = {});

// One line per instruction.
std::string CodeText(const HostModule& module);

}  // namespace assay

#endif  // ASSAY_HARNESS_DYNAMIC_HOST_MODULE_H_
