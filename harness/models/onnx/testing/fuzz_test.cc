// Damaged model files: every one is imported or refused, none ends the program.
//
// ASSAY_FUZZ_SECONDS=600 has each test go on for so long, with other seeds each
// round. Then the file that is being read lies in $TEST_TMPDIR (or /tmp) as
// fuzz_case.onnx, and the last line on standard error names what is being
// imported.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"
#include "harness/core/random.h"
#include "harness/graph/verify.h"
#include "harness/measure/clock.h"
#include "harness/models/dynamic/registry.h"
#include "harness/models/onnx/export/export_dynamic.h"
#include "harness/models/onnx/import/import.h"
#include "harness/models/onnx/import/import_dynamic.h"
#include "harness/models/onnx/proto/read_model.h"
#include "harness/models/onnx/proto/write_model.h"
#include "harness/models/onnx/testing/node_tests.h"
#include "harness/ops/ops.h"
#include "harness/testing/mutate.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

// A tensor of few elements with odd values; larger ones stay.
void Disturb(Tensor* tensor, RandomStream* random) {
  if (tensor->size() == 0 || tensor->size() > 64) return;
  Tensor changed = tensor->Clone();
  const uint64_t at = random->Below(static_cast<uint64_t>(changed.size()));
  const int64_t odd = OddInteger(random);
  switch (changed.dtype()) {
    case DType::kS64:
      changed.data<int64_t>()[at] = odd;
      break;
    case DType::kS32:
      changed.data<int32_t>()[at] = static_cast<int32_t>(odd);
      break;
    case DType::kF32:
      changed.data<float>()[at] = static_cast<float>(odd);
      break;
    default:
      return;
  }
  *tensor = changed;
}

void DisturbAttribute(OnnxAttribute* attribute, RandomStream* random) {
  if (auto* value = std::get_if<int64_t>(attribute)) {
    *value = OddInteger(random);
  } else if (auto* values = std::get_if<std::vector<int64_t>>(attribute)) {
    const uint64_t what = random->Below(4);
    if (what == 0) values->push_back(OddInteger(random));
    if (what == 1 && !values->empty()) values->pop_back();
    if (what >= 2 && !values->empty()) {
      (*values)[random->Below(values->size())] = OddInteger(random);
    }
  } else if (auto* real = std::get_if<float>(attribute)) {
    *real = static_cast<float>(OddInteger(random));
  } else if (auto* tensor = std::get_if<OnnxTensor>(attribute)) {
    Disturb(&tensor->value, random);
  }
}

// A tensor of the same elements with another shape, or with an odd element.
void DisturbValue(const std::string& name, Tensor* value, OnnxGraph* graph,
                  RandomStream* random) {
  if (value->rank() == 0 || random->Below(2) != 0) {
    Disturb(value, random);
    return;
  }
  Shape shape = {value->size()};
  if (random->Below(2) == 0) shape.push_back(1);
  *value = value->Reshaped(shape);
  for (OnnxValueInfo& input : graph->inputs) {
    if (input.name == name) input.dimensions.reset();
  }
}

// One to three changes of what the file says, so that converters see them;
// those of a node with graphs are often within one.
void MutateGraph(OnnxGraph* graph, std::map<std::string, Tensor>* values,
                 RandomStream* random) {
  const uint64_t changes = 1 + random->Below(3);
  for (uint64_t i = 0; i < changes && !graph->nodes.empty(); ++i) {
    OnnxNode& node = graph->nodes[random->Below(graph->nodes.size())];
    const uint64_t what = random->Below(6);
    if (what <= 1 && !node.attributes.empty()) {
      auto it = node.attributes.begin();
      std::advance(it, random->Below(node.attributes.size()));
      auto* inner = std::get_if<std::shared_ptr<const OnnxGraph>>(&it->second);
      if (inner == nullptr) {
        DisturbAttribute(&it->second, random);
        continue;
      }
      auto changed = std::make_shared<OnnxGraph>(**inner);
      MutateGraph(changed.get(), values, random);
      *inner = std::move(changed);
    } else if (what == 2 && !node.inputs.empty()) {
      const size_t at = random->Below(node.inputs.size());
      node.inputs[at] = node.inputs[random->Below(node.inputs.size())];
    } else if (what == 3 && !node.inputs.empty()) {
      node.inputs[random->Below(node.inputs.size())] = "";
    } else if (what == 4 && !values->empty()) {
      auto it = values->begin();
      std::advance(it, random->Below(values->size()));
      DisturbValue(it->first, &it->second, graph, random);
    } else if (!graph->initializers.empty()) {
      Disturb(
          &graph->initializers[random->Below(graph->initializers.size())].value,
          random);
    } else if (!graph->outputs.empty() && random->Below(4) == 0) {
      graph->outputs.pop_back();
    }
  }
}

// The inputs of the first data set, so that what depends on them is reached.
std::map<std::string, Tensor> InputsOf(const std::string& folder,
                                       const OnnxModel& model) {
  std::map<std::string, Tensor> values;
  for (size_t i = 0; i < model.graph.inputs.size(); ++i) {
    const auto tensor = ReadOnnxTensor(
        absl::StrCat(folder, "/test_data_set_0/input_", i, ".pb"));
    if (tensor.ok()) values[model.graph.inputs[i].name] = tensor->value;
  }
  return values;
}

std::string CasePath() {
  const char* folder = std::getenv("TEST_TMPDIR");
  return JoinPath(folder == nullptr ? "/tmp" : folder, "fuzz_case.onnx");
}

// How long a test goes on, and what it tells at its end.
class Rounds {
 public:
  Rounds() {
    const char* text = std::getenv("ASSAY_FUZZ_SECONDS");
    EXPECT_TRUE(text == nullptr || absl::SimpleAtod(text, &seconds_));
  }
  ~Rounds() {
    std::printf("%lld of %lld damaged models were imported\n",
                static_cast<long long>(imported_),
                static_cast<long long>(tried_));
  }
  // From the second on: whether there is time for another.
  bool Next() { return round_++ == 0 || !Over(); }
  bool Over() const {
    return static_cast<double>(MonotonicClock().NowNs() - start_) * 1e-9 >=
           seconds_;
  }
  uint64_t seed() const { return round_ - 1; }
  void Count(bool imported) {
    ++tried_;
    imported_ += imported ? 1 : 0;
  }
  // Before the bytes are read, so that they are there after a crash.
  void Keep(const std::string& bytes) const {
    if (seconds_ > 0) std::ofstream(CasePath(), std::ios::binary) << bytes;
  }
  void Say(const std::string& name, int i) const {
    if (seconds_ == 0) return;
    std::fprintf(stderr, "round %llu %s %d\n",
                 static_cast<unsigned long long>(seed()), name.c_str(), i);
  }

 private:
  double seconds_ = 0;
  int64_t start_ = MonotonicClock().NowNs();
  uint64_t round_ = 0;
  int64_t tried_ = 0, imported_ = 0;
};

// Tells whether a graph came of it.
bool TryImport(const absl::StatusOr<OnnxModel>& model,
               const std::map<std::string, Tensor>& values) {
  if (!model.ok()) return false;
  OnnxImportOptions options;
  options.values = values;
  for (const OnnxValueInfo& input : model->graph.inputs) {
    const auto value = values.find(input.name);
    if (!input.dimensions && value != values.end()) {
      options.shapes[input.name] = value->second.shape();
    }
  }
  if (HasControlFlow(*model)) {
    // Decided by a run: without the values. It verifies what comes of it.
    OnnxImportOptions open;
    open.shapes = options.shapes;
    if (ImportDynamicOnnx(*model, open, StandardOps()).ok()) return true;
  }
  const auto network = ImportOnnx(*model, options, StandardOps());
  if (!network.ok()) return false;
  EXPECT_OK(Verify(network->graph));
  return true;
}

// One model, damaged as bytes and in what it says.
void TryDamaged(const std::string& name, const std::string& bytes,
                const OnnxModel& model,
                const std::map<std::string, Tensor>& values,
                const std::string& folder, Rounds* rounds) {
  RandomStream random(rounds->seed(), name);
  for (int i = 0; i < 4; ++i) {
    const std::string damaged = MutateBytes(bytes, &random);
    rounds->Keep(damaged);
    rounds->Say(name, i);
    rounds->Count(TryImport(ParseOnnxModel(damaged, "fuzz", folder), values));
    OnnxModel changed = model;
    std::map<std::string, Tensor> changed_values = values;
    MutateGraph(&changed.graph, &changed_values, &random);
    rounds->Count(TryImport(changed, changed_values));
  }
}

TEST(FuzzTest, DamagedModelsAreImportedOrRefused) {
  const std::string folder = NodeTestFolder();
  const auto names = NodeTestNames(folder);
  if (!names.ok() || names->empty()) {
    GTEST_SKIP() << "no node tests in " << folder
                 << "; install libonnx-testdata (tools/setup test) or set "
                    "ASSAY_ONNX_TESTDATA";
  }
  Rounds rounds;
  while (rounds.Next()) {
    for (const std::string& name : *names) {
      ASSERT_OK_AND_ASSIGN(const std::string bytes,
                           ReadFile(NodeTestModel(folder, name)));
      const auto model = ParseOnnxModel(bytes, name, "");
      ASSERT_OK(model.status());
      TryDamaged(name, bytes, *model, InputsOf(JoinPath(folder, name), *model),
                 "", &rounds);
      if (rounds.seed() > 0 && rounds.Over()) break;
    }
  }
}

TEST(FuzzTest, DamagedControlFlowIsImportedOrRefused) {
  std::map<std::string, OnnxModel> models;
  for (const char* name : {"dscnn-exits", "experts"}) {
    ASSERT_OK_AND_ASSIGN(const DynamicNetwork network,
                         BuildDynamicNetwork(name, StandardOps()));
    ASSERT_OK_AND_ASSIGN(const ParameterStore parameters,
                         Initialise(network, 1));
    ASSERT_OK_AND_ASSIGN(models[name],
                         ExportDynamicOnnx(network.graph, parameters));
  }
  Rounds rounds;
  while (rounds.Next()) {
    for (const auto& [name, model] : models) {
      ASSERT_OK_AND_ASSIGN(const std::string bytes, SerializeOnnxModel(model));
      TryDamaged(name, bytes, model, {}, "", &rounds);
    }
  }
}

// A field of a message with so many bytes, of which there are less than 128.
std::string Field(char tag, const std::string& body) {
  return std::string({tag, static_cast<char>(body.size())}) + body;
}

// y = x + w, w f32[2] in data.bin: the initializer is written behind the model,
// whose graph protobuf merges it into.
std::string WithExternalData() {
  OnnxModel model;
  model.opsets[""] = 17;
  OnnxNode add;
  add.op = "Add";
  add.inputs = {"x", "w"};
  add.outputs = {"y"};
  model.graph.nodes = {add};
  model.graph.inputs = {{"x", OnnxType::kFloat, {{{2, ""}}}}};
  model.graph.outputs = {{"y", OnnxType::kFloat, {}}};
  const auto bytes = SerializeOnnxModel(model);
  EXPECT_OK(bytes);
  std::string tensor = "\x08\x02\x10\x01" + Field(0x42, "w");
  for (const auto& [key, value] : std::map<std::string, std::string>{
           {"location", "data.bin"}, {"offset", "4"}, {"length", "8"}}) {
    tensor += Field(0x6a, Field(0x0a, key) + Field(0x12, value));
  }
  return *bytes + Field(0x3a, Field(0x2a, tensor + "\x70\x01"));
}

TEST(FuzzTest, DamagedExternalDataAreReadOrRefused) {
  const std::string folder = JoinPath(testing::TempDir(), "external");
  ASSERT_OK(WriteFileAtomically(JoinPath(folder, "data.bin"),
                                std::string("____\0\0\x80\x3f\0\0\0\x40", 12)));
  const std::string bytes = WithExternalData();
  ASSERT_OK_AND_ASSIGN(const OnnxModel model,
                       ParseOnnxModel(bytes, "whole", folder));
  ASSERT_TRUE(TryImport(model, {}));
  Rounds rounds;
  while (rounds.Next()) {
    for (int i = 0; i < 50; ++i) {
      TryDamaged(absl::StrCat("external ", i), bytes, model, {}, folder,
                 &rounds);
    }
  }
}

}  // namespace
}  // namespace assay
