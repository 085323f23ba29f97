#include "harness/graph/text.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/graph/builder.h"
#include "harness/graph/op_schema.h"
#include "harness/graph/testing/toy_ops.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

constexpr DType kF32 = DType::kF32;

Graph Example() {
  Graph graph(ToyOps());
  graph.set_name("two \"words\"");
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", kF32, {2, 4});
  const ValueId w = b.Parameter("odd name\n", kF32, {4, 4});
  const ValueId c = b.Constant(Tensor::From<float>({2}, {0.1f, -1e-20f}));
  const ValueId t = b.Constant(Tensor::Zeros(DType::kS8, {40}), "table");
  const std::vector<ValueId> halves =
      b.Ops("split", {b.Op("matmul", {x, w, kNoValue}, {{"transpose_b", 1}})});
  const ValueId y = b.Mul(halves[1], c);
  b.Op("typed", {t},
       {{"count", -3},
        {"factor", 0.1},
        {"mode", "a\"b"},
        {"extents", std::vector<int64_t>{}},
        {"scales", std::vector<double>{1, 1e-7}}},
       "typed");
  b.Output("result", y);
  b.Output("left half", halves[0]);
  b.Update(w, w);
  EXPECT_TRUE(b.ok()) << b.status();
  return graph;
}

std::string ErrorOf(absl::string_view text) {
  const auto graph = ParseGraph(text, ToyOps());
  EXPECT_FALSE(graph.ok()) << text;
  return std::string(graph.status().message());
}

TEST(TextTest, PrintsReadably) {
  EXPECT_EQ(
      ToText(Example()), R"(graph 1 "two \"words\"" {
  input %x f32[2,4]
  parameter %"odd name\n" f32[4,4]
  constant %constant f32[2] = [0.1,-1e-20]
  constant %table s8[40] = [)" +
                             []() {
                               std::string zeros = "0";
                               for (int i = 1; i < 40; ++i) zeros += ",0";
                               return zeros;
                             }() +
                             R"(]
  %matmul f32[2,4] = matmul(%x, %"odd name\n", _) {transpose_b=1}
  %split f32[2,2], %split.1 f32[2,2] = split(%matmul)
  %mul f32[2,2] = mul(%split.1, %constant)
  %typed s8[40] = typed(%table) {count=-3, extents=[], factor=0.1, mode="a\"b", scales=[1.0,1e-07]}
  output "result" = %mul
  output "left half" = %split
  update %"odd name\n" = %"odd name\n"
}
)");
}

TEST(TextTest, ReadsBackToAnIdenticalGraph) {
  const Graph graph = Example();
  ParameterStore stored;
  const std::string text = ToText(graph, &stored);
  EXPECT_THAT(text, HasSubstr("constant %table s8[40] stored\n"));
  const auto back = ParseGraph(text, ToyOps(), &stored);
  ASSERT_TRUE(back.ok()) << back.status();
  ASSERT_EQ(back->value_count(), graph.value_count());
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    const Value &a = graph.value(id), &b = back->value(id);
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.kind, b.kind);
    EXPECT_EQ(a.producer, b.producer);
    EXPECT_EQ(a.type, b.type) << ToString(a.type);
    EXPECT_TRUE(a.kind != ValueKind::kConstant ||
                BitEqual(a.constant, b.constant));
  }
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    EXPECT_EQ(graph.node(id).inputs, back->node(id).inputs);
    EXPECT_EQ(graph.node(id).outputs, back->node(id).outputs);
    EXPECT_EQ(graph.node(id).attributes, back->node(id).attributes);
  }
  EXPECT_EQ(ToText(*back), ToText(graph));
}

TEST(TextTest, NumbersOfEveryTypeReadBackToTheBit) {
  Graph graph(ToyOps());
  RandomStream stream(1, "bits");
  Tensor f32(kF32, {64}), f64(DType::kF64, {64}), bf16(DType::kBF16, {64});
  for (int64_t i = 0; i < 64; ++i) {
    const uint64_t bits = stream.NextU64();
    std::memcpy(f32.data<float>() + i, &bits, 4);
    std::memcpy(f64.data<double>() + i, &bits, 8);
    bf16.data<BFloat16>()[i].bits = static_cast<uint16_t>(bits);
    if (std::isnan(f32.data<float>()[i])) f32.data<float>()[i] = -0.0f;
    if (std::isnan(f64.data<double>()[i])) f64.data<double>()[i] = -0.0;
    if (std::isnan(static_cast<float>(bf16.data<BFloat16>()[i]))) {
      bf16.data<BFloat16>()[i] = BFloat16(1e-40f);
    }
  }
  f32.data<float>()[0] = -std::numeric_limits<float>::infinity();
  f32.data<float>()[1] = std::numeric_limits<float>::denorm_min();
  const int64_t lowest = std::numeric_limits<int64_t>::min();
  for (const Tensor& tensor :
       {f32, f64, bf16, Tensor::From<int8_t>({2}, {-128, 127}),
        Tensor::From<uint8_t>({1}, {255}), Tensor::From<int64_t>({}, {lowest}),
        Tensor::From<int32_t>({0}, {}),
        Tensor::From<bool>({2}, {true, false})}) {
    graph.AddConstant(tensor);
  }
  const auto back = ParseGraph(ToText(graph), ToyOps());
  ASSERT_TRUE(back.ok()) << back.status();
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    EXPECT_TRUE(BitEqual(graph.value(id).constant, back->value(id).constant))
        << ToString(graph.type(id));
  }
}

TEST(TextTest, SpaceIsFreeAndCommentsEndWithTheirLine) {
  const auto graph = ParseGraph(
      "graph 1\"\"{input%x\nf32[ 2 , 3 ]# note }\n output\"y\"=%x}", ToyOps());
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(ToString(graph->type(graph->FindOutput("y"))), "f32[2,3]");
}

TEST(TextTest, ErrorsSayWhereExpectedAndGot) {
  EXPECT_EQ(ErrorOf(""), "line 1, column 1: expected 'graph', got the end");
  EXPECT_EQ(ErrorOf("graph 2 \"\" {}"),
            "line 1, column 7: expected version 1, got '2 \\\"\\\" {}'");
  EXPECT_EQ(ErrorOf("graph 1 \"\" {\n  inptu %x f32[]\n}"),
            "line 2, column 3: expected '%', 'input', 'parameter', "
            "'constant', 'output', 'update' or '}', got 'inptu %x f32[]'");
  EXPECT_EQ(ErrorOf("graph 1 \"\" {\n  input %x f33[]\n}"),
            "line 2, column 12: expected an element type, got 'f33[]'");
  EXPECT_EQ(ErrorOf("graph 1 \"\" {\n  input %x f32[]\n  %y f32[] = tanh(%z)"),
            "line 3, column 19: expected a value that is defined above, got "
            "'%z)'");
  EXPECT_EQ(ErrorOf("graph 1 \"\" {\ninput %x f32[]\n %y f32[] = blah(%x)"),
            "line 3, column 13: expected the name of an op, got 'blah(%x)'");
  EXPECT_EQ(ErrorOf("graph 1 \"\" {\ninput %x f32[]\n %y f32[2] = tanh(%x)"),
            "line 3, column 2: result 0 of 'tanh': expected 'y' of f32[], got "
            "'y' of f32[2]");
  EXPECT_EQ(ErrorOf("graph 1 \"\" {\ninput %x f32[]\n input %x f32[]}"),
            "line 3, column 8: expected a name that is not taken, got '%x "
            "f32[]}'");
  EXPECT_THAT(
      ErrorOf("graph 1 \"\" {\ninput %x f32[]\n %y f32[] = tanh(%x, %x)"),
      HasSubstr("line 3, column 2: node 'y' (tanh): expected 1 to 1"));
}

TEST(TextTest, DamagedNumbersAndSizesAreRefused) {
  const auto in = [](absl::string_view body) {
    return ErrorOf(absl::StrCat("graph 1 \"\" { ", body, " }"));
  };
  EXPECT_THAT(in("constant %c u8[1] = [256]"), HasSubstr("1 numbers for u8"));
  EXPECT_THAT(in("constant %c f32[3] = [1,2]"), HasSubstr("3 numbers for"));
  EXPECT_THAT(in("constant %c f32[] = 1x"), HasSubstr("expected a number"));
  EXPECT_THAT(in("constant %c s32[] = 99999999999"), HasSubstr("a number"));
  EXPECT_THAT(in("constant %c f32[2000000000000] = [0]"), HasSubstr("2^40"));
  EXPECT_THAT(in("constant %c f32[1048576,1048576] = [0]"),
              HasSubstr("numbers for"));
  EXPECT_THAT(in("input %x f32[9223372036854775807,9223372036854775807]"),
              HasSubstr("at most 2^40 elements"));
  EXPECT_THAT(in("input %x f32[0,9223372036854775807]"), HasSubstr("2^40"));
  EXPECT_THAT(in("input %x f32[-1]"), HasSubstr("at most 2^40 elements"));
  EXPECT_THAT(in("constant %c f32[2] stored"),
              HasSubstr("no stored constant 'c'"));
  EXPECT_THAT(in("input %x f32[2] %y f32[2] = typed(%x) {count=1.5}"),
              HasSubstr("expected an integer, got '1.5}"));
  EXPECT_THAT(in("input %x f32[2] %y f32[2] = typed(%x) {count=1, count=1}"),
              HasSubstr("expected a new attribute of 'typed'"));
  EXPECT_THAT(in("input %\"x"), HasSubstr("a string with C escapes"));
}

TEST(TextTest, AStoredConstantOfAnotherTypeIsNamed) {
  ParameterStore stored;
  stored.Set("c", Tensor::Zeros(kF32, {3}));
  const auto graph = ParseGraph("graph 1 \"\" { constant %c f32[2] stored }",
                                ToyOps(), &stored);
  EXPECT_EQ(graph.status().message(),
            "line 1, column 23: stored constant 'c': expected f32[2], got "
            "f32[3]");
}

// Every text that parses prints to a text that parses to the same; no text
// crashes, hangs or takes memory beyond its length.
TEST(TextFuzzTest, TruncationsAndMutationsAreHandled) {
  ParameterStore stored;
  const std::string text = ToText(Example(), &stored);
  RandomStream stream(7, "fuzz");
  const auto check = [&](const std::string& damaged) {
    const auto graph = ParseGraph(damaged, ToyOps(), &stored);
    if (!graph.ok()) {
      EXPECT_THAT(std::string(graph.status().message()),
                  testing::StartsWith("line "));
      return;
    }
    ParameterStore again;
    const std::string printed = ToText(*graph, &again);
    const auto back = ParseGraph(printed, ToyOps(), &again);
    ASSERT_TRUE(back.ok()) << back.status() << "\n" << printed;
    EXPECT_EQ(ToText(*back, &again), printed);
  };
  for (size_t length = 0; length < text.size(); ++length) {
    check(text.substr(0, length));
  }
  constexpr char kBytes[] = "%\"\\,={}[]()_#-.019aefx \n\x00\xff";
  for (int round = 0; round < 20000; ++round) {
    std::string damaged = text;
    for (uint64_t edits = 1 + stream.Below(4); edits > 0; --edits) {
      const size_t at = stream.Below(damaged.size());
      const char byte = kBytes[stream.Below(sizeof(kBytes) - 1)];
      switch (stream.Below(3)) {
        case 0:
          damaged[at] = byte;
          break;
        case 1:
          damaged.insert(at, 1, byte);
          break;
        default:
          damaged.erase(at, 1 + stream.Below(8));
      }
    }
    check(damaged);
  }
}

}  // namespace
}  // namespace assay
