// Every network trains as in PyTorch: twenty steps on one small batch bring the
// loss down by what PyTorch's steps from the same weights do.
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/models/registry.h"
#include "harness/models/testing/golden_lines.h"
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

// "losses VALUES", "f32 VALUES".
std::map<std::string, Golden> ReadGoldens() {
  std::map<std::string, Golden> goldens;
  EXPECT_OK(ReadGoldenLines(
      "steps_golden.txt",
      [&](const std::string& network, absl::Span<const std::string> words) {
        Golden& golden = goldens[network];
        (words[0] == "losses" ? golden.losses : golden.f32) =
            NumbersOf(words, 1);
      }));
  return goldens;
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
  // vit-res swings at this rate, in either.
  if (want.losses.back() < 0.95 * want.losses.front()) {
    EXPECT_LT(result.losses.back(), 0.95 * result.losses.front());
  }
}

std::string NameOf(const testing::TestParamInfo<std::string>& row) {
  return absl::StrReplaceAll(row.param, {{"-", "_"}});
}

INSTANTIATE_TEST_SUITE_P(Zoo, StepsTest,
                         testing::ValuesIn(ReferenceGraphNames()), NameOf);

}  // namespace
}  // namespace assay
