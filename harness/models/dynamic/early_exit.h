// Networks that answer early where they are sure.
#ifndef ASSAY_HARNESS_MODELS_DYNAMIC_EARLY_EXIT_H_
#define ASSAY_HARNESS_MODELS_DYNAMIC_EARLY_EXIT_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/dynamic/predicate.h"
#include "harness/graph/graph.h"
#include "harness/models/dynamic/dynamic_network.h"
#include "harness/models/lmd/lmd.h"

namespace assay {

struct ExitRule {
  PredicateKind kind = PredicateKind::kMaxProbability;
  double threshold = 0.9;
};

// Exits behind `points`, values on every path from the input to the logits, in
// order. `head` makes an exit's logits of a point; the network's own logits,
// its only output, are the last exit. Output "logits".
absl::StatusOr<DynamicNetwork> AddExits(
    ReferenceGraph network, const std::vector<ValueId>& points,
    const std::function<ValueId(NetworkExtender&, ValueId point, size_t exit)>&
        head,
    const ExitRule& rule);

// Depth 6n+2, an exit behind each stage: global average and "exit1.weights".
absl::StatusOr<DynamicNetwork> EarlyExitResNet(
    const OpSet& ops, int depth, const ReferenceGraphOptions& options = {},
    const ExitRule& rule = {});

// Keyword spotting, an exit in the middle of the blocks.
absl::StatusOr<DynamicNetwork> EarlyExitDsCnn(
    const OpSet& ops, const ReferenceGraphOptions& options = {},
    const ExitRule& rule = {});

// MobileNetV2, an exit behind half of its residual blocks.
absl::StatusOr<DynamicNetwork> EarlyExitMobileNet(
    const OpSet& ops, const ReferenceGraphOptions& options = {},
    const ExitRule& rule = {});

// A decoder that gives the next token, "logits" [N,vocabulary], with an exit
// behind every `stride` layers; exits share the table and have norms of their
// own, "exit1.norm.scale".
absl::StatusOr<DynamicNetwork> EarlyExitDecoder(
    const OpSet& ops, const LmdOptions& lmd, int64_t stride,
    const ReferenceGraphOptions& options = {}, const ExitRule& rule = {});

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_DYNAMIC_EARLY_EXIT_H_
