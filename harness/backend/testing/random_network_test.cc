// Random networks on every device: what the references say, lowered or not, and
// sub-networks the same to the bit in both of their forms.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "harness/backend/session.h"
#include "harness/backend/testing/devices.h"
#include "harness/core/random.h"
#include "harness/graph/elastic/subnet.h"
#include "harness/graph/reference.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/graph/testing/random_graph.h"
#include "harness/graph/testing/removal.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

constexpr uint64_t kNetworks = 60;

class RandomNetworkTest : public testing::TestWithParam<std::string> {
 protected:
  void Logits(const Graph& graph, const std::map<std::string, Tensor>& feeds,
              const ParameterStore& store, Tensor* logits) {
    DeviceParameters parameters(device_.get());
    ASSERT_OK(parameters.Load(store));
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Session> session,
                         Session::Make(device_.get(), graph, &parameters));
    for (const auto& [name, value] : feeds) {
      ASSERT_OK(session->Feed(name, value));
    }
    ASSERT_OK(session->Run());
    ASSERT_OK_AND_ASSIGN(*logits, session->Fetch("logits"));
  }

  std::unique_ptr<Device> device_ = MakeTestDevice(GetParam());
};

// |a - b| as a fraction of the largest of b.
double Difference(const Tensor& a, const Tensor& b) {
  double most = 1;
  const Tensor wide = b.Cast(DType::kF64);
  for (const double x : wide.span<double>()) most = std::max(most, std::abs(x));
  return MaxDifference(a, b) / most;
}

TEST_P(RandomNetworkTest, ComputesWhatTheReferencesSay) {
  for (uint64_t seed = 0; seed < kNetworks; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    const RandomNetwork exact = MakeRandomNetwork(seed);
    const RandomNetwork network = MakeRandomNetwork(seed, DType::kF32);
    ASSERT_OK_AND_ASSIGN(const Evaluation want,
                         Evaluate(exact.graph(), exact.feeds, exact.store()));
    Tensor got;
    ASSERT_NO_FATAL_FAILURE(
        Logits(network.graph(), network.feeds, network.store(), &got));
    EXPECT_LE(Difference(got, want.outputs.at("logits")), 1e-3);
    ASSERT_OK_AND_ASSIGN(const LoweredNetwork lowered,
                         LowerForInference(network.graph(), network.store()));
    ASSERT_NO_FATAL_FAILURE(
        Logits(lowered.graph, network.feeds, ParameterStore(), &got));
    EXPECT_LE(Difference(got, want.outputs.at("logits")), 1e-3);
  }
}

TEST_P(RandomNetworkTest, SubnetsAreTheSameInBothForms) {
  for (uint64_t seed = 0; seed < kNetworks; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    const RandomNetwork network = MakeRandomNetwork(seed, DType::kF32);
    ASSERT_OK_AND_ASSIGN(const ChannelAnalysis analysis,
                         ChannelAnalysis::Of(network.graph()));
    RandomStream stream(seed, "subnet");
    ASSERT_OK_AND_ASSIGN(const Subnet subnet,
                         TakeSubnet(network.graph(), analysis,
                                    RandomRemoval(analysis.groups(), stream)));
    ASSERT_OK_AND_ASSIGN(const ParameterStore cut,
                         CutParameters(network.store(), subnet.kept));
    Tensor sliced, dense;
    ASSERT_NO_FATAL_FAILURE(
        Logits(subnet.sliced, network.feeds, network.store(), &sliced));
    ASSERT_NO_FATAL_FAILURE(Logits(subnet.dense, network.feeds, cut, &dense));
    ASSERT_EQ(sliced.shape(), dense.shape());
    EXPECT_EQ(std::memcmp(sliced.raw(), dense.raw(),
                          static_cast<size_t>(dense.bytes())),
              0);
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, RandomNetworkTest,
                         testing::ValuesIn(TestDeviceNames()),
                         [](const auto& device) { return device.param; });

}  // namespace
}  // namespace assay
