// Networks whose path depends on the input.
#include <algorithm>
#include <cstdint>

#include "harness/host/services/probes/probe.h"

namespace assay {
namespace {

sdk::StatusOr<sdk::Tensor> Rows(const sdk::Run& run, int64_t columns,
                                const std::vector<float>& values) {
  ASSAY_ASSIGN_OR_RETURN(
      sdk::Tensor rows,
      run.NewTensor(sdk::DType::kF32,
                    {static_cast<int64_t>(values.size()) / columns, columns}));
  std::copy(values.begin(), values.end(), rows.values().begin());
  return rows;
}

sdk::Status ExpectOutput(sdk::DynamicProgram& program,
                         const std::string& output,
                         const std::vector<float>& want) {
  ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor got, program.Fetch(output));
  ASSAY_PROBE(got.size() == want.size(), std::to_string(got.size()));
  for (size_t i = 0; i < want.size(); ++i) {
    ASSAY_PROBE(Near(double{got.values()[i]}, double{want[i]}, 1e-6),
                std::to_string(i) + ": " + std::to_string(got.values()[i]));
  }
  return sdk::OkStatus();
}

// "0+1-": sites with how they fell.
std::string TextOf(const sdk::DynamicPath& path) {
  std::string text;
  for (const sdk::Decision& d : path.decisions) {
    text += std::to_string(d.site) + (d.holds ? "+" : "-");
  }
  return text;
}

sdk::Status ExpectPaths(const sdk::DynamicProgram& program,
                        const std::vector<std::string>& want,
                        const std::vector<int64_t>& macs) {
  for (size_t i = 0; i < want.size(); ++i) {
    ASSAY_ASSIGN_OR_RETURN(const sdk::DynamicPath path, program.Path(i));
    ASSAY_PROBE(TextOf(path) == want[i],
                std::to_string(i) + ": " + TextOf(path));
    ASSAY_PROBE(path.macs == macs[i], std::to_string(path.macs));
  }
  ASSAY_PROBE(
      program.Path(want.size()).status().code() == sdk::Code::kOutOfRange,
      "there is no such sample");
  return sdk::OkStatus();
}

// y = W x where the gate, the first column, is positive, else x. W swaps and
// doubles.
class Gate final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph g, run.NewGraph("gated"));
    const sdk::ValueId x = g.Input("x", sdk::DType::kF32, {3, 2});
    const sdk::ValueId gate = g.Slice(x, {0, 0}, {INT64_MAX, 1});
    const sdk::ValueId y = g.Op("linear", {x, g.Param("w", {2, 2})});
    g.Output("y", y);
    ASSAY_RETURN_IF_ERROR(g.status());
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.NewParameters());
    ASSAY_RETURN_IF_ERROR(Put(&set, "w", {2, 2}, {0, 2, 2, 0}));

    ASSAY_ASSIGN_OR_RETURN(sdk::DynamicNetwork network,
                           run.NewDynamic(g, "gated"));
    const sdk::VariableId in = network.Input("x");
    const sdk::VariableId open = network.Run(g, {{x, in}}, {{gate}})[0];
    const sdk::VariableId out = network.Copy(in);
    const int32_t site = network.If({sdk::Asks::kGate, open}, [&] {
      network.Run(g, {{x, in}}, {{y, out}});
    });
    network.Give({out});
    ASSAY_RETURN_IF_ERROR(network.Finish());
    ASSAY_PROBE(site == 0, std::to_string(site));

    ASSAY_ASSIGN_OR_RETURN(sdk::DynamicProgram each,
                           network.Compile(set, sdk::Decides::kEach, 4));
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor rows,
                           Rows(run, 2, {1, 5, -1, 6, 3, 7, 0, 8, 2, 9}));
    ASSAY_RETURN_IF_ERROR(each.Feed("x", rows));
    ASSAY_RETURN_IF_ERROR(each.Run());
    ASSAY_RETURN_IF_ERROR(
        ExpectOutput(each, "y", {10, 2, -1, 6, 14, 6, 0, 8, 18, 4}));
    ASSAY_RETURN_IF_ERROR(
        ExpectPaths(each, {"0+", "0-", "0+", "0-", "0+"}, {4, 0, 4, 0, 4}));

    // With another threshold, and one at a time.
    ASSAY_RETURN_IF_ERROR(network.SetThreshold(site, 2.5));
    ASSAY_ASSIGN_OR_RETURN(sdk::DynamicProgram one,
                           network.Compile(set, sdk::Decides::kTogether));
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor row, Rows(run, 2, {3, 7}));
    ASSAY_RETURN_IF_ERROR(one.Feed("x", row));
    ASSAY_RETURN_IF_ERROR(one.Run());
    ASSAY_RETURN_IF_ERROR(ExpectOutput(one, "y", {14, 6}));
    ASSAY_ASSIGN_OR_RETURN(const sdk::DynamicPath path, one.Path(0));
    ASSAY_PROBE(Near(path.decisions[0].distance, 0.5, 1e-6), "|3 - 2.5|");

    // Two of five: between the second and the third of 3, 2, 1, 0, -1.
    ASSAY_RETURN_IF_ERROR(each.Calibrate(&network, {0.4}));
    ASSAY_ASSIGN_OR_RETURN(const double threshold, network.Threshold(site));
    ASSAY_PROBE(Near(threshold, 1.5, 1e-6), std::to_string(threshold));
    // Not a network that it was compiled from.
    ASSAY_ASSIGN_OR_RETURN(sdk::DynamicNetwork other,
                           run.NewDynamic(g, "other"));
    for (int i = 0; i < 2; ++i) {
      other.If({sdk::Asks::kGate, other.Input("x")}, [] {});
    }
    other.Give({other.Input("x")});
    ASSAY_RETURN_IF_ERROR(other.Finish());
    ASSAY_PROBE(each.Calibrate(&other, {0.4, 0.4}).code() ==
                    sdk::Code::kInvalidArgument,
                "another network");
    ASSAY_RETURN_IF_ERROR(each.Run());
    return ExpectPaths(each, {"0-", "0-", "0+", "0-", "0+"}, {0, 0, 4, 0, 4});
  }
};

TEST(DynamicProbes, PerSampleGates) {
  Gate probe;
  RunProbe(probe);
}

// The residual block of the task's network behind a gate of its own input: with
// the gate open it is the network, with the gate shut the network without the
// block. Scored and submitted like any candidate.
class GatedBlock final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    const sdk::GraphRef reference = run.graph();
    const std::vector<sdk::Block> blocks = run.elastic().Blocks(reference);
    ASSAY_PROBE(blocks.size() == 1, std::to_string(blocks.size()));
    const sdk::Block& block = blocks[0];
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph g, run.Clone(reference));
    const int64_t channels = g.shape(block.skip)[1];
    const sdk::ValueId mean =
        g.Op("reduce_mean", {block.skip},
             {{"axes", sdk::Ints{2, 3}}, {"keep", int64_t{0}}});
    const sdk::ValueId gate =
        g.Op("linear", {mean, g.Param("gate.weights", {1, channels}),
                        g.Param("gate.bias", {1})});
    ASSAY_RETURN_IF_ERROR(g.status());

    ASSAY_ASSIGN_OR_RETURN(sdk::DynamicNetwork network,
                           run.NewDynamic(reference, "gated block"));
    const sdk::ValueId image = g.input();
    const sdk::VariableId x =
        network.Run(g, {{image, network.Input("image")}}, {{block.skip}})[0];
    const sdk::VariableId open = network.Run(g, {{block.skip, x}}, {{gate}})[0];
    network.If({sdk::Asks::kGate, open}, [&] {
      network.Run(g, {{block.skip, x}}, {{block.sum, x}});
    });
    network.Give(network.Run(g, {{block.sum, x}}, {{g.logits()}}));
    ASSAY_RETURN_IF_ERROR(network.Finish());

    ASSAY_ASSIGN_OR_RETURN(const sdk::Graph without,
                           run.elastic().DropBlocks(reference, {0}));
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.CloneParameters());
    ASSAY_RETURN_IF_ERROR(
        Put(&set, "gate.weights", {1, channels},
            std::vector<float>(static_cast<size_t>(channels), 0.0f)));
    for (const bool is_open : {true, false}) {
      ASSAY_RETURN_IF_ERROR(
          Put(&set, "gate.bias", {1}, {is_open ? 1.0f : -1.0f}));
      const sdk::GraphRef same = is_open ? reference : sdk::GraphRef(without);
      ASSAY_ASSIGN_OR_RETURN(const sdk::Score want,
                             run.Evaluate(same, run.parameters()));
      double macs = 0;
      ASSAY_ASSIGN_OR_RETURN(const sdk::Score got,
                             run.Evaluate(network, set, {}, &macs));
      ASSAY_PROBE(got.samples == want.samples && got.metric == want.metric,
                  std::to_string(got.metric));
      ASSAY_PROBE(Near(got.loss, want.loss, 1e-5), std::to_string(got.loss));
      ASSAY_ASSIGN_OR_RETURN(const sdk::Cost cost, run.Cost(same));
      ASSAY_PROBE(macs == static_cast<double>(cost.macs + channels),
                  std::to_string(macs));
    }
    // With the gate shut, as set above.
    ASSAY_RETURN_IF_ERROR(run.Check(run.budgets()[0], network, set));
    ASSAY_RETURN_IF_ERROR(Put(&set, "gate.bias", {1}, {1.0f}));
    const sdk::Status over = run.Check(run.budgets()[0], network, set);
    ASSAY_PROBE(over.code() == sdk::Code::kFailedPrecondition &&
                    over.message().find("MACs") != std::string::npos,
                over.message());
    ASSAY_PROBE(
        run.Check({.index = 7}, network, set).code() == sdk::Code::kOutOfRange,
        "there is no budget 7");
    sdk::LatencyOptions timing;
    timing.threads = 1;
    timing.seconds = 0.01;
    ASSAY_ASSIGN_OR_RETURN(
        const std::vector<sdk::Latency> times,
        run.PathLatencies({{&network, set}, {&network, set}}, timing));
    for (const sdk::Latency& time : times) {
      ASSAY_PROBE(time.queries >= 32 && time.median_ns > 0 &&
                      time.p90_ns >= time.p10_ns,
                  std::to_string(time.queries));
    }
    return run.Submit(run.budgets()[0], network, set);
  }
};

TEST(DynamicProbes, AGatedBlockIsScoredAndSubmitted) {
  ServedBudget budget;
  budget.id = "macs_fraction<=0.9";
  budget.macs_fraction = 0.9;
  TinyRunOptions options;
  options.budgets = {budget};
  TinyRun tiny(options);
  tiny.Enter();
  sdk::Run run(tiny.host(), TinyRun::find(), sdk::Config());
  GatedBlock probe;
  const sdk::Status status = probe.Apply(run);
  ASSERT_TRUE(status.ok()) << status.message();
  ASSERT_EQ(tiny.sink().dynamic_candidates.size(), 1u);
  EXPECT_EQ(SiteCount(tiny.sink().dynamic_candidates.at(0).graph), 1);
  EXPECT_TRUE(tiny.sink().misbehaviours.empty());
}

// Three experts, of which each sample visits the two with the largest scores:
// y = x + sum of score_e * W_e x, where W_e multiplies by e + 1.
class Experts final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    constexpr int64_t kExperts = 3;
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph g, run.NewGraph("experts"));
    const sdk::ValueId x = g.Input("x", sdk::DType::kF32, {1, kExperts});
    // The scores are the input itself; all but the smallest stay.
    const sdk::ValueId least =
        g.Scale(g.Op("reduce_max", {g.Scale(x, -1)},
                     {{"axes", sdk::Ints{1}}, {"keep", 1}}),
                -1);
    const sdk::ValueId above =
        g.Op("cast", {g.Op("greater", {x, least})}, {{"dtype", "f32"}});
    const sdk::ValueId scores = g.Mul(x, above);
    std::vector<sdk::ValueId> weights, sums;
    sdk::ValueId y = x;
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.NewParameters());
    for (int64_t e = 0; e < kExperts; ++e) {
      const std::string name = "expert" + std::to_string(e);
      weights.push_back(g.Slice(scores, {0, e}, {INT64_MAX, e + 1}));
      const sdk::ValueId out =
          g.Op("linear", {x, g.Param(name, {kExperts, kExperts})});
      sums.push_back(y);
      y = g.Add(y, g.Mul(weights.back(), out));
      std::vector<float> diagonal(kExperts * kExperts, 0.0f);
      for (size_t i = 0; i < kExperts; ++i) {
        diagonal[i * (kExperts + 1)] = static_cast<float>(e + 1);
      }
      ASSAY_RETURN_IF_ERROR(Put(&set, name, {kExperts, kExperts}, diagonal));
    }
    sums.push_back(y);
    g.Output("y", y);
    ASSAY_RETURN_IF_ERROR(g.status());

    ASSAY_ASSIGN_OR_RETURN(sdk::DynamicNetwork network,
                           run.NewDynamic(g, "experts"));
    const sdk::VariableId in = network.Input("x");
    std::vector<sdk::PieceEnd> routes;
    for (const sdk::ValueId weight : weights) routes.push_back({weight});
    const std::vector<sdk::VariableId> routed =
        network.Run(g, {{x, in}}, routes);
    const sdk::VariableId sum = network.Copy(in);
    for (size_t e = 0; e < kExperts; ++e) {
      std::vector<sdk::PieceEnd> from = {{x, in}, {weights[e], routed[e]}};
      if (e > 0) from.push_back({sums[e], sum});
      network.If({sdk::Asks::kGate, routed[e]}, [&] {
        network.Run(g, from, {{sums[e + 1], sum}});
      });
    }
    network.Give({sum});
    ASSAY_RETURN_IF_ERROR(network.Finish());
    ASSAY_ASSIGN_OR_RETURN(sdk::DynamicProgram program,
                           network.Compile(set, sdk::Decides::kEach, 2));
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor rows,
                           Rows(run, 3, {1, 2, 3, 3, 1, 2, 2, 3, 1}));
    ASSAY_RETURN_IF_ERROR(program.Feed("x", rows));
    ASSAY_RETURN_IF_ERROR(program.Run());
    // 1 + 2*2 + 3*3, 1 + 3*1 + 2*3, 1 + 2*1 + 3*2.
    ASSAY_RETURN_IF_ERROR(
        ExpectOutput(program, "y", {14, 28, 42, 30, 10, 20, 18, 27, 9}));
    return ExpectPaths(program, {"0-1+2+", "0+1-2+", "0+1+2-"}, {18, 18, 18});
  }
};

TEST(DynamicProbes, RoutedExperts) {
  Experts probe;
  RunProbe(probe);
}

// What is wrong is refused in words, and changes nothing.
class Refused final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    const sdk::GraphRef reference = run.graph();
    ASSAY_ASSIGN_OR_RETURN(sdk::DynamicNetwork network,
                           run.NewDynamic(reference, "wrong"));
    const sdk::Services& s = run.services();
    auto* raw = const_cast<assay_dynamic*>(network.raw());
    const auto code = [](const sdk::Status& status) { return status.code(); };
    ASSAY_PROBE(code(ASSAY_SDK_CALL(s, dynamic, end, raw)) ==
                    sdk::Code::kFailedPrecondition,
                "nothing is open");
    int32_t to = -1;
    ASSAY_PROBE(code(ASSAY_SDK_CALL(s, dynamic, copy, raw, 7, &to)) ==
                    sdk::Code::kInvalidArgument,
                "no variable 7");
    ASSAY_PROBE(to == -1, std::to_string(to));
    ASSAY_PROBE(code(network.Compile(run.parameters()).status()) ==
                    sdk::Code::kFailedPrecondition,
                "not finished");
    assay_condition condition{};
    condition.size = ASSAY_SIZE(assay_condition);
    condition.kind = 99;
    ASSAY_PROBE(code(ASSAY_SDK_CALL(s, dynamic, begin_if, raw, &condition,
                                    nullptr)) == sdk::Code::kInvalidArgument,
                "no such condition");
    // A path without outputs is found at the end, and may still be mended.
    ASSAY_PROBE(code(network.Finish()) == sdk::Code::kInvalidArgument,
                "ends without outputs");
    network.Give(network.Run(reference,
                             {{reference.input(), network.Input("image")}},
                             {{reference.logits()}}));
    ASSAY_RETURN_IF_ERROR(network.Finish());
    network.Give({0});
    ASSAY_PROBE(code(network.status()) == sdk::Code::kFailedPrecondition,
                "finished");
    // A parameter that the set lacks.
    ASSAY_ASSIGN_OR_RETURN(const sdk::Parameters empty, run.NewParameters());
    ASSAY_PROBE(!network.Compile(empty).status().ok(), "no parameters");
    // Blocks deeper than the text of an artifact may have them.
    ASSAY_ASSIGN_OR_RETURN(sdk::DynamicNetwork deep,
                           run.NewDynamic(reference, "deep"));
    int levels = 0;
    raw = const_cast<assay_dynamic*>(deep.raw());
    for (; levels < 1000; ++levels) {
      const sdk::Status begun =
          ASSAY_SDK_CALL(s, dynamic, begin_for, raw, int64_t{2}, nullptr);
      if (begun.ok()) continue;
      ASSAY_PROBE(begun.code() == sdk::Code::kInvalidArgument, begun.message());
      break;
    }
    ASSAY_PROBE(levels == 200, std::to_string(levels));
    return sdk::OkStatus();
  }
};

TEST(DynamicProbes, WhatIsWrongIsRefused) {
  Refused probe;
  RunProbe(probe);
}

}  // namespace
}  // namespace assay
