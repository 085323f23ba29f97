// Channel groups and networks that share weights.
#include <algorithm>
#include <numeric>

#include "harness/host/services/probes/probe.h"

namespace assay {
namespace {

// Logits of a network on fixed images, by the run's device.
sdk::StatusOr<std::vector<float>> LogitsOf(sdk::Run& run, sdk::GraphRef graph,
                                           sdk::ParametersRef set) {
  ASSAY_ASSIGN_OR_RETURN(sdk::Variables variables, run.NewVariables(set));
  ASSAY_ASSIGN_OR_RETURN(sdk::Program program, variables.Compile(graph));
  const sdk::Value input = graph.value(graph.input());
  ASSAY_ASSIGN_OR_RETURN(sdk::Tensor image,
                         run.NewTensor(sdk::DType::kF32, input.shape));
  for (size_t i = 0; i < image.size(); ++i) {
    image.values()[i] = static_cast<float>(i % 13) / 13 - 0.4f;
  }
  ASSAY_RETURN_IF_ERROR(program.Feed(input.name, image));
  ASSAY_RETURN_IF_ERROR(program.Run());
  ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor logits, program.Fetch("logits"));
  return std::vector<float>(logits.values().begin(), logits.values().end());
}

// An optimiser of the method's own that goes by channel groups: it steps with
// momentum, drops a group's weakest channel together with its momentum, and
// goes on. y = b'(a x) with x = 1: all by hand, in f64.
class GroupOptimizer final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph g, Network(run, 3));
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.NewParameters());
    ASSAY_RETURN_IF_ERROR(Put(&set, "a", {3, 1}, {1, 0.125f, -2}));
    ASSAY_RETURN_IF_ERROR(Put(&set, "b", {1, 3}, {0.5f, 0.25f, 1}));
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters momentum, run.NewParameters());
    ASSAY_RETURN_IF_ERROR(Put(&momentum, "a", {3, 1}, {0, 0, 0}));
    ASSAY_RETURN_IF_ERROR(Put(&momentum, "b", {1, 3}, {0, 0, 0}));
    std::vector<double> a = {1, 0.125, -2}, b = {0.5, 0.25, 1};
    std::vector<double> va(3, 0.0), vb(3, 0.0);
    for (int step = 0; step < 3; ++step) {
      ASSAY_RETURN_IF_ERROR(Step(run, g, &set, &momentum));
      ByHand(&a, &b, &va, &vb);
    }
    ASSAY_RETURN_IF_ERROR(Expect(set, a, b));

    ASSAY_ASSIGN_OR_RETURN(const sdk::Groups groups, run.FindGroups(g));
    ASSAY_PROBE(groups.size() == 1 && groups[0].channels == 3, "one group");
    ASSAY_ASSIGN_OR_RETURN(const sdk::Graph inference,
                           groups.Remove(g, {{1}}, {&set, &momentum}));
    for (auto* list : {&a, &b, &va, &vb}) list->erase(list->begin() + 1);
    ASSAY_ASSIGN_OR_RETURN(const auto kept, momentum.Floats("a"));
    ASSAY_PROBE(kept.size() == 2 && Near(kept[1], va[1], 1e-6), "momentum");
    for (int step = 0; step < 3; ++step) {
      ASSAY_RETURN_IF_ERROR(Step(run, inference, &set, &momentum));
      ByHand(&a, &b, &va, &vb);
    }
    return Expect(set, a, b);
  }

 private:
  static sdk::StatusOr<sdk::Graph> Network(sdk::Run& run, int64_t hidden) {
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph g, run.NewGraph("two layers"));
    const sdk::ValueId x = g.Input("x", sdk::DType::kF32, {1, 1});
    const sdk::ValueId h = g.Op("linear", {x, g.Param("a", {hidden, 1})});
    g.Output("y", g.Op("linear", {h, g.Param("b", {1, hidden})}));
    ASSAY_RETURN_IF_ERROR(g.status());
    return g;
  }

  // Gradients of (y - 1)^2 / 2 by the host, the step by the method.
  static sdk::Status Step(sdk::Run& run, const sdk::Graph& network,
                          sdk::Parameters* set, sdk::Parameters* momentum) {
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph g, run.Clone(network));
    const sdk::ValueId error = g.Sub(g.FindOutput("y"), g.Scalar(1));
    const sdk::ValueId loss = g.Scale(g.Sum(g.Op("square", {error})), 0.5f);
    const auto gradients =
        g.Gradients(loss, {g.FindValue("a"), g.FindValue("b")});
    g.Output("a", gradients[0]);
    g.Output("b", gradients[1]);
    ASSAY_RETURN_IF_ERROR(g.status());
    ASSAY_ASSIGN_OR_RETURN(sdk::Variables variables,
                           run.NewVariables(*set, sdk::Device::kReference));
    ASSAY_ASSIGN_OR_RETURN(sdk::Program program, variables.Compile(g));
    ASSAY_ASSIGN_OR_RETURN(sdk::Tensor x,
                           run.NewTensor(sdk::DType::kF32, {1, 1}));
    x.values()[0] = 1;
    ASSAY_RETURN_IF_ERROR(program.Feed("x", x));
    ASSAY_RETURN_IF_ERROR(program.Run());
    for (const char* name : {"a", "b"}) {
      ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor d, program.Fetch(name));
      ASSAY_ASSIGN_OR_RETURN(const auto values, set->MutableFloats(name));
      ASSAY_ASSIGN_OR_RETURN(const auto v, momentum->MutableFloats(name));
      for (size_t i = 0; i < values.size(); ++i) {
        v[i] = 0.5f * v[i] + static_cast<float>(d.values<double>()[i]);
        values[i] -= 0.125f * v[i];
      }
    }
    return sdk::OkStatus();
  }

  static void ByHand(std::vector<double>* a, std::vector<double>* b,
                     std::vector<double>* va, std::vector<double>* vb) {
    double error = -1;
    for (size_t i = 0; i < a->size(); ++i) error += (*a)[i] * (*b)[i];
    const std::vector<double> was = *a;
    for (size_t i = 0; i < a->size(); ++i) {
      (*va)[i] = 0.5 * (*va)[i] + error * (*b)[i];
      (*vb)[i] = 0.5 * (*vb)[i] + error * was[i];
    }
    for (size_t i = 0; i < a->size(); ++i) {
      (*a)[i] -= 0.125 * (*va)[i];
      (*b)[i] -= 0.125 * (*vb)[i];
    }
  }

  static sdk::Status Expect(const sdk::Parameters& set,
                            const std::vector<double>& a,
                            const std::vector<double>& b) {
    ASSAY_ASSIGN_OR_RETURN(const auto got_a, set.Floats("a"));
    ASSAY_ASSIGN_OR_RETURN(const auto got_b, set.Floats("b"));
    ASSAY_PROBE(got_a.size() == a.size() && got_b.size() == b.size(), "size");
    for (size_t i = 0; i < a.size(); ++i) {
      ASSAY_PROBE(Near(got_a[i], a[i], 1e-5), std::to_string(got_a[i]));
      ASSAY_PROBE(Near(got_b[i], b[i], 1e-5), std::to_string(got_b[i]));
    }
    return sdk::OkStatus();
  }
};

TEST(ElasticProbes, AnOptimizerOverChannelGroupsWithRemoval) {
  GroupOptimizer probe;
  RunProbe(probe);
}

// Once-for-all in small: channels sorted by importance without changing the
// function, sub-networks by prefix, both forms equal to the bit, gradients that
// reach what was read and nothing else.
class Supernet final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    ASSAY_ASSIGN_OR_RETURN(const sdk::Groups groups,
                           run.FindGroups(run.graph()));
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.CloneParameters());
    sdk::ChannelLists reversed;
    for (const sdk::Group& group : groups) {
      reversed.emplace_back(static_cast<size_t>(group.channels));
      std::iota(reversed.back().rbegin(), reversed.back().rend(), 0);
    }
    const sdk::Elastic elastic = run.elastic();
    ASSAY_RETURN_IF_ERROR(elastic.Permute(run.graph(), groups, reversed, &set));
    ASSAY_ASSIGN_OR_RETURN(const auto moved, set.Floats("stem.weights"));
    ASSAY_ASSIGN_OR_RETURN(const auto was,
                           run.parameters().Floats("stem.weights"));
    const size_t filter = moved.size() / 6;
    ASSAY_PROBE(moved[0] == was[5 * filter], "the first filter was the last");
    ASSAY_ASSIGN_OR_RETURN(const std::vector<float> before,
                           LogitsOf(run, run.graph(), run.parameters()));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<float> after,
                           LogitsOf(run, run.graph(), set));
    for (size_t i = 0; i < before.size(); ++i) {
      ASSAY_PROBE(Near(after[i], before[i], 1e-4), std::to_string(after[i]));
    }

    sdk::ChannelLists removed;
    for (const sdk::Group& group : groups) {
      removed.push_back({group.channels - 1});
    }
    ASSAY_ASSIGN_OR_RETURN(const sdk::Subnet subnet,
                           elastic.TakeSubnet(run.graph(), groups, removed));
    ASSAY_ASSIGN_OR_RETURN(const sdk::Parameters cut,
                           elastic.Cut(run.graph(), groups, removed, set));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<float> sliced,
                           LogitsOf(run, subnet.sliced, set));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<float> dense,
                           LogitsOf(run, subnet.dense, cut));
    ASSAY_PROBE(SameBits(sliced, dense), "sliced and dense differ");
    ASSAY_RETURN_IF_ERROR(Train(run, subnet, set));
    return run.Submit(run.budgets()[0], subnet.dense, cut);
  }

 private:
  // Sandwich: the whole network and a sub-network on one batch.
  static sdk::Status Train(sdk::Run& run, const sdk::Subnet& subnet,
                           const sdk::Parameters& set) {
    sdk::TrainOptions options;
    options.steps = 4;
    options.stream = "sandwich";
    ASSAY_ASSIGN_OR_RETURN(sdk::Trainer t,
                           run.NewTrainer(run.graph(), set, options));
    const std::string name = "hidden.weights";  // [8, 6]
    ASSAY_RETURN_IF_ERROR(t.Backward().status());
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor whole, t.Gradient(name));
    ASSAY_RETURN_IF_ERROR(t.BackwardAdd(subnet.sliced).status());
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor both, t.Gradient(name));
    bool moved = false;
    for (size_t i = 0; i < both.size(); ++i) {
      const bool outside = i / 6 == 7 || i % 6 == 5;
      const bool same = both.values()[i] == whole.values()[i];
      ASSAY_PROBE(!outside || same, "a gradient where nothing was read");
      moved = moved || !same;
    }
    ASSAY_PROBE(moved, "the sub-network has no gradient");
    ASSAY_RETURN_IF_ERROR(t.Apply());
    ASSAY_PROBE(t.steps_done() == 1, "the step was not counted");
    return sdk::OkStatus();
  }
};

TEST(ElasticProbes, ASupernetWithPermutationsAndSharedWeights) {
  Supernet probe;
  RunProbe(probe);
}

// Depth, derived weights, kernels, resolution, recomputation, two networks in
// one graph.
class Forms final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    ASSAY_RETURN_IF_ERROR(Depth(run));
    ASSAY_RETURN_IF_ERROR(Mixture(run));
    ASSAY_RETURN_IF_ERROR(KernelAndResolution(run));
    return TwoNetworks(run);
  }

 private:
  static sdk::Status Depth(sdk::Run& run) {
    const sdk::Elastic elastic = run.elastic();
    const std::vector<sdk::Block> blocks = elastic.Blocks(run.graph());
    ASSAY_PROBE(
        blocks.size() == 1 && blocks[0].name == "block.depthwise.weights",
        "the residual block");
    ASSAY_ASSIGN_OR_RETURN(const sdk::Graph shallow,
                           elastic.DropBlocks(run.graph(), {0}));
    ASSAY_PROBE(shallow.FindValue("block.depthwise.weights") == sdk::kNoValue,
                "it is still there");
    // As if the branch gave nothing.
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters silent, run.CloneParameters());
    for (const char* name : {"block.norm2.scale", "block.norm2.shift"}) {
      ASSAY_ASSIGN_OR_RETURN(const auto values, silent.MutableFloats(name));
      std::fill(values.begin(), values.end(), 0.0f);
    }
    ASSAY_ASSIGN_OR_RETURN(const std::vector<float> a,
                           LogitsOf(run, shallow, run.parameters()));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<float> b,
                           LogitsOf(run, run.graph(), silent));
    for (size_t i = 0; i < a.size(); ++i)
      ASSAY_PROBE(Near(a[i], b[i], 1e-5), "");
    ASSAY_PROBE(!elastic.DropBlocks(run.graph(), {1}).ok(), "no such block");
    return sdk::OkStatus();
  }

  // head.weights = first + second, with second = 0: the reference.
  static sdk::Status Mixture(sdk::Run& run) {
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph formula, run.NewGraph("sum"));
    formula.Output("value", formula.Add(formula.Param("first", {4, 8}),
                                        formula.Param("second", {4, 8})));
    ASSAY_RETURN_IF_ERROR(formula.status());
    ASSAY_ASSIGN_OR_RETURN(
        const sdk::Graph mixed,
        run.elastic().Derive(run.graph(), {{"head.weights", formula}}));
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.CloneParameters());
    ASSAY_ASSIGN_OR_RETURN(const auto head,
                           run.parameters().Floats("head.weights"));
    ASSAY_RETURN_IF_ERROR(
        Put(&set, "first", {4, 8}, {head.begin(), head.end()}));
    ASSAY_RETURN_IF_ERROR(
        Put(&set, "second", {4, 8}, std::vector<float>(32, 0.0f)));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<float> a,
                           LogitsOf(run, mixed, set));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<float> b,
                           LogitsOf(run, run.graph(), run.parameters()));
    ASSAY_PROBE(SameBits(a, b), "w + 0 is not w");
    return sdk::OkStatus();
  }

  static sdk::Status KernelAndResolution(sdk::Run& run) {
    ASSAY_ASSIGN_OR_RETURN(
        const sdk::Graph point,
        run.elastic().ShrinkKernel(run.graph(), "stem.weights", 1));
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters centre, run.CloneParameters());
    ASSAY_ASSIGN_OR_RETURN(const auto w, centre.MutableFloats("stem.weights"));
    for (size_t i = 0; i < w.size(); ++i) {
      if (i % 9 != 4) w[i] = 0;
    }
    ASSAY_ASSIGN_OR_RETURN(const std::vector<float> a,
                           LogitsOf(run, point, run.parameters()));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<float> b,
                           LogitsOf(run, run.graph(), centre));
    for (size_t i = 0; i < a.size(); ++i)
      ASSAY_PROBE(Near(a[i], b[i], 1e-5), "");
    ASSAY_ASSIGN_OR_RETURN(
        const sdk::Graph larger,
        run.elastic().ReshapeInput(run.graph(), "image", {2, 2, 12, 12}));
    ASSAY_PROBE(larger.shape(larger.logits()) == (sdk::Shape{2, 4}), "logits");
    return sdk::OkStatus();
  }

  // Teacher and student side by side; their difference is 0 to the bit. And the
  // gradients of one of them, with recomputation, are the same.
  static sdk::Status TwoNetworks(sdk::Run& run) {
    ASSAY_ASSIGN_OR_RETURN(const sdk::Graph teacher,
                           run.elastic().Prefix(run.graph(), "teacher/"));
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph both, run.CloneGraph());
    const sdk::ValueId other = both.Append(teacher, {both.input()})[0];
    const sdk::ValueId difference = both.Sub(both.logits(), other);
    both.ClearOutputs();
    both.Output("logits", difference);
    ASSAY_RETURN_IF_ERROR(both.status());
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.CloneParameters());
    for (const std::string& name : run.parameters().names()) {
      ASSAY_ASSIGN_OR_RETURN(const auto values, run.parameters().Floats(name));
      ASSAY_RETURN_IF_ERROR(
          set.Set("teacher/" + name, values.shape(),
                  sdk::Span<const float>(values.data(), values.size())));
    }
    ASSAY_ASSIGN_OR_RETURN(const std::vector<float> zeros,
                           LogitsOf(run, both, set));
    for (const float z : zeros) ASSAY_PROBE(z == 0, std::to_string(z));

    ASSAY_ASSIGN_OR_RETURN(sdk::Graph g, run.CloneGraph());
    const sdk::ValueId loss = g.Sum(g.Op("square", {g.logits()}));
    const sdk::ValueId stem =
        g.Gradients(loss, {g.FindValue("stem.weights")})[0];
    g.ClearOutputs();
    g.Output("logits", stem);
    ASSAY_RETURN_IF_ERROR(g.status());
    ASSAY_ASSIGN_OR_RETURN(const sdk::Graph lean,
                           run.elastic().Recompute(g, loss, 3));
    ASSAY_PROBE(lean.node_count() > g.node_count(), "nothing is recomputed");
    ASSAY_ASSIGN_OR_RETURN(const std::vector<float> a,
                           LogitsOf(run, g, run.parameters()));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<float> b,
                           LogitsOf(run, lean, run.parameters()));
    ASSAY_PROBE(SameBits(a, b), "recomputation changed a bit");
    return sdk::OkStatus();
  }
};

TEST(ElasticProbes, DepthFormulasKernelsAndTwoNetworksInOne) {
  Forms probe;
  RunProbe(probe);
}

// Parameters that only sub-networks read (kernel transformations) train with
// the supernet when its logits hold them times 0: no gradient from the whole
// network, theirs from the passes that use them.
class KernelTransforms final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph g, run.CloneGraph());
    const sdk::ValueId logits = g.logits();
    const sdk::ValueId none = g.Scale(g.Sum(g.Param("to1", {1, 1})), 0);
    const sdk::ValueId both = g.Add(logits, none);
    g.ClearOutputs();
    g.Output("logits", both);
    ASSAY_RETURN_IF_ERROR(g.status());
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.CloneParameters());
    ASSAY_RETURN_IF_ERROR(Put(&set, "to1", {1, 1}, {1}));
    ASSAY_ASSIGN_OR_RETURN(
        const sdk::Graph small,
        run.elastic().ShrinkKernel(g, "stem.weights", 1, "to1"));
    sdk::TrainOptions options;
    options.steps = 4;
    options.stream = "kernels";
    ASSAY_ASSIGN_OR_RETURN(sdk::Trainer t, run.NewTrainer(g, set, options));
    ASSAY_RETURN_IF_ERROR(t.Backward().status());
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor before, t.Gradient("to1"));
    ASSAY_PROBE(before.values()[0] == 0, std::to_string(before.values()[0]));
    ASSAY_RETURN_IF_ERROR(t.BackwardAdd(small).status());
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor after, t.Gradient("to1"));
    ASSAY_PROBE(after.values()[0] != 0, "the transformation has no gradient");
    ASSAY_RETURN_IF_ERROR(t.Apply());
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor moved, t.Value("to1"));
    ASSAY_PROBE(moved.values()[0] != 1, "it did not move");
    return sdk::OkStatus();
  }
};

TEST(ElasticProbes, KernelTransformationsTrainWithTheirSubnetworks) {
  KernelTransforms probe;
  RunProbe(probe);
}

}  // namespace
}  // namespace assay
