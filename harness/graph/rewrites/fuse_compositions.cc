#include "harness/graph/rewrites/fuse_compositions.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"
#include "harness/graph/rewrites/pattern.h"
#include "harness/graph/rewrites/prune_dead.h"

namespace assay {
namespace {

bool Near(double value, double expected) {
  return std::abs(value - expected) <= 1e-6 * expected;
}

class Compositions {
 public:
  explicit Compositions(const Graph& graph) : graph_(graph), find_(graph) {}

  absl::StatusOr<Graph> Run() {
    CopyHooks hooks;
    hooks.node = [this](GraphCopier& copier, NodeId id) {
      return CopyNode(copier, id);
    };
    ASSAY_ASSIGN_OR_RETURN(const Graph copy, CopyGraph(graph_, hooks));
    return PruneDead(copy);
  }

 private:
  absl::StatusOr<bool> CopyNode(GraphCopier& copier, NodeId id) {
    const Node& node = graph_.node(id);
    if (node.op == "add") return AddBias(copier, node);
    if (node.op == "reshape") return SkipReshapes(copier, node);
    if (node.op == "mul") return Activation(copier, node);
    return false;
  }

  void Replace(GraphCopier& copier, const Node& node, const char* op,
               std::vector<ValueId> inputs) {
    const ValueId result = node.outputs[0];
    copier.Set(result, copier.b().Op(op, std::move(inputs), {},
                                     graph_.value(result).name));
  }

  // --- linear + vector

  const Node* LinearWithoutBias(ValueId v) const {
    const Node* linear = find_.OwnProducer(v, "linear");
    return linear != nullptr && linear->inputs.size() == 2 ? linear : nullptr;
  }

  // [O], or [1, ..., O], of the type of what it is added to.
  bool IsVector(ValueId v, const TensorType& type) const {
    if (find_.Constant(v) == nullptr) return false;
    const TensorType& have = graph_.type(v);
    return have.dtype == type.dtype && !have.shape.empty() &&
           have.shape.size() <= type.shape.size() &&
           have.shape.back() == type.shape.back() &&
           ElementCount(have.shape) == type.shape.back();
  }

  absl::StatusOr<bool> AddBias(GraphCopier& copier, const Node& add) {
    const TensorType& type = graph_.type(add.outputs[0]);
    const ValueId product =
        Pattern::Beside(add, [&](ValueId v) { return IsVector(v, type); });
    const Node* linear = LinearWithoutBias(product);
    if (linear == nullptr) return false;
    const ValueId vector =
        add.inputs[0] == product ? add.inputs[1] : add.inputs[0];
    const Tensor& bias = *find_.Constant(vector);
    const ValueId flat = copier.b().Constant(bias.Reshaped({bias.size()}),
                                             graph_.value(vector).name);
    Replace(
        copier, add, "linear",
        {copier.Map(linear->inputs[0]), copier.Map(linear->inputs[1]), flat});
    return true;
  }

  // --- reshape, linear, reshape

  absl::StatusOr<bool> SkipReshapes(GraphCopier& copier, const Node& spread) {
    const Node* linear = find_.OwnProducer(spread.inputs[0], "linear");
    if (linear == nullptr) return false;
    const Node* gather = find_.Producer(linear->inputs[0], "reshape");
    if (gather == nullptr) return false;
    const ValueId rows = gather->inputs[0];
    Shape shape = graph_.shape(rows);
    if (shape.empty() ||
        shape.back() != graph_.shape(linear->inputs[0]).back()) {
      return false;
    }
    shape.back() = graph_.shape(spread.inputs[0]).back();
    if (shape != graph_.shape(spread.outputs[0])) return false;
    std::vector<ValueId> inputs = copier.Map(linear->inputs);
    inputs[0] = copier.Map(rows);
    Replace(copier, spread, "linear", std::move(inputs));
    return true;
  }

  // --- activations

  // The factors of a product of products.
  void Factors(const Node& mul, std::vector<ValueId>* factors) const {
    for (const ValueId v : mul.inputs) {
      const Node* inner = find_.OwnProducer(v, "mul");
      if (inner == nullptr || factors->size() > 4) {
        factors->push_back(v);
      } else {
        Factors(*inner, factors);
      }
    }
  }

  // x where `v` is x / sqrt(2).
  ValueId DividedByRoot(ValueId v) const {
    const auto scalar = [this](double expected) {
      return [this, expected](ValueId s) {
        const auto value = find_.Scalar(s);
        return value.has_value() && Near(*value, expected);
      };
    };
    if (const Node* div = find_.OwnProducer(v, "div");
        div != nullptr && scalar(std::sqrt(2.0))(div->inputs[1])) {
      return div->inputs[0];
    }
    const Node* mul = find_.OwnProducer(v, "mul");
    return mul == nullptr ? kNoValue
                          : Pattern::Beside(*mul, scalar(std::sqrt(0.5)));
  }

  // x where `v` is 1 + erf(x / sqrt(2)).
  ValueId BehindErf(ValueId v) const {
    const Node* add = find_.OwnProducer(v, "add");
    if (add == nullptr) return kNoValue;
    const ValueId erf = Pattern::Beside(*add, [this](ValueId one) {
      const auto value = find_.Scalar(one);
      return value.has_value() && *value == 1;
    });
    const Node* node = find_.OwnProducer(erf, "erf");
    return node == nullptr ? kNoValue : DividedByRoot(node->inputs[0]);
  }

  ValueId GeluOf(const std::vector<ValueId>& factors) const {
    if (factors.size() != 3) return kNoValue;
    ValueId x = kNoValue;
    bool half = false;
    for (const ValueId v : factors) {
      if (const ValueId behind = BehindErf(v); behind != kNoValue) x = behind;
      const auto value = find_.Scalar(v);
      half = half || (value.has_value() && *value == 0.5);
    }
    const bool times_x =
        std::find(factors.begin(), factors.end(), x) != factors.end();
    return half && times_x ? x : kNoValue;
  }

  ValueId SiluOf(const std::vector<ValueId>& factors) const {
    if (factors.size() != 2) return kNoValue;
    for (size_t i : {0, 1}) {
      const Node* sigmoid = find_.OwnProducer(factors[i], "sigmoid");
      if (sigmoid != nullptr && sigmoid->inputs[0] == factors[1 - i]) {
        return factors[1 - i];
      }
    }
    return kNoValue;
  }

  absl::StatusOr<bool> Activation(GraphCopier& copier, const Node& mul) {
    std::vector<ValueId> factors;
    Factors(mul, &factors);
    ValueId x = GeluOf(factors);
    const char* op = "gelu";
    if (x == kNoValue) {
      x = SiluOf(factors);
      op = "silu";
    }
    if (x == kNoValue || graph_.type(x) != graph_.type(mul.outputs[0])) {
      return false;
    }
    Replace(copier, mul, op, {copier.Map(x)});
    return true;
  }

  const Graph& graph_;
  Pattern find_;
};

}  // namespace

absl::StatusOr<Graph> FuseCompositions(const Graph& graph) {
  return Compositions(graph).Run();
}

}  // namespace assay
