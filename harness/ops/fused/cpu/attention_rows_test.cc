#include "harness/ops/fused/cpu/attention_rows.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"

namespace assay::cpu {
namespace {

// exp(scale * x + mask - largest), with doubles.
std::vector<double> Exponentials(double scale, const std::vector<float>& mask,
                                 int64_t mask_step,
                                 const std::vector<float>& x) {
  std::vector<double> y(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t at = i * static_cast<size_t>(mask_step);
    y[i] = scale * x[i] + (mask.empty() ? 0.0 : mask[at]);
  }
  const double largest = *std::max_element(y.begin(), y.end());
  for (double& v : y) v = std::exp(v - largest);
  return y;
}

void CheckSoftmax(int64_t n, int64_t padded, bool masked, int64_t mask_step) {
  SCOPED_TRACE(testing::Message() << n << " of " << padded << ", mask "
                                  << masked << " by " << mask_step);
  RandomStream stream(7, "softmax");
  std::vector<float> x(static_cast<size_t>(n)), mask;
  stream.FillNormal(absl::MakeSpan(x), 0, 20);
  if (masked) {
    mask.resize(x.size());
    stream.FillNormal(absl::MakeSpan(mask), 0, 3);
    if (mask_step == 1) mask[0] = -1e9f;
  }
  const std::vector<double> want = Exponentials(0.5, mask, mask_step, x);
  double total = 0;
  for (const double v : want) total += v;
  // What lies behind the row must not count, and behind `padded` must stay.
  std::vector<float> row = x;
  row.resize(static_cast<size_t>(padded), 1e6f);
  row.push_back(9);
  const float sum = SoftmaxRow(0.5f, masked ? mask.data() : nullptr, mask_step,
                               n, padded, row.data());
  EXPECT_NEAR(sum, total, 3e-6 * total);
  for (size_t i = 0; i < want.size(); ++i) {
    EXPECT_NEAR(row[i], want[i], 6e-6 * want[i] + 1e-36) << i;
  }
  for (int64_t i = n; i < padded; ++i) {
    EXPECT_EQ(row[static_cast<size_t>(i)], 0) << i;
  }
  EXPECT_EQ(row.back(), 9);
}

TEST(AttentionRowsTest, SoftmaxTakesTheRowAlone) {
  for (const int64_t n : {1, 5, 15, 16, 17, 31, 48, 197}) {
    for (const int64_t padded : {n, (n + 15) / 16 * 16, n / 16 * 16 + 32}) {
      CheckSoftmax(n, padded, /*masked=*/false, 0);
      CheckSoftmax(n, padded, /*masked=*/true, 1);
      CheckSoftmax(n, padded, /*masked=*/true, 0);
    }
  }
}

TEST(AttentionRowsTest, SoftmaxIsZeroFarBelowTheLargest) {
  std::vector<float> x = {0, -84, -86, -1e30f};
  EXPECT_EQ(SoftmaxRow(1.0f, nullptr, 0, 4, 4, x.data()), 1);
  EXPECT_EQ(x[0], 1);
  EXPECT_GT(x[1], 0);
  EXPECT_EQ(x[2], 0);
  EXPECT_EQ(x[3], 0);
}

}  // namespace
}  // namespace assay::cpu
