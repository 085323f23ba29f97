#include "harness/dynamic/dynamic_text.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/core/tensor.h"
#include "harness/dynamic/dynamic_builder.h"
#include "harness/graph/builder.h"
#include "harness/ops/ops.h"
#include "harness/testing/mutate.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

const TensorType kPair = {DType::kF32, {1, 2}};

// y = op(x)
Graph Piece(const std::string& op) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  b.Output("y", b.Op(op, {b.Input("x", DType::kF32, {1, 2})}));
  graph.set_name(op);
  return graph;
}

// y = x * w + c, where c is constant.
Graph Affine() {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", DType::kF32, {1, 2});
  const ValueId w = b.Parameter("w", DType::kF32, {2});
  const ValueId c =
      b.Constant(Tensor::From<float>({1, 2}, {0.1f, 1e-30f}), "c");
  b.Output("y", b.Add(b.Mul(x, w), c));
  graph.set_name("affine");
  return graph;
}

DynamicGraph Everything() {
  DynamicBuilder b(StandardOps(), "two words");
  b.Outputs({"y", "the other"});
  const VariableId x = b.Input("x", kPair), t = b.Variable("t");
  const VariableId z = b.Variable("a \"name\"");
  b.Constant(t, Tensor::From<int32_t>({1}, {4}));
  b.Constant(z, Tensor::From<float>({1, 2}, {0.1f, -3}));
  b.If(
      {PredicateKind::kEntropy, x, 0.1},
      [&] {
        b.Return({x, z});
      },
      [&] {
        b.RunInto(std::make_shared<const Graph>(Piece("relu")), {x}, {x});
      });
  b.For(3, [&](VariableId) { b.Copy(x, b.Run(Piece("relu"), {x})[0]); });
  b.If({PredicateKind::kGate, x, -1e-9},
       [&] { b.RunInto(std::make_shared<const Graph>(Affine()), {x}, {x}); });
  b.While({PredicateKind::kTokenEquals, t, 0, 2, true}, 8, [] {});
  b.Return({x, z});
  return *b.Finish();
}

TEST(DynamicTextTest, PrintsWhatStandsThere) {
  EXPECT_EQ(StatementsText(Everything()),
            R"(dynamic 1 "two words" {
  input %x f32[1,2]
  outputs "y", "the other"
  %t s32[1] = constant ...
  %"a \"name\"" f32[1,2] = constant ...
  if entropy(%x) <= 0.1 {  # site 0
    return %x, %"a \"name\""
  } else {
    %x = run @relu(%x)
  }
  for %index < 3 {
    %y = run @relu_2(%x)
    %x = copy %y
  }
  if gate(%x) > -1e-09 {  # site 1
    %x = run @affine(%x)
  }
  while not token_equals(%t) == 2, at most 8 {  # site 2
  }
  return %x, %"a \"name\""
}
)");
  EXPECT_THAT(ToText(Everything()), HasSubstr("graph 1 \"relu_2\" {"));
}

TEST(DynamicTextTest, ReadsBackWhatItPrinted) {
  const DynamicGraph graph = Everything();
  for (const int64_t limit : {0, 1, 16}) {
    ParameterStore stored;
    const std::string text = ToText(graph, &stored, limit);
    EXPECT_EQ(stored.values().size(), limit == 0 ? 3u : limit == 1 ? 2u : 0u);
    ASSERT_OK_AND_ASSIGN(const DynamicGraph back,
                         ParseDynamicGraph(text, StandardOps(), &stored));
    ParameterStore again;
    EXPECT_EQ(ToText(back, &again, limit), text);
    EXPECT_EQ(again.values().size(), stored.values().size());
    EXPECT_EQ(ToText(back), ToText(graph));
    EXPECT_EQ(SiteCount(back), 3);
  }
}

// "a" and its "b:c" are not "a:b" and its "c".
TEST(DynamicTextTest, StoredConstantsOfPiecesAreToldApart) {
  DynamicBuilder b(StandardOps(), "colons");
  b.Outputs({"y"});
  VariableId x = b.Input("x", kPair);
  float value = 1;
  for (const auto& [piece, constant] :
       {std::pair("a", "b:c"), std::pair("a:b", "c")}) {
    Graph graph(StandardOps());
    GraphBuilder in(&graph);
    graph.set_name(piece);
    in.Output(
        "y", in.Add(in.Input("x", kPair.dtype, kPair.shape),
                    in.Constant(Tensor::From<float>({1, 2}, {value, value + 1}),
                                constant)));
    ASSERT_OK(in.status());
    x = b.Run(graph, {x})[0];
    value += 2;
  }
  b.Return({x});
  ASSERT_OK_AND_ASSIGN(const DynamicGraph graph, b.Finish());
  ParameterStore stored;
  const std::string text = ToText(graph, &stored, 0);
  EXPECT_EQ(stored.values().size(), 2u);
  ASSERT_OK_AND_ASSIGN(const DynamicGraph back,
                       ParseDynamicGraph(text, StandardOps(), &stored));
  for (size_t i = 0; i < 2; ++i) {
    const Graph& want = *graph.body[i].piece;
    const Graph& got = *back.body[i].piece;
    const ValueId constant = want.FindValue(i == 0 ? "b:c" : "c");
    EXPECT_TRUE(
        BitEqual(got.value(constant).constant, want.value(constant).constant));
  }
}

TEST(DynamicTextTest, ErrorsSayWhereExpectedAndGot) {
  const auto in = [](absl::string_view body) {
    return std::string(
        ParseDynamicGraph(absl::StrCat("dynamic 1 \"\" {\n input %x f32[1,2]\n"
                                       "outputs \"y\"\n",
                                       body),
                          StandardOps())
            .status()
            .message());
  };
  EXPECT_EQ(in("return %x }"), "");
  EXPECT_EQ(in("return %z }"),
            "line 4, column 8: expected a variable that is assigned above, "
            "got '%z }'");
  EXPECT_EQ(in("%y = run @relu(%x)\nreturn %y }"),
            "line 4, column 10: expected the name of a piece that follows, "
            "got '@relu(%x)'");
  EXPECT_EQ(in("if sure(%x) { }"),
            "line 4, column 4: expected the name of a predicate, got "
            "'sure(%x) { }'");
  EXPECT_EQ(in("if margin(%x) <= 1 { }"),
            "line 4, column 15: expected '>', got '<= 1 { }'");
  EXPECT_EQ(in("whlie"),
            "line 4, column 1: expected '%', '_', 'return', 'if', 'for', "
            "'while' or '}', got 'whlie'");
  EXPECT_EQ(in("%y f32[99] = stored \":0\""),
            "line 4, column 14: no stored constant ':0'");
  EXPECT_THAT(in("return %x }\ngraph 1 \"p\" { input %x f33[] }"),
              HasSubstr("line 5, column 24: expected an element type"));
  EXPECT_THAT(in("return %x }\ngraph 1 \"p\" { }graph 1 \"p\" { }"),
              HasSubstr("line 5, column 16: expected a piece of another name"));
  EXPECT_THAT(in("if margin(%x) >= 1 { return %x } }"),
              HasSubstr("ends without a return"));
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "for _ < 2 {";
  EXPECT_THAT(in(deep), HasSubstr("blocks of depth 200 at most"));
}

// Every text that is read prints to a text that reads to the same; no text
// crashes, hangs or takes memory beyond its length.
TEST(DynamicTextFuzzTest, DamagedTextsAreReadOrRefused) {
  ParameterStore stored;
  const std::string text = ToText(Everything(), &stored, 1);
  RandomStream random(7, "fuzz");
  const auto check = [&](const std::string& damaged) {
    const auto graph = ParseDynamicGraph(damaged, StandardOps(), &stored);
    if (!graph.ok()) {
      const std::string message(graph.status().message());
      EXPECT_TRUE(absl::StartsWith(message, "line ") ||
                  absl::StartsWith(message, "dynamic graph "))
          << message;
      return false;
    }
    const std::string printed = ToText(*graph);
    const auto back = ParseDynamicGraph(printed, StandardOps());
    EXPECT_OK(back.status()) << printed;
    if (back.ok()) {
      EXPECT_EQ(ToText(*back), printed);
    }
    return true;
  };
  ASSERT_TRUE(check(text));
  for (size_t length = 0; length < text.size(); ++length) {
    check(text.substr(0, length));
  }
  int read = 0;
  for (int round = 0; round < 10000; ++round) {
    read += check(MutateBytes(text, &random)) ? 1 : 0;
  }
  EXPECT_GT(read, 10);
}

}  // namespace
}  // namespace assay
