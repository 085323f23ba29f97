// Whether a batch is computed strip by strip, and how many samples a strip has.
#ifndef ASSAY_HARNESS_BACKEND_CPU_STRIP_PLAN_H_
#define ASSAY_HARNESS_BACKEND_CPU_STRIP_PLAN_H_

#include <cstdint>
#include <optional>

#include "harness/graph/graph.h"

namespace assay::cpu {

// Bytes of the second-level cache of a core and of the last level that the
// cores share; 0: not known.
struct CacheSizes {
  int64_t core = 0, shared = 0;
};

struct StripPlan {
  int64_t samples = 1;  // of a strip
  int64_t count = 1;    // of strips; a multiple of the threads
  Graph graph;          // of a strip, with the ids of the whole
};

// A network that treats each sample alone (rewrites/split_batch.h) may run on a
// few samples from its first step to its last, then on the next few: what one
// step writes is still in the cache when the next one reads it, and threads
// that each have strips of their own never wait for one another within a run.
// Against that stand weights that are read once per strip and steps that are
// begun once per strip.
//
// Takes the division with the least estimated traffic. Nothing where all steps
// on the whole batch are estimated no slower, where the graph mixes samples, or
// where the batch cannot be shared out evenly. Depends on shapes, types,
// threads and caches alone.
std::optional<StripPlan> PlanStrips(const Graph& graph, int threads,
                                    const CacheSizes& caches);

// The batch that all inputs share; 0 where there is none to divide.
int64_t BatchOf(const Graph& graph);

// Strips of `samples`; nothing where the graph mixes samples, where they do not
// share the batch out evenly among the threads, or where they are the batch.
std::optional<StripPlan> MakeStrips(const Graph& graph, int threads,
                                    int64_t samples);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_BACKEND_CPU_STRIP_PLAN_H_
