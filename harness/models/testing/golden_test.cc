// Ten training steps as PyTorch makes them, on both backends that train.
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "harness/backend/registry.h"
#include "harness/models/testing/golden_lines.h"
#include "harness/models/testing/small.h"
#include "harness/models/testing/training.h"
#include "harness/models/torch_names.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

constexpr double kTolerance = 1e-4;
constexpr size_t kElements = 4;

// Of one parameter after the last step.
struct Summary {
  double sum = 0, norm = 0;
  std::vector<double> first;
};

struct Golden {
  std::vector<double> losses;
  std::map<std::string, Summary> parameters;  // by PyTorch's name
};

// "loss VALUE", "parameter NAME SUM NORM VALUES".
std::map<std::string, Golden> ReadGoldens() {
  std::map<std::string, Golden> goldens;
  EXPECT_OK(ReadGoldenLines(
      "training_golden.txt",
      [&](const std::string& network, absl::Span<const std::string> words) {
        Golden& golden = goldens[network];
        if (words[0] == "loss") {
          golden.losses.push_back(NumbersOf(words, 1)[0]);
          return;
        }
        std::vector<double> numbers = NumbersOf(words, 2);
        Summary& summary = golden.parameters[words[1]];
        summary.sum = numbers[0];
        summary.norm = numbers[1];
        summary.first.assign(numbers.begin() + 2, numbers.end());
      }));
  return goldens;
}

Summary Summarise(const Tensor& value) {
  Summary summary;
  for (int64_t i = 0; i < value.size(); ++i) {
    const double x = static_cast<double>(value.data<float>()[i]);
    summary.sum += x;
    summary.norm += x * x;
    if (summary.first.size() < kElements) summary.first.push_back(x);
  }
  summary.norm = std::sqrt(summary.norm);
  return summary;
}

struct Case {
  GoldenRun run;
  const char* backend;
};

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const GoldenRun& run : GoldenRuns()) {
    for (const char* backend : {"cpu", "reference"}) {
      cases.push_back({run, backend});
    }
  }
  return cases;
}

class GoldenTest : public testing::TestWithParam<Case> {};

TEST_P(GoldenTest, LossesAndParametersArePyTorchs) {
  const std::map<std::string, Golden> goldens = ReadGoldens();
  const GoldenRun& run = GetParam().run;
  ASSERT_EQ(goldens.count(run.network), 1u);
  const Golden& want = goldens.at(run.network);
  ASSERT_OK_AND_ASSIGN(const ReferenceGraph net,
                       BuildSmall(run.network, kGoldenBatch));
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Device> device,
                       MakeDevice(GetParam().backend));
  ASSERT_OK_AND_ASSIGN(const TrainingResult got,
                       Train(net, device.get(), run.recipe));
  ASSERT_EQ(got.losses.size(), want.losses.size());
  for (size_t i = 0; i < want.losses.size(); ++i) {
    EXPECT_NEAR(got.losses[i], want.losses[i], kTolerance * want.losses[i])
        << "step " << i;
  }
  std::map<std::string, std::string> names;  // ours by PyTorch's
  for (const ValueId id : net.graph.parameters()) {
    const std::string& name = net.graph.value(id).name;
    names[TorchName(name)] = name;
  }
  ASSERT_FALSE(want.parameters.empty());
  for (const auto& [name, golden] : want.parameters) {
    SCOPED_TRACE(name);
    const Tensor* value = got.parameters.Find(names[name]);
    ASSERT_NE(value, nullptr);
    const Summary summary = Summarise(*value);
    // Of a sum of elements of either sign the norm is the measure; of an
    // element, the typical one.
    const double count = static_cast<double>(value->size());
    EXPECT_NEAR(summary.norm, golden.norm, kTolerance * golden.norm);
    EXPECT_NEAR(summary.sum, golden.sum,
                kTolerance * golden.norm * std::sqrt(count));
    ASSERT_EQ(summary.first.size(), golden.first.size());
    for (size_t i = 0; i < golden.first.size(); ++i) {
      EXPECT_NEAR(summary.first[i], golden.first[i],
                  kTolerance * golden.norm / std::sqrt(count));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Runs, GoldenTest, testing::ValuesIn(Cases()),
                         [](const auto& row) {
                           std::string name = absl::StrReplaceAll(
                               row.param.run.network, {{"-", "_"}});
                           return name + "_" + row.param.backend;
                         });

}  // namespace
}  // namespace assay
