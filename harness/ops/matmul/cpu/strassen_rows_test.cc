#include "harness/ops/matmul/cpu/strassen_rows.h"

#include <cmath>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "harness/backend/cpu/cpu_features.h"
#include "harness/core/random.h"

namespace assay::cpu {
namespace {

std::vector<float> Normal(int64_t n, const char* name, float deviation) {
  std::vector<float> values(static_cast<size_t>(n));
  RandomStream(3, name).FillNormal(absl::MakeSpan(values), 0, deviation);
  return values;
}

double Activate(ProductActivation activation, double x) {
  if (activation == ProductActivation::kRelu) return x > 0 ? x : 0;
  if (activation == ProductActivation::kGelu) {
    return x * (1 + std::erf(x * std::sqrt(0.5))) / 2;
  }
  return x;
}

// By sums of products in double.
void Check(const ProductExtents& e, ProductActivation activation, bool bias,
           bool add) {
  SCOPED_TRACE(testing::Message()
               << e.rows << "x" << e.terms << "x" << e.columns << ", bias "
               << bias << ", add " << add);
  const std::vector<float> left = Normal(e.rows * e.terms, "left", 1);
  const std::vector<float> weights =
      Normal(e.columns * e.terms, "weights",
             1 / std::sqrt(static_cast<float>(e.terms)));
  const std::vector<float> shift = Normal(e.columns, "bias", 1);
  const std::vector<float> before = Normal(e.rows * e.columns, "before", 1);
  std::vector<float> packed(
      static_cast<size_t>(StrassenPacked(e.terms, e.columns)));
  std::vector<float> scratch(
      static_cast<size_t>(StrassenScratch(e.rows, e.terms)));
  PackStrassen(weights.data(), e.terms, e.columns, packed.data());
  ProductEpilogue epilogue;
  epilogue.bias = bias ? shift.data() : nullptr;
  epilogue.add = add;
  epilogue.activation = activation;
  std::vector<float> got = before;
  got.push_back(7);  // stays
  MultiplyStrassen(e, left.data(), packed.data(), epilogue, scratch.data(),
                   got.data());
  for (int64_t r = 0; r < e.rows; ++r) {
    for (int64_t c = 0; c < e.columns; ++c) {
      const size_t at = static_cast<size_t>(r * e.columns + c);
      double want = bias ? shift[static_cast<size_t>(c)] : 0.0;
      if (add) want += before[at];
      for (int64_t k = 0; k < e.terms; ++k) {
        want +=
            static_cast<double>(left[static_cast<size_t>(r * e.terms + k)]) *
            weights[static_cast<size_t>(c * e.terms + k)];
      }
      ASSERT_NEAR(got[at], Activate(activation, want), 1.5e-5)
          << r << ", " << c;
    }
  }
  EXPECT_EQ(got.back(), 7);
}

class StrassenRowsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!HasWideVectors()) GTEST_SKIP() << "needs AVX-512";
  }
};

TEST_F(StrassenRowsTest, EveryHeightOfTiles) {
  for (int64_t rows = kStrassenRows; rows <= 100; ++rows) {
    Check({rows, 32, 64}, ProductActivation::kNone, true, false);
  }
}

TEST_F(StrassenRowsTest, Extents) {
  for (const int64_t terms : {32, 96, 192, 768}) {
    for (const int64_t columns : {64, 128, 192}) {
      Check({61, terms, columns}, ProductActivation::kNone, false, false);
    }
  }
}

TEST_F(StrassenRowsTest, Epilogues) {
  for (const ProductActivation activation :
       {ProductActivation::kNone, ProductActivation::kRelu,
        ProductActivation::kGelu}) {
    for (const bool bias : {false, true}) {
      for (const bool add : {false, true}) {
        Check({53, 64, 128}, activation, bias, add);
      }
    }
  }
}

}  // namespace
}  // namespace assay::cpu
