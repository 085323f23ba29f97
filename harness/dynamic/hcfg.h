// The heterogeneous control-flow graph (Chen et al. 2023, Alg. 1): every node
// is one decision or a straight run of statements, which becomes a sub-network.
#ifndef ASSAY_HARNESS_DYNAMIC_HCFG_H_
#define ASSAY_HARNESS_DYNAMIC_HCFG_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/dynamic/dynamic_graph.h"

namespace assay {

enum class HcfgKind : uint8_t {
  kStraight,  // statements, then next[0]
  kBranch,    // next[0] where the predicate holds, else next[1]
  kCount,     // counter = count: next[1]; else index := counter, counter += 1,
              // next[0]
  kReturn,    // the outputs := reads
};

constexpr int32_t kNoNext = -1;

struct HcfgNode {
  HcfgKind kind = HcfgKind::kStraight;
  Block statements;
  Predicate predicate;
  int32_t site = -1;
  VariableId counter = kNoVariable, index = kNoVariable;
  int64_t count = 0;
  std::vector<VariableId> reads;
  std::array<int32_t, 2> next = {kNoNext, kNoNext};
  std::vector<bool> live_in, live_out;  // by variable, after FindLiveness
};

struct Hcfg {
  // Without its body; loops that stay have counters among the variables.
  DynamicGraph frame;
  // In the order of the source: an edge leads back only from the end of a loop
  // to its head. Node 0 is the entry.
  std::vector<HcfgNode> nodes;
};

// `graph` is whole. Each straight statement is a node of its own.
Hcfg SplitAtConditionals(const DynamicGraph& graph);

// A straight node and its only successor, straight and with no other
// predecessor, become one.
void MergeChains(Hcfg* hcfg);

// Fills live_in and live_out by iteration to a fixed point, removes statements
// that nothing needs, and straight nodes that are empty then.
void FindLiveness(Hcfg* hcfg);

// One line per node, for people and tests.
std::string HcfgText(const Hcfg& hcfg);

}  // namespace assay

#endif  // ASSAY_HARNESS_DYNAMIC_HCFG_H_
