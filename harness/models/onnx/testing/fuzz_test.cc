// Damaged model files: every one is imported or refused, none ends the program.
//
// ASSAY_FUZZ_SECONDS=600 goes on for so long, with other seeds each round. Then
// the file that is being read lies in $TEST_TMPDIR (or /tmp) as fuzz_case.onnx,
// and the last line on standard error names what is being imported.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
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
#include "harness/models/onnx/import/import.h"
#include "harness/models/onnx/proto/read_model.h"
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

// One to three changes of what the file says, so that converters see them.
void MutateModel(OnnxModel* model, std::map<std::string, Tensor>* values,
                 RandomStream* random) {
  OnnxGraph& graph = model->graph;
  const uint64_t changes = 1 + random->Below(3);
  for (uint64_t i = 0; i < changes && !graph.nodes.empty(); ++i) {
    OnnxNode& node = graph.nodes[random->Below(graph.nodes.size())];
    const uint64_t what = random->Below(6);
    if (what <= 1 && !node.attributes.empty()) {
      auto it = node.attributes.begin();
      std::advance(it, random->Below(node.attributes.size()));
      DisturbAttribute(&it->second, random);
    } else if (what == 2 && !node.inputs.empty()) {
      const size_t at = random->Below(node.inputs.size());
      node.inputs[at] = node.inputs[random->Below(node.inputs.size())];
    } else if (what == 3 && !node.inputs.empty()) {
      node.inputs[random->Below(node.inputs.size())] = "";
    } else if (what == 4 && !values->empty()) {
      auto it = values->begin();
      std::advance(it, random->Below(values->size()));
      if (it->second.rank() > 0 && random->Below(2) == 0) {
        // The same elements with another shape.
        Shape shape = {it->second.size()};
        if (random->Below(2) == 0) shape.push_back(1);
        it->second = it->second.Reshaped(shape);
        for (OnnxValueInfo& input : graph.inputs) {
          if (input.name == it->first) input.dimensions.reset();
        }
      } else {
        Disturb(&it->second, random);
      }
    } else if (!graph.initializers.empty()) {
      Disturb(
          &graph.initializers[random->Below(graph.initializers.size())].value,
          random);
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
  const auto network = ImportOnnx(*model, options, StandardOps());
  if (!network.ok()) return false;
  EXPECT_OK(Verify(network->graph));
  return true;
}

TEST(FuzzTest, DamagedModelsAreImportedOrRefused) {
  const std::string folder = NodeTestFolder();
  const auto names = NodeTestNames(folder);
  if (!names.ok() || names->empty()) {
    GTEST_SKIP() << "no node tests in " << folder
                 << "; install libonnx-testdata (tools/setup test) or set "
                    "ASSAY_ONNX_TESTDATA";
  }
  const char* text = std::getenv("ASSAY_FUZZ_SECONDS");
  double seconds = 0;
  ASSERT_TRUE(text == nullptr || absl::SimpleAtod(text, &seconds));
  const int64_t start = MonotonicClock().NowNs();
  const auto passed = [&] {
    return static_cast<double>(MonotonicClock().NowNs() - start) * 1e-9;
  };
  int64_t tried = 0, imported = 0;
  uint64_t round = 0;
  do {
    for (const std::string& name : *names) {
      ASSERT_OK_AND_ASSIGN(const std::string bytes,
                           ReadFile(NodeTestModel(folder, name)));
      const auto model = ParseOnnxModel(bytes, name, "");
      ASSERT_OK(model.status());
      const auto values = InputsOf(JoinPath(folder, name), *model);
      RandomStream random(round, name);
      for (int i = 0; i < 4; ++i) {
        const std::string damaged = MutateBytes(bytes, &random);
        if (seconds > 0) {
          std::ofstream(CasePath(), std::ios::binary) << damaged;
        }
        imported += TryImport(ParseOnnxModel(damaged, "fuzz", ""), values);
        OnnxModel changed = *model;
        std::map<std::string, Tensor> changed_values = values;
        MutateModel(&changed, &changed_values, &random);
        if (seconds > 0) {
          std::fprintf(stderr, "round %llu %s %d\n",
                       static_cast<unsigned long long>(round), name.c_str(), i);
        }
        imported += TryImport(changed, changed_values);
        tried += 2;
      }
      if (seconds > 0 && passed() > seconds) break;
    }
    ++round;
  } while (passed() < seconds);
  std::printf("%lld of %lld damaged models were imported\n",
              static_cast<long long>(imported), static_cast<long long>(tried));
}

}  // namespace
}  // namespace assay
