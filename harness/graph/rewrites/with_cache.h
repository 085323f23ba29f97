// A causal network as one that takes its positions little by little and
// remembers the ones before.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_WITH_CACHE_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_WITH_CACHE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"

namespace assay {

struct CachedNetwork {
  Graph graph;
  // Zeros: keys and values of each attention, "<prefix>0.keys", ..., which the
  // graph reads as parameters and updates.
  ParameterStore caches;
};

// `network` has batch 1 and inputs [1,T,...] whose axis 1 is the position; what
// is made of it takes `count` < T positions at a time, [1,count,...], the first
// of which is number "position" (an input, s32 of rank 0), and gives what the
// network gives there, as far as rounding goes: every attention reads the keys
// and values of the positions before from its cache. Positions count to T. To
// go back, begin again at an earlier position: what is cached from there on is
// not read.
//
// Attention is softmax(q k' + mask) v over causal masks, with factors anywhere
// and operands of products on grids or not (quantize_linear,
// dequantize_linear); rope counts from "position". INVALID_ARGUMENT: another
// mask or none, a node that brings positions together otherwise
// (position_axes.h) or that does not fit (learnt positions).
absl::StatusOr<CachedNetwork> WithCache(const Graph& network, int64_t count,
                                        const std::string& prefix = "cache/");

// How many of `left` positions to take at a time: the largest power of two up
// to 64 and what WithCache takes of a network of `context` positions, so that
// prompts of all lengths need few programs.
int64_t CacheChunk(int64_t left, int64_t context);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_WITH_CACHE_H_
