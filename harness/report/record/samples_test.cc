#include "harness/report/record/samples.h"

#include <cstdint>
#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using testing::ElementsAre;

TEST(SamplesTest, KeepsEveryLatencyInOrder) {
  const LatencySamples samples = EncodeSamples({500, 480, 510, 0});
  EXPECT_THAT(samples.all().delta_ns(), ElementsAre(500, -20, 30, -510));
  EXPECT_THAT(*DecodeSamples(samples), ElementsAre(500, 480, 510, 0));
}

TEST(SamplesTest, ManyBecomeAHistogramOfOnePercent) {
  std::vector<int64_t> latencies;
  for (int64_t i = 0; i < 1000; ++i) latencies.push_back(1'000'000 + 100 * i);
  const LatencySamples samples = EncodeSamples(latencies, 999);
  ASSERT_TRUE(samples.has_histogram());
  EXPECT_LE(samples.histogram().count_size(), 11);
  const auto decoded = DecodeSamples(samples);
  ASSERT_EQ(decoded->size(), latencies.size());
  for (size_t i = 0; i < latencies.size(); ++i) {
    const double exact = static_cast<double>(latencies[i]);
    EXPECT_NEAR((*decoded)[i], exact, 0.01 * exact);
  }
}

TEST(SamplesTest, AHistogramOfSmallAndLargeValues) {
  const LatencySamples samples = EncodeSamples({0, 1, 2, 1'000'000'000}, 3);
  const auto decoded = DecodeSamples(samples);
  ASSERT_EQ(decoded.status(), absl::OkStatus());
  ASSERT_EQ(decoded->size(), 4u);
  EXPECT_EQ((*decoded)[0], 0.0);
  EXPECT_EQ((*decoded)[2], 2.0);
  EXPECT_NEAR((*decoded)[3], 1e9, 1e7);
}

TEST(SamplesTest, NothingKeptSaysSo) {
  EXPECT_EQ(EncodeSamples({}).availability().reason(), "no query was answered");
  EXPECT_EQ(DecodeSamples(EncodeSamples({})).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(SamplesTest, DamagedRecordsAreDataLoss) {
  LatencySamples samples;
  samples.mutable_all()->add_delta_ns(-1);
  EXPECT_EQ(DecodeSamples(samples).status().code(),
            absl::StatusCode::kDataLoss);
  samples.mutable_all()->set_delta_ns(0, std::numeric_limits<int64_t>::max());
  samples.mutable_all()->add_delta_ns(1);
  EXPECT_EQ(DecodeSamples(samples).status().code(),
            absl::StatusCode::kDataLoss);
  samples.mutable_histogram()->add_edge_ns(1);
  samples.mutable_histogram()->add_count(1);
  EXPECT_EQ(DecodeSamples(samples).status().code(),
            absl::StatusCode::kDataLoss);
  samples.mutable_histogram()->add_edge_ns(2);
  samples.mutable_histogram()->set_count(0,
                                         std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(DecodeSamples(samples).status().code(),
            absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace assay
