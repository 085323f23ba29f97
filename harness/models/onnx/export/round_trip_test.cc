// Out to ONNX and back: the same outputs, to the bit.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/backend/registry.h"
#include "harness/backend/session.h"
#include "harness/core/random.h"
#include "harness/graph/builder.h"
#include "harness/graph/reference.h"
#include "harness/graph/rewrites/fold_batch_norm.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/graph/rewrites/quantize.h"
#include "harness/graph/roles.h"
#include "harness/models/init.h"
#include "harness/models/onnx/export/export.h"
#include "harness/models/onnx/import/import.h"
#include "harness/models/onnx/proto/onnx_model.h"
#include "harness/models/onnx/proto/read_model.h"
#include "harness/models/onnx/proto/write_model.h"
#include "harness/models/registry.h"
#include "harness/models/testing/small.h"
#include "harness/ops/ops.h"
#include "harness/ops/testing/all_cases.h"
#include "harness/ops/testing/op_case.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

constexpr int64_t kBatch = 2;

absl::StatusOr<OnnxNetwork> RoundTrip(const Graph& graph,
                                      const ParameterStore& parameters,
                                      const OnnxExportOptions& exported = {}) {
  ASSAY_ASSIGN_OR_RETURN(const OnnxModel out,
                         ExportOnnx(graph, parameters, exported));
  ASSAY_ASSIGN_OR_RETURN(const std::string bytes, SerializeOnnxModel(out));
  ASSAY_ASSIGN_OR_RETURN(const OnnxModel in, ParseOnnxModel(bytes, "file", ""));
  OnnxImportOptions options;
  for (const ValueId id : graph.inputs()) {
    options.shapes[graph.value(id).name] = graph.shape(id);
  }
  return ImportOnnx(in, options, StandardOps());
}

// 4-bit layers as ONNX Runtime's operator come back as they were written: with
// and without zero points and bias, the last group not full.
TEST(RoundTripTest, MatMulNBitsGivesTheSameBits) {
  for (const bool full : {false, true}) {
    Graph graph(StandardOps());
    GraphBuilder b(&graph);
    RandomStream random(3, "layer");
    const auto bytes = [&](Shape shape) {
      Tensor t(DType::kU8, std::move(shape));
      for (uint8_t& x : t.span<uint8_t>()) {
        x = static_cast<uint8_t>(random.Below(256));
      }
      return t;
    };
    const auto reals = [&](Shape shape) {
      Tensor t(DType::kF32, std::move(shape));
      random.FillUniform(t.span<float>(), 0.1f, 0.2f);
      return t;
    };
    const ValueId x = b.Input("x", DType::kF32, {2, 3, 80});
    std::vector<ValueId> grid = {b.Constant(bytes({6, 3, 16})),
                                 b.Constant(reals({6, 3}))};
    if (full) grid.push_back(b.Constant(bytes({6, 2})));
    std::vector<ValueId> operands = {
        x, b.Op("dequantize_u4", grid, {{"inputs", int64_t{80}}})};
    if (full) operands.push_back(b.Constant(reals({6})));
    b.Output("y", b.Op("linear", operands));
    ASSERT_OK(b.status());
    OnnxExportOptions options;
    options.microsoft_ops = true;
    ASSERT_OK_AND_ASSIGN(const OnnxNetwork back, RoundTrip(graph, {}, options));
    const std::map<std::string, Tensor> feeds = {{"x", reals({2, 3, 80})}};
    const auto want = Evaluate(graph, feeds, {});
    const auto got = Evaluate(back.graph, feeds, back.parameters);
    ASSERT_OK(want);
    ASSERT_OK(got);
    EXPECT_TRUE(BitEqual(want->outputs.at("y"), got->outputs.at("y")));
  }
}

// Every case of every op, by the references.
TEST(RoundTripTest, OpCasesGiveTheSameBits) {
  const std::vector<OpCase>& cases = AllCases().accepted;
  for (size_t i = 0; i < cases.size(); ++i) {
    for (const DType dtype : {DType::kF32, DType::kF64, DType::kBF16}) {
      if (dtype == DType::kF64 && !cases[i].f64) continue;
      if (dtype == DType::kBF16 && !cases[i].bf16) continue;
      SCOPED_TRACE(absl::StrCat("case ", i, ", ", cases[i].op, " of ",
                                Name(dtype), " ",
                                cases[i].attributes.ToString()));
      ASSERT_OK_AND_ASSIGN(const Graph graph, MakeCaseGraph(cases[i], dtype));
      const auto back = RoundTrip(graph, {});
      if (absl::IsUnimplemented(ExportOnnx(graph, {}).status())) continue;
      EXPECT_OK(back);
      if (!back.ok()) continue;
      std::map<std::string, Tensor> feeds;
      const std::vector<Tensor> operands = MakeOperands(cases[i], dtype, i);
      for (size_t k = 0; k < operands.size(); ++k) {
        if (cases[i].operands[k].absent) continue;
        feeds[absl::StrCat("operand", k)] = operands[k];
      }
      const auto want = Evaluate(graph, feeds, {});
      const auto got = Evaluate(back->graph, feeds, back->parameters);
      ASSERT_OK(want);
      ASSERT_OK(got);
      for (const auto& [name, value] : want->outputs) {
        EXPECT_TRUE(BitEqual(value, got->outputs.at(name))) << name;
      }
    }
  }
}

// Parameters as training leaves them: no statistic is 0 or 1.
ParameterStore Trained(const ReferenceGraph& net) {
  auto store = Initialise(net.graph, net.initialisers, 1);
  EXPECT_OK(store);
  for (const auto& [name, value] : store->values()) {
    Tensor moved = value.Clone();
    RandomStream stream(1, name);
    std::vector<float> noise(static_cast<size_t>(moved.size()));
    stream.FillNormal(absl::MakeSpan(noise), 0, 0.02f);
    for (size_t i = 0; i < noise.size(); ++i) {
      moved.data<float>()[i] += std::abs(noise[i]);
    }
    store->Set(name, moved);
  }
  return *std::move(store);
}

// The result of the lowered network on the cpu backend.
absl::StatusOr<Tensor> Result(const Graph& graph,
                              const ParameterStore& parameters) {
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<Device> device,
                         MakeDevice("cpu"));
  ASSAY_ASSIGN_OR_RETURN(const LoweredNetwork plan,
                         LowerForInference(graph, parameters));
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session,
                         Session::Make(device.get(), plan.graph, nullptr));
  for (const auto& [name, value] : SampleInputs(graph, 2)) {
    ASSAY_RETURN_IF_ERROR(session->Feed(name, value));
  }
  ASSAY_RETURN_IF_ERROR(session->Run());
  return session->Fetch(graph.outputs()[0].name);
}

void ExpectSameResults(const Graph& graph, const ParameterStore& parameters) {
  ASSERT_OK_AND_ASSIGN(const OnnxNetwork back, RoundTrip(graph, parameters));
  for (const auto& [name, value] : parameters.values()) {
    EXPECT_EQ(back.parameters.Has(name), value.size() > 1) << name;
  }
  ASSERT_OK_AND_ASSIGN(const Tensor want, Result(graph, parameters));
  ASSERT_OK_AND_ASSIGN(const Tensor got, Result(back.graph, back.parameters));
  EXPECT_TRUE(BitEqual(want, got));
}

class RoundTripNetworkTest : public testing::TestWithParam<std::string> {};

TEST_P(RoundTripNetworkTest, GivesTheSameBitsOnTheCpu) {
  if (IsHeavy(GetParam())) GTEST_SKIP() << "as its siblings do";
  ASSERT_OK_AND_ASSIGN(const ReferenceGraph net,
                       BuildSmall(GetParam(), kBatch));
  ExpectSameResults(net.graph, Trained(net));
}

INSTANTIATE_TEST_SUITE_P(All, RoundTripNetworkTest,
                         testing::ValuesIn(ReferenceGraphNames()),
                         [](const auto& row) {
                           std::string name(row.param);
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

class RoundTripIntegersTest : public testing::TestWithParam<const char*> {};

// Every layer on grids, each channel on its own; activations from -3 to 5.
TEST_P(RoundTripIntegersTest, GivesTheSameBitsOnTheCpu) {
  ASSERT_OK_AND_ASSIGN(const ReferenceGraph net,
                       BuildSmall(GetParam(), kBatch));
  ASSERT_OK_AND_ASSIGN(auto folded, FoldBatchNorm(net.graph, Trained(net)));
  QuantizeOptions grids;
  for (const Layer& layer : Layers(folded.graph)) {
    const std::string& weights = folded.graph.value(layer.weights).name;
    grids.weight_scales[weights] =
        WeightScales(*folded.parameters.Find(weights), true);
  }
  for (ValueId id = 0; id < folded.graph.value_count(); ++id) {
    grids.activations[folded.graph.value(id).name] = {-3, 5};
  }
  ASSERT_OK_AND_ASSIGN(const QuantizedNetwork quantized,
                       Quantize(folded.graph, folded.parameters, grids));
  ExpectSameResults(quantized.graph, quantized.parameters);
}

INSTANTIATE_TEST_SUITE_P(Networks, RoundTripIntegersTest,
                         testing::Values("resnet20", "dscnn"),
                         [](const auto& row) { return row.param; });

}  // namespace
}  // namespace assay
