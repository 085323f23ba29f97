// Every network trains as in PyTorch: twenty steps on one small batch bring the
// loss down by what PyTorch's steps from the same weights do.
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/core/file.h"
#include "harness/models/registry.h"
#include "harness/models/testing/small.h"
#include "harness/models/testing/training.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

constexpr int64_t kBatch = 4;
// Of the largest loss; or kFactor times what PyTorch in f32 is from itself in
// f64, up to the same step: where batch norm sees few values, a rounding grows.
constexpr double kTolerance = 5e-4;
constexpr double kFactor = 10;

struct Golden {
  std::vector<double> losses;  // PyTorch's, in f64
  std::vector<double> f32;     // the largest error of f32 so far
};

// "network NAME", "losses VALUES", "f32 VALUES".
std::map<std::string, Golden> ReadGoldens() {
  std::map<std::string, Golden> goldens;
  const auto text =
      ReadFile("harness/models/testing/testdata/steps_golden.txt");
  EXPECT_OK(text);
  Golden* golden = nullptr;
  for (const absl::string_view line : absl::StrSplit(*text, '\n')) {
    const std::vector<std::string> words =
        absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (words.empty() || words[0] == "#") continue;
    if (words[0] == "network") {
      golden = &goldens[words[1]];
      continue;
    }
    std::vector<double>& values =
        words[0] == "losses" ? golden->losses : golden->f32;
    for (size_t i = 1; i < words.size(); ++i) {
      values.emplace_back();
      EXPECT_TRUE(absl::SimpleAtod(words[i], &values.back())) << line;
    }
  }
  return goldens;
}

std::vector<std::string> Networks() {
  std::vector<std::string> names;
  for (const std::string& name : ReferenceGraphNames()) {
    if (!IsHeavy(name)) names.push_back(name);
  }
  return names;
}

class StepsTest : public testing::TestWithParam<std::string> {};

TEST_P(StepsTest, BringTheLossDownAsPyTorchs) {
  const std::map<std::string, Golden> goldens = ReadGoldens();
  ASSERT_EQ(goldens.count(GetParam()), 1u);
  const Golden& want = goldens.at(GetParam());
  ASSERT_OK_AND_ASSIGN(const ReferenceGraph net,
                       BuildForSteps(GetParam(), kBatch));
  const std::unique_ptr<Device> cpu = MakeCpuDevice();
  ASSERT_OK_AND_ASSIGN(const TrainingResult result,
                       Train(net, cpu.get(), PlainAdamW()));
  ASSERT_EQ(result.losses.size(), want.losses.size());
  ASSERT_EQ(result.losses.size(), want.f32.size());
  const double largest =
      *std::max_element(want.losses.begin(), want.losses.end());
  for (size_t i = 0; i < want.losses.size(); ++i) {
    EXPECT_NEAR(result.losses[i], want.losses[i],
                largest * std::max(kTolerance, kFactor * want.f32[i]))
        << "step " << i;
  }
  EXPECT_LT(result.losses.back(), 0.95 * result.losses.front());
}

std::string NameOf(const testing::TestParamInfo<std::string>& row) {
  return absl::StrReplaceAll(row.param, {{"-", "_"}});
}

INSTANTIATE_TEST_SUITE_P(Zoo, StepsTest, testing::ValuesIn(Networks()), NameOf);

}  // namespace
}  // namespace assay
