// What must hold for every network, on a thousand random ones. A failure names
// the seed: MakeRandomNetwork(seed) is the network.
#include "harness/graph/testing/random_graph.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/graph/channel_groups.h"
#include "harness/graph/gradient.h"
#include "harness/graph/reference.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/graph/roles.h"
#include "harness/graph/structural_hash.h"
#include "harness/graph/testing/removal.h"
#include "harness/graph/text.h"
#include "harness/graph/verify.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

constexpr uint64_t kNetworks = 1000;

// One slice of the seeds for each instance, so that they can run side by side.
class RandomGraphTest : public ::testing::TestWithParam<uint64_t> {
 protected:
  static constexpr uint64_t kSlices = 20;

  template <typename F>
  void ForEachNetwork(F&& check) const {
    for (uint64_t seed = GetParam(); seed < kNetworks; seed += kSlices) {
      SCOPED_TRACE(absl::StrCat("seed ", seed));
      check(MakeRandomNetwork(seed), seed);
      if (HasFatalFailure()) return;
    }
  }
};

double Span(const Tensor& tensor) {
  double most = 1;
  for (const double x : tensor.span<double>()) {
    most = std::max(most, std::abs(x));
  }
  return most;
}

// max |a - b| as a fraction of the largest element.
double Difference(const Tensor& a, const Tensor& b) {
  return MaxDifference(a, b) / Span(b);
}

void Logits(const Graph& graph, const RandomNetwork& network,
            const ParameterStore& store, Tensor* logits) {
  ASSERT_OK_AND_ASSIGN(Evaluation result,
                       Evaluate(graph, network.feeds, store));
  *logits = std::move(result.outputs.at("logits"));
}

TEST_P(RandomGraphTest, IsWholeAndTheSameForOneSeed) {
  ForEachNetwork([](const RandomNetwork& network, uint64_t seed) {
    ASSERT_OK(Verify(network.graph()));
    EXPECT_EQ(StructuralHash(network.graph()),
              StructuralHash(MakeRandomNetwork(seed).graph()));
    EXPECT_NE(StructuralHash(network.graph()),
              StructuralHash(MakeRandomNetwork(seed + kNetworks).graph()));
    EXPECT_LE(network.graph().node_count(), 120);
  });
}

TEST_P(RandomGraphTest, ReadsBackFromItsText) {
  ForEachNetwork([](const RandomNetwork& network, uint64_t) {
    const std::string text = ToText(network.graph());
    ASSERT_OK_AND_ASSIGN(const Graph read,
                         ParseGraph(text, network.graph().ops()));
    EXPECT_EQ(ToText(read), text);
    EXPECT_EQ(StructuralHash(read), StructuralHash(network.graph()));
  });
}

// Parameters of layer and rms norms. They normalise over the channels that
// there are, so a network without some of them is another function than one in
// which those are 0.
std::set<ValueId> RowNormParameters(const Graph& graph) {
  std::set<ValueId> found;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node& node = graph.node(id);
    if (node.op != "layer_norm" && node.op != "rms_norm") continue;
    found.insert(node.inputs.begin() + 1, node.inputs.end());
  }
  return found;
}

// Without channels that a row norm sums over.
void KeepRowNorms(const Graph& graph, const std::vector<ChannelGroup>& groups,
                  Removal* removed) {
  const std::set<ValueId> norms = RowNormParameters(graph);
  for (size_t g = 0; g < groups.size(); ++g) {
    for (const ChannelGroup::Axis& axis : groups[g].pattern) {
      if (norms.count(axis.parameter)) (*removed)[g].clear();
    }
  }
}

TEST_P(RandomGraphTest, RemovalGivesAWholeNetwork) {
  ForEachNetwork([](const RandomNetwork& network, uint64_t seed) {
    ASSERT_OK_AND_ASSIGN(const std::vector<ChannelGroup> groups,
                         FindChannelGroups(network.graph()));
    RandomStream stream(seed, "any removal");
    std::vector<KeptIndices> kept;
    ASSERT_OK_AND_ASSIGN(
        const Graph small,
        RemoveChannels(network.graph(), RandomRemoval(groups, stream), &kept));
    ASSERT_OK(Verify(small));
    ASSERT_OK_AND_ASSIGN(const ParameterStore cut,
                         CutParameters(network.store(), kept));
    Tensor logits;
    ASSERT_NO_FATAL_FAILURE(Logits(small, network, cut, &logits));
    EXPECT_TRUE(std::isfinite(Span(logits)));
  });
}

TEST_P(RandomGraphTest, RemovalEqualsMasking) {
  ForEachNetwork([](const RandomNetwork& network, uint64_t seed) {
    const Graph& graph = network.graph();
    ASSERT_OK_AND_ASSIGN(const std::vector<ChannelGroup> groups,
                         FindChannelGroups(graph));
    RandomStream stream(seed, "removal");
    Removal removed = RandomRemoval(groups, stream);
    KeepRowNorms(graph, groups, &removed);
    std::vector<KeptIndices> kept;
    ASSERT_OK_AND_ASSIGN(const Graph small,
                         RemoveChannels(graph, removed, &kept));
    ASSERT_OK(Verify(small));
    ASSERT_OK_AND_ASSIGN(const ParameterStore cut,
                         CutParameters(network.store(), kept));
    Tensor got, want;
    ASSERT_NO_FATAL_FAILURE(Logits(small, network, cut, &got));
    ASSERT_NO_FATAL_FAILURE(
        Logits(graph, network,
               MaskChannels(graph, groups, removed, network.store()), &want));
    EXPECT_LE(Difference(got, want), 1e-10);
  });
}

TEST_P(RandomGraphTest, LoweringKeepsTheFunction) {
  ForEachNetwork([](const RandomNetwork& network, uint64_t) {
    ASSERT_OK_AND_ASSIGN(const LoweredNetwork lowered,
                         LowerForInference(network.graph(), network.store()));
    ASSERT_OK(Verify(lowered.graph));
    Tensor got, want;
    ASSERT_NO_FATAL_FAILURE(
        Logits(lowered.graph, network, ParameterStore(), &got));
    ASSERT_NO_FATAL_FAILURE(
        Logits(network.graph(), network, network.store(), &want));
    EXPECT_LE(Difference(got, want), 1e-5);
  });
}

// sum(logits * c) and its gradients.
struct Differentiated {
  Graph graph;
  std::vector<ValueId> sources;

  explicit Differentiated(const Graph& network) : graph(network) {}

  absl::Status Build() {
    GraphBuilder b(&graph);
    const ValueId logits = graph.FindOutput("logits");
    const ValueId weighted =
        b.Mul(logits,
              b.Constant(RandomTensor(b.dtype(logits), b.shape(logits), "c")));
    std::vector<int64_t> axes(b.shape(logits).size());
    for (size_t i = 0; i < axes.size(); ++i) axes[i] = static_cast<int64_t>(i);
    const ValueId loss = b.ReduceSum(weighted, axes, false);
    b.Output("loss", loss);
    sources = TrainableParameters(graph);
    auto gradients = AddGradients(&graph, loss, kNoValue, sources);
    if (!gradients.ok()) return gradients.status();
    for (size_t i = 0; i < sources.size(); ++i) {
      if ((*gradients)[i] == kNoValue) continue;
      b.Output(graph.value(sources[i]).name, (*gradients)[i]);
    }
    return b.status();
  }
};

// Along one random direction per parameter. Steps of two sizes tell kinks of
// relu and max_pool, where no difference quotient is right, from mistakes.
TEST_P(RandomGraphTest, GradientsAreDifferenceQuotients) {
  int checked = 0, kinks = 0;
  ForEachNetwork([&](const RandomNetwork& network, uint64_t seed) {
    if (seed / kSlices % 10 != 0) return;  // a tenth of the networks
    Differentiated d(network.graph());
    ASSERT_OK(d.Build());
    ASSERT_OK(Verify(d.graph));
    ASSERT_OK_AND_ASSIGN(Evaluation exact,
                         Evaluate(d.graph, network.feeds, network.store()));
    Graph forward = network.graph();
    const auto loss_at = [&](const std::string& name, const Tensor& direction,
                             double step) {
      ParameterStore moved = network.store();
      Tensor value = moved.Find(name)->Clone();
      for (int64_t i = 0; i < value.size(); ++i) {
        value.data<double>()[i] += step * direction.data<double>()[i];
      }
      moved.Set(name, std::move(value));
      Tensor logits;
      Logits(forward, network, moved, &logits);
      const Tensor c = RandomTensor(DType::kF64, logits.shape(), "c");
      double loss = 0;
      for (int64_t i = 0; i < c.size(); ++i) {
        loss += c.data<double>()[i] * logits.data<double>()[i];
      }
      return loss;
    };
    for (const ValueId source : d.sources) {
      const std::string& name = d.graph.value(source).name;
      if (!exact.outputs.count(name)) continue;
      const Tensor& gradient = exact.outputs.at(name);
      const Tensor direction =
          RandomTensor(DType::kF64, gradient.shape(), "direction");
      double want = 0;
      for (int64_t i = 0; i < gradient.size(); ++i) {
        want += gradient.data<double>()[i] * direction.data<double>()[i];
      }
      const auto quotient = [&](double h) {
        return (loss_at(name, direction, h) - loss_at(name, direction, -h)) /
               (2 * h);
      };
      const double scale = std::max(1.0, std::abs(want));
      ++checked;
      if (std::abs(quotient(1e-6) - want) <= 1e-5 * scale) continue;
      const double smaller = quotient(1e-7), tiny = quotient(2e-8);
      if (std::min(std::abs(smaller - want), std::abs(tiny - want)) <=
          1e-4 * scale) {
        ++kinks;
        continue;
      }
      ADD_FAILURE() << "gradient of " << name << ": expected " << smaller
                    << ", got " << want;
    }
  });
  EXPECT_LE(kinks * 20, checked);
}

// H v, by differentiating the gradient's product with v, against the difference
// of gradients along v, over all parameters at once.
TEST_P(RandomGraphTest, HessianProductsAreDifferencesOfGradients) {
  int kinks = 0;
  ForEachNetwork([&](const RandomNetwork& network, uint64_t seed) {
    if (seed / kSlices % 10 != 0) return;
    Differentiated first(network.graph());
    ASSERT_OK(first.Build());
    Graph second = first.graph;
    GraphBuilder b(&second);
    ValueId product = b.Scalar(DType::kF64, 0);
    std::vector<ValueId> sources;
    for (const ValueId source : first.sources) {
      const std::string& name = second.value(source).name;
      const ValueId gradient = second.FindOutput(name);
      if (gradient == kNoValue) continue;
      sources.push_back(source);
      const ValueId v =
          b.Constant(RandomTensor(DType::kF64, b.shape(source), "v/" + name));
      std::vector<int64_t> axes(b.shape(source).size());
      std::iota(axes.begin(), axes.end(), 0);
      const ValueId term = b.Mul(gradient, v);
      product =
          b.Add(product, axes.empty() ? term : b.ReduceSum(term, axes, false));
    }
    ASSERT_OK(b.status());
    ASSERT_OK_AND_ASSIGN(const std::vector<ValueId> products,
                         AddGradients(&second, product, kNoValue, sources));
    second.ClearOutputs();
    for (size_t i = 0; i < sources.size(); ++i) {
      if (products[i] == kNoValue) continue;
      ASSERT_OK(second.AddOutput(second.value(sources[i]).name, products[i]));
    }
    ASSERT_OK(Verify(second));
    ASSERT_OK_AND_ASSIGN(const Evaluation exact,
                         Evaluate(second, network.feeds, network.store()));
    const auto gradients_at = [&](double step) {
      ParameterStore moved = network.store();
      for (const ValueId source : sources) {
        const std::string& name = second.value(source).name;
        Tensor value = moved.Find(name)->Clone();
        const Tensor v = RandomTensor(DType::kF64, value.shape(), "v/" + name);
        for (int64_t i = 0; i < value.size(); ++i) {
          value.data<double>()[i] += step * v.data<double>()[i];
        }
        moved.Set(name, std::move(value));
      }
      auto result = Evaluate(first.graph, network.feeds, moved);
      EXPECT_OK(result.status());
      return std::move(result->outputs);
    };
    const double h = 1e-7;
    const auto above = gradients_at(h), below = gradients_at(-h);
    std::string off;
    for (const auto& [name, want] : exact.outputs) {
      double worst = 0;
      for (int64_t i = 0; i < want.size(); ++i) {
        const double quotient = (above.at(name).data<double>()[i] -
                                 below.at(name).data<double>()[i]) /
                                (2 * h);
        worst = std::max(worst, std::abs(quotient - want.data<double>()[i]));
      }
      if (worst > 1e-4 * Span(want))
        absl::StrAppend(&off, name, " ", worst, "; ");
    }
    // At a kink of the first gradient (ties of max_pool) no quotient is right:
    // one of the five networks may stand on one.
    if (off.empty()) return;
    EXPECT_EQ(++kinks, 1) << "H v is off: " << off;
  });
}

INSTANTIATE_TEST_SUITE_P(Slices, RandomGraphTest,
                         ::testing::Range<uint64_t>(0, 20));

// The thousand hold what they are meant to hold.
TEST(RandomNetworksTest, CoverOpsAndKindsOfGroups) {
  std::set<std::string> ops, groups;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const RandomNetwork network = MakeRandomNetwork(seed);
    for (NodeId id = 0; id < network.graph().node_count(); ++id) {
      ops.insert(network.graph().node(id).op);
    }
    ASSERT_OK_AND_ASSIGN(const std::vector<ChannelGroup> found,
                         FindChannelGroups(network.graph()));
    for (const ChannelGroup& group : found) {
      if (group.channels.size() < 2) continue;
      const size_t dot = group.name.find('.');
      const std::string layer = group.name.substr(dot + 1);
      groups.insert(layer == "weights" ? group.name : layer);
    }
  }
  EXPECT_GE(ops.size(), 28u);
  for (const char* layer :
       {"conv1.weights", "expand.weights", "down.weights",
        "attention.query.weights", "feed_forward.up.weights", "patch.weights",
        "embedding.weights", "hidden.weights"}) {
    EXPECT_TRUE(groups.count(layer)) << layer;
  }
}

}  // namespace
}  // namespace assay
