// Graphs that a method builds: second order, injected gradients, learnt grids,
// ops of its own.
#include "harness/host/services/probes/probe.h"

namespace assay {
namespace {

// f(w) = sum(w^4) + w0 w1: H v is 12 w^2 v, and v1, v0 on top.
class HessianVector final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph g, run.NewGraph("quartic"));
    const sdk::ValueId w = g.Param("w", {3});
    const sdk::ValueId v = g.Input("v", sdk::DType::kF32, {3});
    const sdk::ValueId square = g.Op("square", {w});
    const sdk::ValueId cross =
        g.Mul(g.Slice(w, {0}, {1}), g.Slice(w, {1}, {2}));
    const sdk::ValueId f = g.Add(g.Sum(g.Op("square", {square})), g.Sum(cross));
    const sdk::ValueId gradient = g.Gradients(f, {w})[0];
    g.Output("product", g.Gradients(g.Sum(g.Mul(gradient, v)), {w})[0]);
    ASSAY_RETURN_IF_ERROR(g.status());
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.NewParameters());
    ASSAY_RETURN_IF_ERROR(Put(&set, "w", {3}, {0.5f, -1, 2}));
    ASSAY_ASSIGN_OR_RETURN(sdk::Variables variables,
                           run.NewVariables(set, sdk::Device::kReference));
    ASSAY_ASSIGN_OR_RETURN(sdk::Program program, variables.Compile(g));
    ASSAY_ASSIGN_OR_RETURN(sdk::Tensor feed,
                           run.NewTensor(sdk::DType::kF32, {3}));
    const double weights[] = {0.5, -1, 2}, vector[] = {1, 2, -0.25};
    for (size_t i = 0; i < 3; ++i) {
      feed.values()[i] = static_cast<float>(vector[i]);
    }
    ASSAY_RETURN_IF_ERROR(program.Feed("v", feed));
    ASSAY_RETURN_IF_ERROR(program.Run());
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor product, program.Fetch("product"));
    const double cross_part[] = {vector[1], vector[0], 0};
    for (size_t i = 0; i < 3; ++i) {
      const double want =
          12 * weights[i] * weights[i] * vector[i] + cross_part[i];
      ASSAY_PROBE(Near(product.values<double>()[i], want, 1e-12),
                  std::to_string(product.values<double>()[i]));
    }
    return sdk::OkStatus();
  }
};

TEST(GraphProbes, HessianVectorProducts) {
  HessianVector probe;
  RunProbe(probe);
}

// y = U (V x) with a gradient from elsewhere: dU = g (V x)', dV = U' g x'.
class Factorised final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph g, run.NewGraph("factors"));
    const sdk::ValueId x = g.Input("x", sdk::DType::kF32, {1, 3});
    const sdk::ValueId u = g.Param("u", {2, 1});
    const sdk::ValueId v = g.Param("v", {1, 3});
    const sdk::ValueId y = g.Op("linear", {g.Op("linear", {x, v}), u});
    const sdk::ValueId injected = g.Input("g", sdk::DType::kF32, {1, 2});
    const std::vector<sdk::ValueId> gradients =
        g.Gradients(y, {u, v}, injected);
    g.Output("du", gradients[0]);
    g.Output("dv", gradients[1]);
    ASSAY_RETURN_IF_ERROR(g.status());
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.NewParameters());
    ASSAY_RETURN_IF_ERROR(Put(&set, "u", {2, 1}, {2, -1}));
    ASSAY_RETURN_IF_ERROR(Put(&set, "v", {1, 3}, {1, 0, 3}));
    ASSAY_ASSIGN_OR_RETURN(sdk::Variables variables, run.NewVariables(set));
    ASSAY_ASSIGN_OR_RETURN(sdk::Program program, variables.Compile(g));
    ASSAY_ASSIGN_OR_RETURN(sdk::Tensor feed,
                           run.NewTensor(sdk::DType::kF32, {1, 3}));
    feed.values()[0] = 1, feed.values()[1] = 4, feed.values()[2] = -2;
    ASSAY_RETURN_IF_ERROR(program.Feed("x", feed));
    ASSAY_ASSIGN_OR_RETURN(sdk::Tensor seed,
                           run.NewTensor(sdk::DType::kF32, {1, 2}));
    seed.values()[0] = 10, seed.values()[1] = 1;
    ASSAY_RETURN_IF_ERROR(program.Feed("g", seed));
    ASSAY_RETURN_IF_ERROR(program.Run());
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor du, program.Fetch("du"));
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor dv, program.Fetch("dv"));
    // V x = 1 - 6 = -5; U' g = 20 - 1 = 19.
    ASSAY_PROBE(du.values()[0] == -50 && du.values()[1] == -5, "du");
    ASSAY_PROBE(
        dv.values()[0] == 19 && dv.values()[1] == 76 && dv.values()[2] == -38,
        "dv");
    return sdk::OkStatus();
  }
};

TEST(GraphProbes, FactorisedLayersWithInjectedGradients) {
  Factorised probe;
  RunProbe(probe);
}

// Learnt steps (LSQ): w' = s round(w / s), rounded straight through; the
// gradient of s is round(w / s) - w / s inside the range, exactly. What was
// learnt goes into Q/DQ nodes, whose weights are that grid.
class LearntScales final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    ASSAY_RETURN_IF_ERROR(GradientOfStep(run));
    return Insert(run);
  }

 private:
  static sdk::Status GradientOfStep(sdk::Run& run) {
    const std::vector<float> w = {0.3f, -0.8f, 0.45f, 1.1f};
    const float s = 0.25f;
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph g, run.NewGraph("lsq"));
    const sdk::ValueId weights = g.Param("w", {4});
    const sdk::ValueId step = g.Param("s", {});
    const sdk::ValueId q = g.Op("div", {weights, step});
    const sdk::ValueId rounded =
        g.Add(q, g.Op("stop_gradient", {g.Sub(g.Op("round", {q}), q)}));
    const sdk::ValueId out = g.Mul(rounded, step);
    const std::vector<sdk::ValueId> d =
        g.Gradients(g.Sum(out), {weights, step});
    g.Output("w", d[0]);
    g.Output("s", d[1]);
    g.Output("out", out);
    ASSAY_RETURN_IF_ERROR(g.status());
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.NewParameters());
    ASSAY_RETURN_IF_ERROR(Put(&set, "w", {4}, w));
    ASSAY_RETURN_IF_ERROR(Put(&set, "s", {}, {s}));
    ASSAY_ASSIGN_OR_RETURN(sdk::Variables variables,
                           run.NewVariables(set, sdk::Device::kReference));
    ASSAY_ASSIGN_OR_RETURN(sdk::Program program, variables.Compile(g));
    ASSAY_RETURN_IF_ERROR(program.Run());
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor ds, program.Fetch("s"));
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor dw, program.Fetch("w"));
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor y, program.Fetch("out"));
    double want = 0;
    for (size_t i = 0; i < w.size(); ++i) {
      const double x = static_cast<double>(w[i]) / static_cast<double>(s);
      want += std::nearbyint(x) - x;
      ASSAY_PROBE(Near(dw.values<double>()[i], 1, 1e-12), "straight through");
      ASSAY_PROBE(Near(y.values<double>()[i],
                       std::nearbyint(x) * static_cast<double>(s), 1e-12),
                  "on the grid");
    }
    ASSAY_PROBE(Near(ds.values<double>()[0], want, 1e-9),
                std::to_string(ds.values<double>()[0]));
    return sdk::OkStatus();
  }

  static sdk::Status Insert(sdk::Run& run) {
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.CloneParameters());
    const std::string name = "head.weights";
    ASSAY_ASSIGN_OR_RETURN(const auto before, run.parameters().Floats(name));
    const float step = 1.0f / 64;
    sdk::QuantizeOptions options;
    const sdk::ValueId weights = run.graph().FindValue(name);
    const sdk::Node head =
        run.graph().node(run.graph().Consumers(weights).front());
    options.weights.push_back({weights, {step}});
    options.activations.push_back({head.inputs[0], 0, 4});
    ASSAY_ASSIGN_OR_RETURN(const sdk::Graph quantized,
                           run.Quantize(run.graph(), &set, options));
    ASSAY_ASSIGN_OR_RETURN(const sdk::View grid, set.Get(name));
    const auto values = grid.values<int8_t>();
    for (size_t i = 0; i < before.size(); ++i) {
      const float q = std::nearbyint(before[i] / step);
      ASSAY_PROBE(static_cast<float>(values[i]) ==
                      std::max(-127.0f, std::min(127.0f, q)),
                  std::to_string(i));
    }
    bool has = false;
    for (int n = 0; n < quantized.node_count(); ++n) {
      has = has || quantized.node(n).op == "dequantize_linear";
    }
    ASSAY_PROBE(has, "no dequantize_linear");
    return run.Submit(run.budgets()[0], quantized, set);
  }
};

TEST(GraphProbes, LearntScalesBecomeQuantizeNodes) {
  LearntScales probe;
  RunProbe(probe);
}

// Weights of 4 bits: two to a byte, a scale for each group of sixteen. The host
// takes them as a candidate, and what the layer computes is what they say.
class FourBits final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    const std::string name = "head.weights";
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph g, run.CloneGraph());
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.CloneParameters());
    const sdk::ValueId wide = g.FindValue(name);
    const sdk::Shape shape = g.shape(wide);
    const int64_t groups = (shape[1] + 15) / 16;
    ASSAY_ASSIGN_OR_RETURN(
        sdk::Tensor packed,
        run.NewTensor(sdk::DType::kU8, {shape[0], groups, 8}));
    for (size_t i = 0; i < packed.size(); ++i) {
      packed.values<uint8_t>()[i] = static_cast<uint8_t>(i * 37);
    }
    const size_t grids = static_cast<size_t>(shape[0] * groups);
    ASSAY_RETURN_IF_ERROR(set.Erase(name));
    ASSAY_RETURN_IF_ERROR(set.Set(name + ".packed", packed));
    ASSAY_RETURN_IF_ERROR(Put(&set, name + ".scales", {shape[0], groups},
                              std::vector<float>(grids, 0.125f)));
    const sdk::ValueId by =
        g.Op("dequantize_u4",
             {g.Param(name + ".packed", {shape[0], groups, 8}, sdk::DType::kU8),
              g.Param(name + ".scales", {shape[0], groups})},
             {{"inputs", shape[1]}}, name + ".dequantized");
    ASSAY_RETURN_IF_ERROR(g.status());
    ASSAY_ASSIGN_OR_RETURN(
        const sdk::Graph narrow,
        sdk::Graph::Substitute(run.services(), g, {&wide, 1}, {&by, 1}));
    ASSAY_RETURN_IF_ERROR(Check(run, set, packed, shape));
    return run.Submit(run.budgets()[0], narrow, set);
  }

 private:
  static sdk::Status Check(sdk::Run& run, const sdk::Parameters& set,
                           const sdk::Tensor& packed, const sdk::Shape& shape) {
    const sdk::Shape bytes(packed.shape().begin(), packed.shape().end());
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph probe, run.NewGraph("weights"));
    const sdk::ValueId weights =
        probe.Op("dequantize_u4",
                 {probe.Param("head.weights.packed", bytes, sdk::DType::kU8),
                  probe.Param("head.weights.scales", {shape[0], bytes[1]})},
                 {{"inputs", shape[1]}});
    probe.Output("weights", weights);
    ASSAY_RETURN_IF_ERROR(probe.status());
    ASSAY_ASSIGN_OR_RETURN(sdk::Variables variables, run.NewVariables(set));
    ASSAY_ASSIGN_OR_RETURN(sdk::Program program, variables.Compile(probe));
    ASSAY_RETURN_IF_ERROR(program.Run());
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor made, program.Fetch("weights"));
    for (int64_t o = 0; o < shape[0]; ++o) {
      for (int64_t i = 0; i < shape[1]; ++i) {
        const auto byte = static_cast<size_t>(o * bytes[1] * 8 + i / 2);
        const int q = packed.values<uint8_t>()[byte] >> (i % 2 * 4) & 15;
        const auto at = static_cast<size_t>(o * shape[1] + i);
        ASSAY_PROBE(made.values()[at] == 0.125f * static_cast<float>(q - 8),
                    std::to_string(at));
      }
    }
    return sdk::OkStatus();
  }
};

TEST(GraphProbes, WeightsOfFourBitsByGroup) {
  FourBits probe;
  RunProbe(probe);
}

// x^3 by callbacks: in f32 on the run's device, in f64 on the reference.
class Cube : public sdk::CustomOp {
 public:
  std::string name() const override { return "cube"; }
  sdk::StatusOr<std::vector<sdk::TensorType>> Infer(
      const std::vector<sdk::TensorType>& inputs) const override {
    if (inputs.size() != 1) return sdk::InvalidArgument("cube takes one value");
    return inputs;
  }
  sdk::Status Forward(sdk::Span<const DLTensor> in,
                      sdk::Span<DLTensor> out) const override {
    return in[0].dtype.bits == 64 ? Fill<double>(in[0], out[0])
                                  : Fill<float>(in[0], out[0]);
  }
  sdk::Status Backward(sdk::Span<const DLTensor> in, sdk::Span<const DLTensor>,
                       sdk::Span<const DLTensor> grads,
                       sdk::Span<DLTensor> made) const override {
    return in[0].dtype.bits == 64 ? Slope<double>(in[0], grads[0], made[0])
                                  : Slope<float>(in[0], grads[0], made[0]);
  }

 private:
  template <typename T>
  static sdk::Status Fill(const DLTensor& in, const DLTensor& out) {
    const auto x = Elements<const T>(in);
    const auto y = Elements<T>(out);
    for (size_t i = 0; i < x.size(); ++i) y[i] = x[i] * x[i] * x[i];
    return sdk::OkStatus();
  }
  template <typename T>
  static sdk::Status Slope(const DLTensor& in, const DLTensor& gradient,
                           const DLTensor& made) {
    const auto x = Elements<const T>(in);
    const auto g = Elements<const T>(gradient);
    const auto d = Elements<T>(made);
    for (size_t i = 0; i < x.size(); ++i) d[i] = 3 * x[i] * x[i] * g[i];
    return sdk::OkStatus();
  }
};

class OwnOp final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    ASSAY_ASSIGN_OR_RETURN(const int64_t call, run.AddOp(&cube_));
    ASSAY_PROBE(!run.AddOp(&cube_).ok(), "the name was taken");
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph g, run.NewGraph("cubes"));
    const sdk::ValueId w = g.Param("w", {3});
    const sdk::ValueId y = g.Op("custom", {w}, {{"call", call}});
    g.Output("cubes", y);
    // 2 w^3 has gradient 6 w^2.
    g.Output("gradient", g.Gradients(g.Sum(g.Scale(y, 2)), {w})[0]);
    ASSAY_RETURN_IF_ERROR(g.status());
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.NewParameters());
    ASSAY_RETURN_IF_ERROR(Put(&set, "w", {3}, {1, -2, 0.5f}));
    for (const auto device : {sdk::Device::kRun, sdk::Device::kReference}) {
      ASSAY_ASSIGN_OR_RETURN(sdk::Variables variables,
                             run.NewVariables(set, device));
      ASSAY_ASSIGN_OR_RETURN(sdk::Program program, variables.Compile(g));
      ASSAY_RETURN_IF_ERROR(program.Run());
      ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor cubes, program.Fetch("cubes"));
      ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor d, program.Fetch("gradient"));
      const double want[] = {1, -8, 0.125}, slope[] = {6, 24, 1.5};
      for (size_t i = 0; i < 3; ++i) {
        const bool wide = device == sdk::Device::kReference;
        ASSAY_PROBE((wide ? cubes.values<double>()[i]
                          : static_cast<double>(cubes.values()[i])) == want[i],
                    "cubes");
        ASSAY_PROBE((wide ? d.values<double>()[i]
                          : static_cast<double>(d.values()[i])) == slope[i],
                    "gradient");
      }
    }
    return Refused(run, call);
  }

 private:
  // A candidate with such a node is none.
  static sdk::Status Refused(sdk::Run& run, int64_t call) {
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph g, run.CloneGraph());
    const sdk::ValueId logits = g.logits();
    const sdk::ValueId cubes = g.Op("custom", {logits}, {{"call", call}});
    ASSAY_RETURN_IF_ERROR(g.status());
    ASSAY_ASSIGN_OR_RETURN(
        const sdk::Graph with,
        sdk::Graph::Substitute(run.services(), g, {&logits, 1}, {&cubes, 1}));
    const sdk::Status status =
        run.Submit(run.budgets()[0], with, run.parameters());
    ASSAY_PROBE(
        !status.ok() && status.message().find("custom") != std::string::npos,
        "it was taken");
    ASSAY_PROBE(
        g.Op("custom", {logits}, {{"call", int64_t{-1}}}) == sdk::kNoValue,
        "a call that nobody added");
    return sdk::OkStatus();
  }

  Cube cube_;
};

TEST(GraphProbes, AnOpOfTheMethodsOwn) {
  OwnOp probe;
  RunProbe(probe);
}

// 3 x^2 g from x, x^3 and g: the gradient of cubing, as an op with one of its
// own.
class CubeSlope final : public sdk::CustomOp {
  std::string name() const override { return "cube slope"; }
  sdk::StatusOr<std::vector<sdk::TensorType>> Infer(
      const std::vector<sdk::TensorType>& inputs) const override {
    if (inputs.size() != 3) return sdk::InvalidArgument("x, x^3 and g");
    return std::vector<sdk::TensorType>{inputs[0]};
  }
  sdk::Status Forward(sdk::Span<const DLTensor> in,
                      sdk::Span<DLTensor> out) const override {
    const auto x = Elements<const double>(in[0]);
    const auto g = Elements<const double>(in[2]);
    const auto d = Elements<double>(out[0]);
    for (size_t i = 0; i < x.size(); ++i) d[i] = 3 * x[i] * x[i] * g[i];
    return sdk::OkStatus();
  }
  sdk::Status Backward(sdk::Span<const DLTensor> in, sdk::Span<const DLTensor>,
                       sdk::Span<const DLTensor> grads,
                       sdk::Span<DLTensor> made) const override {
    const auto x = Elements<const double>(in[0]);
    const auto g = Elements<const double>(in[2]);
    const auto d = Elements<const double>(grads[0]);
    for (size_t i = 0; i < x.size(); ++i) {
      Elements<double>(made[0])[i] = 6 * x[i] * g[i] * d[i];
      Elements<double>(made[1])[i] = 0;
      Elements<double>(made[2])[i] = 3 * x[i] * x[i] * d[i];
    }
    return sdk::OkStatus();
  }
};

class CubeByOps final : public Cube {
 public:
  explicit CubeByOps(int64_t slope) : slope_(slope) {}
  std::string name() const override { return "cube by ops"; }
  int64_t gradient_call() const override { return slope_; }

 private:
  const int64_t slope_;
};

// The second derivative through an op whose gradient is an op, and a refusal
// that names the op where it is not.
class TwiceOwnOp final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    ASSAY_ASSIGN_OR_RETURN(const int64_t slope, run.AddOp(&slope_));
    cube_ = std::make_unique<CubeByOps>(slope);
    ASSAY_ASSIGN_OR_RETURN(const int64_t call, run.AddOp(cube_.get()));
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph g, run.NewGraph("twice"));
    g.Output("curvature", Twice(&g, call));
    ASSAY_RETURN_IF_ERROR(g.status());
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.NewParameters());
    ASSAY_RETURN_IF_ERROR(Put(&set, "w", {3}, {1, -2, 0.5f}));
    ASSAY_ASSIGN_OR_RETURN(sdk::Variables variables,
                           run.NewVariables(set, sdk::Device::kReference));
    ASSAY_ASSIGN_OR_RETURN(sdk::Program program, variables.Compile(g));
    ASSAY_RETURN_IF_ERROR(program.Run());
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor d, program.Fetch("curvature"));
    // The gradient of sum((3 w^2)^2) is 36 w^3.
    const double want[] = {36, -288, 4.5};
    for (size_t i = 0; i < 3; ++i) {
      ASSAY_PROBE(d.values<double>()[i] == want[i],
                  std::to_string(d.values<double>()[i]));
    }

    ASSAY_ASSIGN_OR_RETURN(const int64_t once, run.AddOp(&once_));
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph refused, run.NewGraph("refused"));
    Twice(&refused, once);
    ASSAY_PROBE(refused.status().code() == sdk::Code::kFailedPrecondition,
                "a function was differentiated");
    ASSAY_PROBE(refused.status().message().find("'cube'") != std::string::npos,
                refused.status().message());
    CubeByOps unknown(int64_t{1} << 40);
    ASSAY_PROBE(!run.AddOp(&unknown).ok(), "a gradient that nobody added");
    return sdk::OkStatus();
  }

 private:
  static sdk::ValueId Twice(sdk::Graph* g, int64_t call) {
    const sdk::ValueId w = g->Param("w", {3});
    const sdk::ValueId y = g->Op("custom", {w}, {{"call", call}});
    const sdk::ValueId slope = g->Gradients(g->Sum(y), {w})[0];
    return g->Gradients(g->Sum(g->Op("square", {slope})), {w})[0];
  }

  CubeSlope slope_;
  std::unique_ptr<CubeByOps> cube_;
  Cube once_;
};

TEST(GraphProbes, AnOpWhoseGradientDifferentiates) {
  TwiceOwnOp probe;
  RunProbe(probe);
}

}  // namespace
}  // namespace assay
