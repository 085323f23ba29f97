#include "harness/abi/search/predictor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace assay::search {
namespace {

TEST(RidgeTest, ByHand) {
  // Centred: x = -1, 0, 1 and y = -2, 0, 2, so w = 4 / (2 + alpha).
  const auto ridge = Ridge::Fit({{0}, {1}, {2}}, {1, 3, 5}, 2);
  ASSERT_TRUE(ridge.has_value());
  EXPECT_DOUBLE_EQ(ridge->weights()[0], 1);
  EXPECT_DOUBLE_EQ(ridge->intercept(), 2);
  EXPECT_DOUBLE_EQ(ridge->Predict({5}), 7);
}

TEST(RidgeTest, WideAndTallAgree) {
  // Three columns of which the last is a copy: the dual way. Weights share it.
  const auto wide = Ridge::Fit({{0, 0}, {2, 2}}, {0, 4}, 1);
  const auto dual = Ridge::Fit({{0, 0, 0}, {2, 2, 0}}, {0, 4}, 1);
  ASSERT_TRUE(wide && dual);
  EXPECT_NEAR(wide->weights()[0], dual->weights()[0], 1e-12);
  EXPECT_NEAR(wide->weights()[1], dual->weights()[1], 1e-12);
  EXPECT_NEAR(dual->weights()[2], 0, 1e-12);
}

TEST(RidgeTest, RefusesWhatIsNoNumber) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(Ridge::Fit({{nan}, {1}}, {0, 1}, 1).has_value());
}

TEST(SvrTest, TwoPointsAreFittedExactly) {
  SvrOptions options;
  options.cost = 100;
  const Svr svr = Svr::Fit({{0}, {1}}, {1, 3}, options);
  EXPECT_NEAR(svr.Predict({0}), 1, 2e-3);
  EXPECT_NEAR(svr.Predict({1}), 3, 2e-3);
  EXPECT_NEAR(svr.Predict({0.5}), 2, 2e-3);
  EXPECT_NEAR(svr.Predict({100}), 2, 2e-3);  // far away: the intercept
}

TEST(SvrTest, ErrorsWithinEpsilonCostNothing) {
  SvrOptions options;
  options.epsilon = 1.5;
  const Svr svr = Svr::Fit({{0}, {1}}, {1, 3}, options);
  EXPECT_DOUBLE_EQ(svr.Predict({0}), svr.Predict({1}));
}

TEST(SvrTest, CostBoundsTheMultipliers) {
  SvrOptions options;
  options.cost = 0.1;
  const Svr svr = Svr::Fit({{0}, {1}}, {1, 3}, options);
  // beta = -0.1, 0.1: the curve rises by 0.1 * 2 * (1 - exp(-1)).
  EXPECT_NEAR(svr.Predict({1}) - svr.Predict({0}), 0.2 * (1 - std::exp(-1)),
              1e-9);
}

TEST(SvrTest, FitsACurve) {
  Rows x;
  Row y;
  for (int i = 0; i <= 40; ++i) {
    x.push_back({i * 0.1});
    y.push_back(std::sin(i * 0.1));
  }
  SvrOptions options;
  options.cost = 100;
  options.epsilon = 0.01;
  const Svr svr = Svr::Fit(x, y, options);
  for (int i = 0; i < 40; ++i) {
    EXPECT_NEAR(svr.Predict({i * 0.1 + 0.05}), std::sin(i * 0.1 + 0.05), 0.02);
  }
}

TEST(PredictorTest, OneHotLeavesAbsentGenesZero) {
  EXPECT_EQ(OneHot({1, 0}, {3, 2}), (Row{0, 1, 0, 1, 0}));
  EXPECT_EQ(OneHot({1, 0}, {3, 2}, {true, false}), (Row{0, 1, 0, 0, 0}));
}

// 60 architectures of 8 genes.
struct Table {
  Rows x;
  Row sum, product;
};

Table MakeTable() {
  std::mt19937 random(1);
  Table table;
  for (int i = 0; i < 60; ++i) {
    std::vector<size_t> genes(8);
    double sum = 5, product = 1;
    for (size_t k = 0; k < 8; ++k) {
      genes[k] = random() % 3;
      sum += static_cast<double>(genes[k] * (k + 1));
      if (k < 4) product *= 1 + static_cast<double>(genes[k]);
    }
    table.x.push_back(OneHot(genes, std::vector<size_t>(8, 3)));
    table.sum.push_back(1e4 * sum);
    table.product.push_back(product);
  }
  return table;
}

TEST(PredictorTest, RidgeFitsWhatAddsUp) {
  const Table table = MakeTable();
  const auto predictor =
      Predictor::Fit(table.x, table.sum, PredictorKind::kRidge);
  ASSERT_TRUE(predictor.has_value());
  EXPECT_LT(predictor->error(), 0.02);
  EXPECT_NEAR(predictor->Predict(table.x[7]) / table.sum[7], 1, 0.02);
}

TEST(PredictorTest, AutoPrefersTheSmallerError) {
  const Table table = MakeTable();
  const Row costs = {1, 10, 100};
  for (const Row& y : {table.sum, table.product}) {
    double error[3];
    PredictorKind kinds[3];
    for (int i = 0; i < 3; ++i) {
      const auto p = Predictor::Fit(table.x, y, static_cast<PredictorKind>(i),
                                    5, {0.1, 1, 10}, costs);
      ASSERT_TRUE(p.has_value());
      error[i] = p->error();
      kinds[i] = p->kind();
    }
    EXPECT_EQ(error[2], std::min(error[0], error[1]));
    EXPECT_EQ(kinds[2], error[1] < error[0] ? PredictorKind::kSvr
                                            : PredictorKind::kRidge);
  }
}

TEST(PredictorTest, TooLittleIsNoPredictor) {
  EXPECT_FALSE(Predictor::Fit({{1}}, {1}, PredictorKind::kAuto).has_value());
}

}  // namespace
}  // namespace assay::search
