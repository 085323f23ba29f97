#include "harness/host/budget_rules.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/core/dtype.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/graph/cost.h"
#include "harness/graph/packed.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/graph/roles.h"

namespace assay {
namespace {

double Fraction(int64_t part, int64_t whole) {
  return whole == 0 ? 0.0
                    : static_cast<double>(part) / static_cast<double>(whole);
}

uint32_t BitsOfType(DType dtype) {
  return static_cast<uint32_t>(SizeOf(dtype) * 8);
}

// Nodes that hand their first operand on without computing with it.
bool HandsOn(const Node& node) {
  return node.op == "cast" || node.op == "reshape" || node.op == "transpose" ||
         node.op == "identity" || node.op == "pad" || node.op == "slice";
}

// The type in which a value was stored or quantized before it was widened.
uint32_t BitsOfValue(const Graph& graph, ValueId id) {
  uint32_t bits = BitsOfType(graph.type(id).dtype);
  while (graph.value(id).kind == ValueKind::kResult) {
    const Node& node = graph.node(graph.value(id).producer);
    if (node.op == "dequantize_u4") return 4;
    if (node.op != "dequantize_linear" && !HandsOn(node)) break;
    id = node.inputs[0];
    bits = std::min(bits, BitsOfType(graph.type(id).dtype));
  }
  return bits;
}

BudgetFinding AtLeast(std::string quantity, double asked, double reached,
                      double tolerance, std::string message) {
  return {std::move(quantity),
          true,
          asked,
          reached,
          tolerance,
          reached >= asked * (1 - tolerance),
          std::move(message)};
}

BudgetFinding AtMost(std::string quantity, double asked, double reached,
                     std::string message) {
  return {std::move(quantity), false, asked, reached, 0, reached <= asked,
          std::move(message)};
}

BudgetFinding JudgeSparsity(double asked, const Footprint& dense,
                            const Footprint& candidate) {
  const int64_t left = candidate.prunable.nonzeros;
  const int64_t all = dense.prunable.weights;
  const double reached = 1.0 - Fraction(left, all);
  const double rounding =
      asked > 0.0 ? Fraction(dense.prunable.tensors, all) / asked : 0.0;
  return AtLeast("sparsity", asked, reached, rounding,
                 absl::StrFormat("expected a sparsity of at least %g, got %g "
                                 "(%d of %d weights are left)",
                                 asked, reached, left, all));
}

BudgetFinding JudgeBits(const char* quantity, const char* of, int32_t asked,
                        int32_t reached, const std::string& layer) {
  return AtMost(
      quantity, asked, reached,
      absl::StrFormat("layer %s: expected at most %d bits of %s, got %d", layer,
                      asked, of, reached));
}

}  // namespace

absl::StatusOr<PrunableCount> CountPrunable(const Graph& graph,
                                            const ParameterStore* parameters) {
  PrunableCount count;
  const std::vector<bool> packed = PackedValues(graph);
  for (ValueId id : PrunableParameters(graph)) {
    const Value& value = graph.value(id);
    const bool halves = packed[static_cast<size_t>(id)];
    const int64_t weights = StoredElements(value.type, halves);
    ++count.tensors;
    count.weights += weights;
    count.bits += weights * StoredBits(value.type, halves);
    if (parameters == nullptr || halves) {
      count.nonzeros += weights;
      continue;
    }
    ASSAY_ASSIGN_OR_RETURN(const Tensor tensor, parameters->Get(value.name));
    count.nonzeros += CountNonzeros(tensor);
  }
  return count;
}

LayerBits BitsOf(const Graph& graph, NodeId node) {
  const Node& n = graph.node(node);
  LayerBits bits;
  if (!n.inputs.empty() && n.inputs[0] != kNoValue) {
    bits.activations = BitsOfValue(graph, n.inputs[0]);
  }
  if (n.op == "linear_u4") {
    bits.weights = 4;
  } else if (n.inputs.size() > 1 && n.inputs[1] != kNoValue) {
    bits.weights = BitsOfValue(graph, n.inputs[1]);
  }
  return bits;
}

absl::StatusOr<Footprint> FootprintOf(const Graph& graph,
                                      const ParameterStore* parameters) {
  ASSAY_ASSIGN_OR_RETURN(const Graph one, Rebatch(graph, 1));
  Footprint footprint;
  ASSAY_ASSIGN_OR_RETURN(footprint.prunable, CountPrunable(one, parameters));
  const Cost cost = CostOf(one);
  footprint.macs = cost.macs;
  footprint.parameter_bytes = cost.bytes;
  for (const Layer& layer : Layers(one)) {
    const LayerBits bits = BitsOf(one, layer.node);
    const std::string& name = one.value(layer.weights).name;
    const auto widen = [&](uint32_t here, int32_t* widest, std::string* which) {
      if (static_cast<int32_t>(here) <= *widest) return;
      *widest = static_cast<int32_t>(here);
      *which = name;
    };
    widen(bits.weights, &footprint.weight_bits, &footprint.widest_weights);
    widen(bits.activations, &footprint.activation_bits,
          &footprint.widest_activations);
  }
  return footprint;
}

std::vector<BudgetFinding> JudgeBudget(const BudgetLimits& limits,
                                       const Footprint& dense,
                                       const Footprint& candidate) {
  std::vector<BudgetFinding> findings;
  if (limits.sparsity >= 0) {
    findings.push_back(JudgeSparsity(limits.sparsity, dense, candidate));
  }
  if (limits.macs_fraction >= 0) {
    const double fraction = Fraction(candidate.macs, dense.macs);
    findings.push_back(AtMost(
        "macs_fraction", limits.macs_fraction, fraction,
        absl::StrFormat("expected at most %g of the reference's %d MACs, got "
                        "%g",
                        limits.macs_fraction, dense.macs, fraction)));
  }
  if (limits.weight_bits >= 0) {
    findings.push_back(JudgeBits("weight_bits", "weights", limits.weight_bits,
                                 candidate.weight_bits,
                                 candidate.widest_weights));
  }
  if (limits.activation_bits >= 0) {
    findings.push_back(
        JudgeBits("activation_bits", "activations", limits.activation_bits,
                  candidate.activation_bits, candidate.widest_activations));
  }
  if (limits.bytes >= 0) {
    findings.push_back(
        AtMost("bytes", static_cast<double>(limits.bytes),
               static_cast<double>(candidate.parameter_bytes),
               absl::StrCat("expected at most ", limits.bytes, " bytes, got ",
                            candidate.parameter_bytes)));
  }
  return findings;
}

}  // namespace assay
