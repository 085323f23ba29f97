#include "harness/backend/cpu/cpu_options.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/cpu/cpu_features.h"
#include "harness/backend/session.h"
#include "harness/core/random.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/models/init.h"
#include "harness/models/registry.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::HasSubstr;

Graph Lowered(const char* network, int64_t batch,
              FloatPrecision precision = FloatPrecision::kF32) {
  ReferenceGraphOptions options;
  options.batch = batch;
  auto made = BuildReferenceGraph(network, StandardOps(), options);
  EXPECT_OK(made.status());
  auto parameters = Initialise(made->graph, made->initialisers, 5);
  EXPECT_OK(parameters.status());
  LoweringOptions lowering;
  lowering.precision = precision;
  auto plan = LowerForInference(made->graph, *parameters, lowering);
  EXPECT_OK(plan.status());
  return plan->graph;
}

absl::StatusOr<Tensor> Logits(const Graph& plan, const CpuOptions& options,
                              int threads = 1) {
  const std::unique_ptr<Device> device = MakeCpuDevice(options);
  auto session =
      Session::Make(device.get(), plan, nullptr, {.threads = threads});
  if (!session.ok()) return session.status();
  const Value& input = plan.value(plan.inputs()[0]);
  Tensor image(input.type.dtype, input.type.shape);
  RandomStream(1, "image").FillNormal(image.span<float>(), 0, 1);
  if (absl::Status s = (*session)->Feed(input.name, image); !s.ok()) return s;
  if (absl::Status s = (*session)->Run(); !s.ok()) return s;
  return (*session)->Fetch("logits");
}

// Largest difference as a fraction of the largest logit.
double Difference(const Tensor& want, const Tensor& got) {
  double largest = 0, worst = 0;
  for (int64_t i = 0; i < want.size(); ++i) {
    const double w = want.data<float>()[i];
    largest = std::max(largest, std::abs(w));
    worst = std::max(worst, std::abs(w - got.data<float>()[i]));
  }
  return worst / largest;
}

struct Case {
  const char* network;
  CpuOptions options;
};

class CpuOptionsTest : public testing::TestWithParam<Case> {};

TEST_P(CpuOptionsTest, GivesWhatTheRulesGive) {
  if (!cpu::HasNativeBf16()) {
    GTEST_SKIP() << "oneDNN has fewer kernels for this processor";
  }
  for (const auto& [precision, tolerance] :
       {std::pair(FloatPrecision::kF32, 1e-5),
        std::pair(FloatPrecision::kBf16, 0.03)}) {
    const Graph plan = Lowered(GetParam().network, 2, precision);
    ASSERT_OK_AND_ASSIGN(const Tensor rules, Logits(plan, {}));
    for (const int threads : {1, 2}) {
      ASSERT_OK_AND_ASSIGN(const Tensor other,
                           Logits(plan, GetParam().options, threads));
      EXPECT_LT(Difference(rules, other), tolerance);
      // The same options are the same plan.
      ASSERT_OK_AND_ASSIGN(const Tensor again,
                           Logits(plan, GetParam().options, threads));
      EXPECT_TRUE(BitEqual(other, again));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, CpuOptionsTest,
    testing::Values(Case{"resnet8", {.layout = ImageLayout::kBlocked}},
                    Case{"resnet8", {.layout = ImageLayout::kChannelsLast}},
                    Case{"resnet8", {.layout = ImageLayout::kRowMajor}},
                    Case{"resnet8", {.algorithm = ConvAlgorithm::kBrgemm}},
                    Case{"resnet8", {.algorithm = ConvAlgorithm::kJit}},
                    Case{"resnet8", {.algorithm = ConvAlgorithm::kGemm}},
                    Case{"dscnn", {.own_depthwise = false}},
                    Case{"dscnn", {.layout = ImageLayout::kBlocked}},
                    Case{"dscnn", {.layout = ImageLayout::kChannelsLast}},
                    Case{"dscnn", {.pack_weights = false}},
                    Case{"resnet8",
                         {.strip_samples = 1,
                          .layout = ImageLayout::kBlocked,
                          .algorithm = ConvAlgorithm::kJit}}));

TEST(CpuOptionsTest, WhatNoLayerTakesIsRefusedByName) {
  const Graph mlp = Lowered("lenet300", 2);
  const auto refused = [&](const CpuOptions& options) {
    return Logits(mlp, options).status();
  };
  EXPECT_TRUE(
      absl::IsUnimplemented(refused({.layout = ImageLayout::kBlocked})));
  EXPECT_THAT(refused({.layout = ImageLayout::kBlocked}).message(),
              HasSubstr("no layer has the layout"));
  EXPECT_THAT(refused({.algorithm = ConvAlgorithm::kJit}).message(),
              HasSubstr("no layer has the algorithm"));
  EXPECT_THAT(refused({.own_depthwise = false}).message(),
              HasSubstr("no layer has the depthwise kernel"));
  const Graph one = Lowered("lenet300", 3);
  EXPECT_THAT(Logits(one, {.strip_samples = 2}).status().message(),
              HasSubstr("no strips of 2 samples on 1 threads"));
}

}  // namespace
}  // namespace assay
