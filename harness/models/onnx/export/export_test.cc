#include "harness/models/onnx/export/export.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/graph/builder.h"
#include "harness/models/init.h"
#include "harness/models/onnx/export/exporters.h"
#include "harness/models/onnx/proto/onnx_model.h"
#include "harness/models/registry.h"
#include "harness/models/testing/small.h"
#include "harness/ops/ops.h"
#include "harness/ops/testing/all_cases.h"
#include "harness/ops/testing/op_case.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// "Conv(image,weights)->dst".
std::string Line(const OnnxNode& node) {
  std::string line = absl::StrCat(node.op, "(");
  for (const std::string& input : node.inputs) {
    absl::StrAppend(&line, line.back() == '(' ? "" : ",", input);
  }
  return absl::StrCat(line, ")->", node.outputs[0]);
}

std::vector<std::string> Lines(const std::vector<OnnxNode>& nodes) {
  std::vector<std::string> lines;
  for (const OnnxNode& node : nodes) {
    if (node.op != "Constant") lines.push_back(Line(node));
  }
  return lines;
}

// "name[batch,3]".
std::string Text(const OnnxValueInfo& info) {
  std::string text = info.name + "[";
  for (const OnnxDimension& d : *info.dimensions) {
    absl::StrAppend(&text, text.back() == '[' ? "" : ",",
                    d.extent >= 0      ? absl::StrCat(d.extent)
                    : d.symbol.empty() ? "?"
                                       : d.symbol);
  }
  return text + "]";
}

struct Net {
  Graph graph{StandardOps()};
  GraphBuilder b{&graph};
  ParameterStore parameters;

  ValueId Parameter(const std::string& name, Shape shape) {
    parameters.Set(name, Tensor::Zeros(DType::kF32, shape));
    return b.Parameter(name, DType::kF32, std::move(shape));
  }
};

TEST(ExportersTest, EveryOpStandsInOneRow) {
  size_t rows = 0;
  for (const auto family :
       {AttentionExporters, ConvExporters, CustomExporters,
        ElementwiseExporters, FusedExporters, MatmulExporters, NormExporters,
        OptimizerExporters, PoolExporters, QuantizeExporters, RandomExporters,
        ReduceExporters, ShapeExporters, SoftmaxExporters}) {
    for (const OnnxExporter& row : family()) {
      ++rows;
      EXPECT_EQ(FindOnnxExporter(row.op), &row) << row.op;
      EXPECT_EQ((row.same != nullptr) + (row.write != nullptr) +
                    (row.refused != nullptr),
                1)
          << row.op;
    }
  }
  EXPECT_EQ(rows, StandardOps().Names().size());
  for (const std::string& op : StandardOps().Names()) {
    EXPECT_NE(FindOnnxExporter(op), nullptr) << op;
  }
}

TEST(ExportOnnxTest, NamesInputsParametersAndOutputs) {
  Net net;
  const ValueId x = net.b.Input("features", DType::kF32, {4, 3});
  const ValueId w = net.Parameter("fc.weights", {2, 3});
  net.Parameter("unread", {7});
  net.b.Output("logits",
               net.b.Op("linear", {x, w, net.Parameter("fc.bias", {2})}));
  ASSERT_OK_AND_ASSIGN(const OnnxModel model,
                       ExportOnnx(net.graph, net.parameters));
  EXPECT_EQ(model.opsets, (std::map<std::string, int64_t>{{"", 17}}));
  EXPECT_THAT(Lines(model.graph.nodes),
              ElementsAre("Gemm(features,fc.weights,fc.bias)->logits"));
  ASSERT_EQ(model.graph.inputs.size(), 1u);
  EXPECT_EQ(Text(model.graph.inputs[0]), "features[batch,3]");
  EXPECT_EQ(Text(model.graph.outputs[0]), "logits[batch,2]");
  ASSERT_EQ(model.graph.initializers.size(), 2u);
  EXPECT_EQ(model.graph.initializers[0].name, "fc.weights");
}

TEST(ExportOnnxTest, OutputsOfOneValueAndOfInputsAreCopied) {
  Net net;
  const ValueId x = net.b.Input("x", DType::kF32, {4});
  const ValueId y = net.b.Op("relu", {x}, {}, "a");
  net.b.Output("a", y);
  net.b.Output("b", y);
  net.b.Output("c", x);
  ASSERT_OK_AND_ASSIGN(const OnnxModel model, ExportOnnx(net.graph, {}));
  EXPECT_THAT(Lines(model.graph.nodes),
              ElementsAre("Relu(x)->a", "Identity(a)->b", "Identity(x)->c"));
}

TEST(ExportOnnxTest, OneOfSeveralNodesIsAFunctionOrStandsInTheGraph) {
  Net net;
  const ValueId x = net.b.Input("x", DType::kF32, {4});
  const ValueId y = net.b.Op("silu", {net.b.Op("silu", {x}, {}, "first")});
  net.b.Output("y", y);
  OnnxExportOptions options;
  ASSERT_OK_AND_ASSIGN(const OnnxModel calls,
                       ExportOnnx(net.graph, {}, options));
  EXPECT_THAT(Lines(calls.graph.nodes),
              ElementsAre("silu(x)->first", "silu(first)->y"));
  ASSERT_EQ(calls.functions.size(), 1u);
  EXPECT_EQ(calls.functions[0].domain, kOnnxFunctionDomain);
  EXPECT_THAT(Lines(calls.functions[0].nodes),
              ElementsAre("Sigmoid(x0)->t0", "Mul(x0,t0)->y0"));
  options.functions = false;
  ASSERT_OK_AND_ASSIGN(const OnnxModel flat,
                       ExportOnnx(net.graph, {}, options));
  EXPECT_THAT(flat.functions, IsEmpty());
  EXPECT_THAT(
      Lines(flat.graph.nodes),
      ElementsAre("Sigmoid(x)->first/Sigmoid", "Mul(x,first/Sigmoid)->first",
                  "Sigmoid(first)->y/Sigmoid", "Mul(first,y/Sigmoid)->y"));
}

TEST(ExportOnnxTest, FunctionsOfOtherAttributesHaveOtherNames) {
  Net net;
  const ValueId x = net.b.Input("x", DType::kF32, {4});
  const ValueId y = net.b.Op("gelu", {x}, {{"approximate", "tanh"}});
  net.b.Output("y", net.b.Op("gelu", {y}));
  ASSERT_OK_AND_ASSIGN(const OnnxModel model, ExportOnnx(net.graph, {}));
  ASSERT_EQ(model.functions.size(), 2u);
  EXPECT_EQ(model.functions[0].name, "gelu");
  EXPECT_THAT(model.functions[0].attributes, ElementsAre("approximate"));
  EXPECT_EQ(model.functions[1].name, "gelu_2");
}

TEST(ExportOnnxTest, BatchIsFixedWhereTheGraphSpellsItOut) {
  Net net;
  const ValueId x = net.b.Input("x", DType::kF32, {4, 6});
  net.b.Output("y", net.b.Reshape(x, {4, 2, 3}));
  ASSERT_OK_AND_ASSIGN(OnnxModel model, ExportOnnx(net.graph, {}));
  EXPECT_EQ(Text(model.graph.inputs[0]), "x[4,6]");
  Net free;
  const ValueId z = free.b.Input("x", DType::kF32, {4, 6});
  free.b.Output("y", free.b.Reshape(z, {-1, 3}));
  ASSERT_OK_AND_ASSIGN(model, ExportOnnx(free.graph, {}));
  EXPECT_EQ(Text(model.graph.inputs[0]), "x[batch,6]");
  EXPECT_EQ(Text(model.graph.outputs[0]), "y[?,3]");
  OnnxExportOptions options;
  options.dynamic_batch = false;
  ASSERT_OK_AND_ASSIGN(model, ExportOnnx(free.graph, {}, options));
  EXPECT_EQ(Text(model.graph.outputs[0]), "y[8,3]");
}

TEST(ExportOnnxTest, ZeroPointsTakeTheTypeOfTheIntegers) {
  Net net;
  const ValueId x = net.b.Input("x", DType::kF32, {4, 2});
  const ValueId scale =
      net.b.Constant(Tensor::From<float>({2}, {0.5f, 0.25f}), "x.scale");
  const ValueId zero =
      net.b.Constant(Tensor::From<int32_t>({2}, {3, 7}), "x.zero_point");
  const Attributes axis = {{"axis", int64_t{1}}};
  const ValueId q = net.b.Op("quantize_linear", {x, scale, zero}, axis, "q");
  net.b.Output("y", net.b.Op("dequantize_linear", {q, scale, zero}, axis));
  ASSERT_OK_AND_ASSIGN(const OnnxModel model, ExportOnnx(net.graph, {}));
  EXPECT_THAT(Lines(model.graph.nodes),
              ElementsAre("QuantizeLinear(x,x.scale,constant)->q",
                          "DequantizeLinear(q,x.scale,constant)->y"));
  for (const OnnxNode& node : model.graph.nodes) {
    if (node.outputs[0] != "constant") continue;
    const OnnxTensor& value = std::get<OnnxTensor>(node.attributes.at("value"));
    EXPECT_EQ(value.type, OnnxType::kUint8);
    EXPECT_EQ(value.value.data<uint8_t>()[1], 7);
  }
}

TEST(ExportOnnxTest, FourBitLayersMayBeMatMulNBits) {
  Net net;
  const ValueId x = net.b.Input("x", DType::kF32, {2, 40});
  const ValueId weights =
      net.b.Constant(Tensor::Zeros(DType::kU8, {8, 3, 8}), "w");
  const ValueId scales =
      net.b.Constant(Tensor::Zeros(DType::kF32, {8, 3}), "scales");
  const ValueId real = net.b.Op("dequantize_u4", {weights, scales},
                                {{"inputs", int64_t{40}}}, "real");
  const ValueId bias = net.b.Constant(Tensor::Zeros(DType::kF32, {8}), "bias");
  net.b.Output("y", net.b.Op("linear", {x, real, bias}));
  OnnxExportOptions options;
  ASSERT_OK_AND_ASSIGN(const OnnxModel portable,
                       ExportOnnx(net.graph, {}, options));
  EXPECT_THAT(
      Lines(portable.graph.nodes),
      ElementsAre("dequantize_u4(w,scales)->real", "Gemm(x,real,bias)->y"));
  options.microsoft_ops = true;
  ASSERT_OK_AND_ASSIGN(const OnnxModel fast,
                       ExportOnnx(net.graph, {}, options));
  EXPECT_THAT(Lines(fast.graph.nodes),
              ElementsAre("MatMulNBits(x,w,constant)->y/MatMulNBits",
                          "Add(y/MatMulNBits,bias)->y"));
  EXPECT_EQ(fast.opsets.at("com.microsoft"), 1);
  for (const OnnxNode& node : fast.graph.nodes) {
    if (node.op != "MatMulNBits") continue;
    EXPECT_EQ(node.domain, "com.microsoft");
    EXPECT_EQ(std::get<int64_t>(node.attributes.at("K")), 40);
    EXPECT_EQ(std::get<int64_t>(node.attributes.at("N")), 8);
    EXPECT_EQ(std::get<int64_t>(node.attributes.at("block_size")), 16);
  }
  EXPECT_EQ(Text(fast.graph.inputs[0]), "x[batch,40]");
}

TEST(ExportOnnxTest, ComputesBf16InF32) {
  Net net;
  const ValueId x = net.b.Input("x", DType::kBF16, {4});
  net.b.Output("y", net.b.Op("relu", {x}));
  OnnxExportOptions options;
  options.functions = false;
  ASSERT_OK_AND_ASSIGN(const OnnxModel model,
                       ExportOnnx(net.graph, {}, options));
  EXPECT_THAT(Lines(model.graph.nodes),
              ElementsAre("Cast(x)->y/Cast", "Relu(y/Cast)->y/Relu",
                          "Cast(y/Relu)->y"));
}

TEST(ExportOnnxTest, ListsAllThatItRefuses) {
  Net net;
  const ValueId x = net.b.Input("x", DType::kF32, {4, 3});
  const ValueId labels = net.b.Input("labels", DType::kS32, {4});
  const ValueId loss = net.b.Op("cross_entropy", {x, labels}, {}, "loss");
  const ValueId d = net.b.Op("relu_backward", {x, x}, {}, "d");
  net.b.Output("loss", loss);
  net.b.Output("d", net.b.Op("relu_backward", {d, x}));
  EXPECT_THAT(
      ExportOnnx(net.graph, {}),
      StatusIs(absl::StatusCode::kUnimplemented,
               AllOf(HasSubstr("cross_entropy: a loss"),
                     HasSubstr("(1 node, \"loss\")"),
                     HasSubstr("relu_backward: a gradient (2 nodes, first "
                               "\"d\")"))));
}

TEST(ExportOnnxTest, RefusesUpdatesMissingParametersAndNamesThatMeet) {
  Net updated;
  const ValueId p = updated.Parameter("p", {2});
  updated.b.Update(p, updated.b.Add(p, p));
  EXPECT_THAT(ExportOnnx(updated.graph, updated.parameters),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("updates 1 parameters")));
  Net absent;
  absent.b.Output("y", absent.b.Op("relu", {absent.Parameter("p", {2})}));
  EXPECT_THAT(ExportOnnx(absent.graph, {}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("p")));
  Net same;
  const ValueId x = same.b.Input("x", DType::kF32, {2});
  same.b.Output("x", same.b.Op("relu", {x}));
  EXPECT_THAT(
      ExportOnnx(same.graph, {}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("output \"x\"")));
}

// What is refused is what training needs, nothing else.
TEST(ExportOnnxTest, EveryOpCaseIsSaidOrRefusedByItsRow) {
  for (const OpCase& op_case : AllCases().accepted) {
    for (const DType dtype : {DType::kF32, DType::kF64, DType::kBF16}) {
      if (dtype == DType::kF64 && !op_case.f64) continue;
      if (dtype == DType::kBF16 && !op_case.bf16) continue;
      ASSERT_OK_AND_ASSIGN(const Graph graph, MakeCaseGraph(op_case, dtype));
      const OnnxExporter* exporter = FindOnnxExporter(op_case.op);
      ASSERT_NE(exporter, nullptr) << op_case.op;
      const auto model = ExportOnnx(graph, {});
      if (exporter->refused == nullptr) {
        EXPECT_OK(model) << op_case.op;
      } else {
        EXPECT_THAT(model, StatusIs(absl::StatusCode::kUnimplemented,
                                    HasSubstr(op_case.op)));
      }
    }
  }
}

TEST(ExportOnnxTest, EveryReferenceNetworkTakesAnyBatch) {
  for (const std::string& name : ReferenceGraphNames()) {
    if (IsHeavy(name)) continue;  // as its siblings do
    ASSERT_OK_AND_ASSIGN(const ReferenceGraph net, BuildSmall(name, 1));
    ASSERT_OK_AND_ASSIGN(const ParameterStore parameters,
                         Initialise(net.graph, net.initialisers, 1));
    ASSERT_OK_AND_ASSIGN(const OnnxModel model,
                         ExportOnnx(net.graph, parameters));
    EXPECT_EQ((*model.graph.inputs[0].dimensions)[0].symbol, "batch") << name;
    EXPECT_EQ((*model.graph.outputs[0].dimensions)[0].symbol, "batch") << name;
  }
}

}  // namespace
}  // namespace assay
