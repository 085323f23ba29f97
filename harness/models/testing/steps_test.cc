// Every network trains: twenty steps on one small batch bring the loss down.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/models/registry.h"
#include "harness/models/testing/small.h"
#include "harness/models/testing/training.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

constexpr int64_t kBatch = 4;

std::vector<std::string> Networks() {
  std::vector<std::string> names;
  for (const std::string& name : ReferenceGraphNames()) {
    if (!IsHeavy(name)) names.push_back(name);
  }
  return names;
}

class StepsTest : public testing::TestWithParam<std::string> {};

TEST_P(StepsTest, BringTheLossDown) {
  ASSERT_OK_AND_ASSIGN(const ReferenceGraph net,
                       BuildSmall(GetParam(), kBatch));
  const std::unique_ptr<Device> cpu = MakeCpuDevice();
  ASSERT_OK_AND_ASSIGN(const TrainingResult result,
                       Train(net, cpu.get(), PlainAdamW()));
  for (const double loss : result.losses) ASSERT_TRUE(std::isfinite(loss));
  EXPECT_LT(result.losses.back(), 0.95 * result.losses.front());
}

INSTANTIATE_TEST_SUITE_P(Zoo, StepsTest, testing::ValuesIn(Networks()),
                         [](const auto& row) {
                           std::string name = row.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace assay
