#include "harness/host/artifact.h"

#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"
#include "harness/core/tensor.h"
#include "harness/dynamic/dynamic_builder.h"
#include "harness/dynamic/dynamic_text.h"
#include "harness/graph/builder.h"
#include "harness/graph/structural_hash.h"
#include "harness/graph/testing/toy_ops.h"
#include "harness/report/report.pb.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Tensor F32(Shape shape, std::vector<float> values) {
  return Tensor::From<float>(std::move(shape), values);
}

// logits = tanh(x w) + table, where `table` has 20 elements: too many to stand
// in the text.
Artifact Small() {
  Graph graph(ToyOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", DType::kF32, {1, 2});
  const ValueId w = b.Parameter("fc.weights", DType::kF32, {2, 20});
  const ValueId table =
      graph.AddConstant(F32({1, 20}, std::vector<float>(20, 0.25f)), "table");
  b.Output("logits",
           b.Op("add", {b.Op("tanh", {b.Op("matmul", {x, w})}), table}));
  EXPECT_TRUE(b.status().ok()) << b.status();
  ParameterStore parameters;
  parameters.Set("fc.weights", F32({2, 20}, std::vector<float>(40, -0.5f)));
  return {"sparsity>=0.9", 1, {"bf16"}, std::move(graph), parameters};
}

class ArtifactTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    root_ = JoinPath(::testing::TempDir(), test->name());
    std::filesystem::remove_all(root_);
    ASSERT_TRUE(MakeFolders(root_).ok());
    folder_ = JoinPath(root_, "a");
  }

  absl::Status ReadError(ArtifactLimits limits = {}) {
    return ReadArtifact(folder_, ToyOps(), limits, nullptr).status();
  }
  std::string Path(const char* name) { return JoinPath(folder_, name); }
  void Put(const char* name, const std::string& bytes) {
    std::ofstream(Path(name), std::ios::binary) << bytes;
  }

  std::string root_, folder_;
};

TEST_F(ArtifactTest, ReadsBackWhatWasWritten) {
  const Artifact written = Small();
  ASSERT_TRUE(WriteArtifact(folder_, written).ok());
  ArtifactRecord record;
  auto read = ReadArtifact(folder_, ToyOps(), {}, &record);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->name, "sparsity>=0.9");
  EXPECT_EQ(read->budget, 1);
  EXPECT_EQ(read->precisions, std::vector<std::string>{"bf16"});
  EXPECT_EQ(StructuralHash(read->graph), StructuralHash(written.graph));
  EXPECT_EQ(read->parameters.Names(), written.parameters.Names());
  EXPECT_TRUE(BitEqual(*read->parameters.Find("fc.weights"),
                       *written.parameters.Find("fc.weights")));
  EXPECT_EQ(record.files_size(), 2);
  EXPECT_EQ(record.sha256().size(), 64u);
  EXPECT_EQ(record.graph_sha256(), StructuralHash(written.graph));
  EXPECT_EQ(record.nodes(), 3u);
}

TEST_F(ArtifactTest, TheSameArtifactHasTheSameHash) {
  ArtifactRecord first, second;
  ASSERT_TRUE(WriteArtifact(folder_, Small()).ok());
  ASSERT_TRUE(ReadArtifact(folder_, ToyOps(), {}, &first).ok());
  ASSERT_TRUE(WriteArtifact(folder_, Small()).ok());
  ASSERT_TRUE(ReadArtifact(folder_, ToyOps(), {}, &second).ok());
  EXPECT_EQ(first.sha256(), second.sha256());
}

TEST_F(ArtifactTest, ReplacesAnEarlierOneAndLeavesNothingElse) {
  ASSERT_TRUE(WriteArtifact(folder_, Small()).ok());
  Artifact second = Small();
  second.name = "again";
  ASSERT_TRUE(WriteArtifact(folder_, second).ok());
  EXPECT_EQ(ReadArtifact(folder_, ToyOps(), {}, nullptr)->name, "again");
  EXPECT_EQ(ListFolder(root_)->size(), 1u);
}

TEST_F(ArtifactTest, RefusesToWriteANetworkWithoutItsParameters) {
  Artifact artifact = Small();
  artifact.parameters = {};
  EXPECT_THAT(std::string(WriteArtifact(folder_, artifact).message()),
              HasSubstr("parameter fc.weights f32[2,20], which is missing"));
  EXPECT_FALSE(FileExists(folder_));
}

TEST_F(ArtifactTest, RefusesParametersOfAnotherType) {
  Artifact artifact = Small();
  artifact.parameters.Set("fc.weights", F32({20, 2}, std::vector<float>(40)));
  EXPECT_THAT(std::string(CheckArtifact(artifact).message()),
              AllOf(HasSubstr("f32[2,20]"), HasSubstr("got f32[20,2]")));
}

TEST_F(ArtifactTest, RefusesParametersThatNothingReads) {
  Artifact artifact = Small();
  artifact.parameters.Set("fc.momentum", F32({1}, {0}));
  EXPECT_THAT(std::string(CheckArtifact(artifact).message()),
              HasSubstr("fc.momentum f32[1] is not read"));
}

TEST_F(ArtifactTest, RefusesValuesThatAreNotFinite) {
  for (float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    Artifact artifact = Small();
    std::vector<float> values(40, 1);
    values[17] = bad;
    artifact.parameters.Set("fc.weights", F32({2, 20}, values));
    EXPECT_THAT(std::string(CheckArtifact(artifact).message()),
                HasSubstr("element 17 is not finite"));
    artifact.parameters.Set(
        "fc.weights",
        artifact.parameters.Find("fc.weights")->Cast(DType::kBF16));
    EXPECT_FALSE(CheckArtifact(artifact).ok());
  }
}

TEST_F(ArtifactTest, RefusesTrainingGraphs) {
  Artifact artifact = Small();
  const ValueId w = artifact.graph.FindValue("fc.weights");
  ASSERT_TRUE(artifact.graph.AddUpdate(w, w).ok());
  EXPECT_THAT(std::string(CheckArtifact(artifact).message()),
              HasSubstr("updates parameter fc.weights"));
}

TEST_F(ArtifactTest, ComparesInterfaces) {
  const Artifact reference = Small();
  EXPECT_TRUE(CheckSameInterface(Small().graph, reference.graph).ok());
  Graph other(ToyOps());
  GraphBuilder b(&other);
  const ValueId x = b.Input("x", DType::kF32, {8, 20});
  b.Output("logits", b.Op("tanh", {x}));
  EXPECT_THAT(
      std::string(CheckSameInterface(other, reference.graph).message()),
      AllOf(HasSubstr("expected x f32[1,2]"), HasSubstr("got x f32[8,20]")));
}

TEST_F(ArtifactTest, SaysWhatIsAbsent) {
  EXPECT_EQ(ReadError().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(WriteArtifact(folder_, Small()).ok());
  std::filesystem::remove(Path("graph.txt"));
  EXPECT_THAT(std::string(ReadError().message()),
              AllOf(HasSubstr(folder_), HasSubstr("expected the files")));
}

TEST_F(ArtifactTest, FindsChangedAndTruncatedFiles) {
  for (const char* name : {"graph.txt", "parameters.safetensors"}) {
    ASSERT_TRUE(WriteArtifact(folder_, Small()).ok());
    std::string bytes = *ReadFile(Path(name));
    Put(name, bytes.substr(0, bytes.size() - 1));
    EXPECT_EQ(ReadError().code(), absl::StatusCode::kDataLoss);
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    Put(name, bytes);
    EXPECT_EQ(ReadError().code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(ReadError().message()), HasSubstr(name));
  }
}

// x w + table where the mean of x is positive, else x w; `table` is stored.
DynamicGraph Branching() {
  const Artifact small = Small();
  const auto piece = std::make_shared<const Graph>(small.graph);
  Graph plain(ToyOps());
  GraphBuilder b(&plain);
  b.Output("logits",
           b.Op("matmul", {b.Input("x", DType::kF32, {1, 2}),
                           b.Parameter("fc.weights", DType::kF32, {2, 20})}));
  EXPECT_TRUE(b.status().ok()) << b.status();
  DynamicBuilder d(ToyOps(), "branching");
  d.Outputs({"logits"});
  const VariableId x = d.Input("x", {DType::kF32, {1, 2}});
  const VariableId y = d.Run(std::move(plain), {x})[0];
  d.If({PredicateKind::kMargin, x, 0.5}, [&] { d.RunInto(piece, {x}, {y}); });
  d.Return({y});
  return *d.Finish();
}

TEST_F(ArtifactTest, ReadsBackANetworkWithControlFlow) {
  const Artifact small = Small();
  const DynamicGraph graph = Branching();
  const auto artifact =
      MakeDynamicArtifact("dynamic", 2, graph, small.parameters);
  ASSERT_TRUE(artifact.ok()) << artifact.status();
  EXPECT_TRUE(CheckSameInterface(graph, small.graph).ok());
  ASSERT_TRUE(WriteArtifact(folder_, *artifact).ok());
  ArtifactRecord record;
  const auto back = ReadArtifact(folder_, ToyOps(), {}, &record);
  ASSERT_TRUE(back.ok()) << back.status();
  ASSERT_NE(back->dynamic, nullptr);
  EXPECT_EQ(ToText(*back->dynamic), ToText(graph));
  EXPECT_EQ(back->parameters.values().size(), 1u);
  EXPECT_EQ(record.nodes(), 4u);

  const std::string text = *ReadFile(JoinPath(folder_, "graph.txt"));
  ASSERT_TRUE(
      WriteFileAtomically(JoinPath(folder_, "graph.txt"),
                          absl::StrReplaceAll(text, {{">= 0.5", ">= 0.4"}}))
          .ok());
  EXPECT_TRUE(absl::IsDataLoss(ReadError()));
}

TEST_F(ArtifactTest, RefusesControlFlowWithoutItsParametersOrOutputs) {
  const Artifact small = Small();
  EXPECT_THAT(std::string(MakeDynamicArtifact("dynamic", 2, Branching(), {})
                              .status()
                              .message()),
              HasSubstr("fc.weights"));
  DynamicGraph graph = Branching();
  graph.outputs = {"answer"};
  EXPECT_THAT(std::string(CheckSameInterface(graph, small.graph).message()),
              HasSubstr("expected logits as in the reference network, got "
                        "answer"));
}

TEST_F(ArtifactTest, RefusesRubbishForACard) {
  ASSERT_TRUE(WriteArtifact(folder_, Small()).ok());
  for (const char* text : {"", "rubbish", "format: 99", "\xff\xfe"}) {
    Put("artifact.textproto", text);
    EXPECT_EQ(ReadError().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  Put("artifact.textproto", std::string(1 << 20, 'x'));
  EXPECT_EQ(ReadError().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(ArtifactTest, RefusesLinks) {
  ASSERT_TRUE(WriteArtifact(folder_, Small()).ok());
  std::filesystem::rename(Path("graph.txt"), JoinPath(root_, "elsewhere"));
  std::filesystem::create_symlink(JoinPath(root_, "elsewhere"),
                                  Path("graph.txt"));
  EXPECT_THAT(std::string(ReadError().message()),
              HasSubstr("graph.txt: expected a regular file"));
}

TEST_F(ArtifactTest, RefusesMoreThanItsLimitsBeforeReading) {
  ASSERT_TRUE(WriteArtifact(folder_, Small()).ok());
  // A sparse file of 1 TiB: reading it would take more memory than there is.
  std::filesystem::resize_file(Path("parameters.safetensors"), 1ull << 40);
  EXPECT_EQ(ReadError().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(ReadError().message()),
              HasSubstr("got 1099511627776"));
}

// The card may be as consistent as it likes: the graph is checked anew.
TEST_F(ArtifactTest, RefusesExtraTensorsUnderAMatchingCard) {
  Artifact artifact = Small();
  ASSERT_TRUE(WriteArtifact(folder_, artifact).ok());
  const std::string card = *ReadFile(Path("artifact.textproto"));
  Graph less(ToyOps());
  GraphBuilder b(&less);
  b.Output("logits", b.Op("tanh", {b.Input("x", DType::kF32, {1, 2})}));
  const std::string other = JoinPath(root_, "b");
  ASSERT_TRUE(WriteArtifact(other, {"b", 0, {}, std::move(less), {}}).ok());
  std::filesystem::copy_file(JoinPath(other, "graph.txt"), Path("graph.txt"),
                             std::filesystem::copy_options::overwrite_existing);
  const std::string theirs = *ReadFile(JoinPath(other, "artifact.textproto"));
  const auto block = [](const std::string& text) {
    const size_t begin = text.find("graph {");
    return text.substr(begin, text.find('}', begin) - begin);
  };
  Put("artifact.textproto",
      absl::StrReplaceAll(card, {{block(card), block(theirs)}}));
  EXPECT_EQ(ReadError().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(ReadError().message()),
              HasSubstr("which the graph does not read"));
}

}  // namespace
}  // namespace assay
