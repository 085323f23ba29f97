#include "harness/linalg/linalg.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pointwise;

Matrix RandomMatrix(int64_t rows, int64_t columns) {
  RandomStream random(3, "linalg");
  Matrix a(rows, columns);
  for (double& value : a.values) value = 2 * random.UniformDouble() - 1;
  return a;
}

Matrix Product(const Matrix& a, const Matrix& b, bool transpose_a = false,
               bool transpose_b = false) {
  auto product = Multiply(a, b, transpose_a, transpose_b);
  EXPECT_OK(product);
  return product.ok() ? *std::move(product) : Matrix();
}

Matrix Positive(int64_t n) {
  Matrix a = Product(RandomMatrix(n + 2, n), RandomMatrix(n + 2, n), true);
  for (int64_t i = 0; i < n; ++i) a(i, i) += 0.1;
  return a;
}

void ExpectNear(const Matrix& want, const Matrix& got, double most = 1e-10) {
  EXPECT_EQ(want.rows, got.rows);
  EXPECT_EQ(want.columns, got.columns);
  EXPECT_THAT(got.values, Pointwise(DoubleNear(most), want.values));
}

void ExpectOrthonormal(const Matrix& columns) {
  Matrix identity(columns.columns, columns.columns);
  for (int64_t i = 0; i < identity.rows; ++i) identity(i, i) = 1;
  ExpectNear(identity, Product(columns, columns, true));
}

Matrix Diagonal(const std::vector<double>& values) {
  const int64_t n = static_cast<int64_t>(values.size());
  Matrix a(n, n);
  for (int64_t i = 0; i < n; ++i) a(i, i) = values[static_cast<size_t>(i)];
  return a;
}

TEST(MultiplyTest, Transposes) {
  const Matrix a(2, 3, {1, 2, 3, 4, 5, 6}), b(2, 1, {1, 10});
  EXPECT_THAT(Product(a, b, true).values, ElementsAre(41, 52, 63));
  EXPECT_THAT(Product(b, a, true).values, ElementsAre(41, 52, 63));
  EXPECT_THAT(Product(a, a, false, true).values, ElementsAre(14, 32, 32, 77));
  EXPECT_THAT(Multiply(a, a), StatusIs(absl::StatusCode::kInvalidArgument,
                                       HasSubstr("expected equal inner")));
}

TEST(ThinSvdTest, OfAKnownMatrix) {
  ASSERT_OK_AND_ASSIGN(const Svd svd, ThinSvd(Matrix(2, 2, {3, 0, 4, 5})));
  EXPECT_THAT(svd.s, ElementsAre(DoubleNear(std::sqrt(45), 1e-12),
                                 DoubleNear(std::sqrt(5), 1e-12)));
}

TEST(ThinSvdTest, RebuildsTallAndWide) {
  for (const auto& [rows, columns] :
       {std::pair<int64_t, int64_t>{7, 4}, {4, 7}, {40, 33}, {1, 5}}) {
    const Matrix a = RandomMatrix(rows, columns);
    ASSERT_OK_AND_ASSIGN(const Svd svd, ThinSvd(a));
    ExpectOrthonormal(svd.u);
    ExpectOrthonormal(svd.v);
    ExpectNear(a, Product(Product(svd.u, Diagonal(svd.s)), svd.v, false, true));
    EXPECT_TRUE(std::is_sorted(svd.s.rbegin(), svd.s.rend()));
  }
}

TEST(ThinSvdTest, ColumnsStayOrthonormalWhereTheRankIsLow) {
  const Matrix a = Product(RandomMatrix(20, 2), RandomMatrix(2, 18));
  ASSERT_OK_AND_ASSIGN(const Svd svd, ThinSvd(a));
  ExpectOrthonormal(svd.u);
  ExpectOrthonormal(svd.v);
  EXPECT_GT(svd.s[1], 1e-3);
  EXPECT_LT(svd.s[2], 1e-12);
  ASSERT_OK_AND_ASSIGN(const Matrix rank_two, Truncate(svd, 2));
  ExpectNear(a, rank_two);
  EXPECT_THAT(Truncate(svd, 19),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("rank: expected 1 to 18, got 19")));
}

TEST(ThinSvdTest, NothingHasOrthonormalColumnsToo) {
  ASSERT_OK_AND_ASSIGN(const Svd svd, ThinSvd(Matrix(4, 3)));
  EXPECT_THAT(svd.s, ElementsAre(0, 0, 0));
  ExpectOrthonormal(svd.u);
  ExpectOrthonormal(svd.v);
}

TEST(ThinSvdTest, GivesTheSameBitsAgain) {
  const Matrix a = RandomMatrix(30, 20);
  ASSERT_OK_AND_ASSIGN(const Svd once, ThinSvd(a));
  ASSERT_OK_AND_ASSIGN(const Svd again, ThinSvd(a));
  EXPECT_EQ(once.u.values, again.u.values);
  EXPECT_EQ(once.s, again.s);
}

TEST(RankOfEnergyTest, CountsSquares) {
  // Shares of 25: 16, 8, 1.
  const std::vector<double> s = {4, std::sqrt(8.0), 1};
  EXPECT_EQ(RankOfEnergy(s, 0), 1);
  EXPECT_EQ(RankOfEnergy(s, 0.64), 1);
  EXPECT_EQ(RankOfEnergy(s, 0.65), 2);
  EXPECT_EQ(RankOfEnergy(s, 1), 3);
}

TEST(ThinQrTest, RebuildsWithAPositiveDiagonal) {
  const Matrix a = RandomMatrix(9, 5);
  ASSERT_OK_AND_ASSIGN(const Qr qr, ThinQr(a));
  ExpectOrthonormal(qr.q);
  ExpectNear(a, Product(qr.q, qr.r));
  for (int64_t i = 0; i < 5; ++i) {
    EXPECT_GT(qr.r(i, i), 0);
    for (int64_t j = 0; j < i; ++j) EXPECT_EQ(qr.r(i, j), 0);
  }
  EXPECT_THAT(ThinQr(RandomMatrix(4, 5)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("as many rows as columns, got [4,5]")));
}

TEST(SymmetricEigenTest, OfAKnownMatrix) {
  ASSERT_OK_AND_ASSIGN(const Eigenpairs pairs,
                       SymmetricEigen(Matrix(2, 2, {2, 1, 1, 2})));
  EXPECT_THAT(pairs.values,
              ElementsAre(DoubleNear(3, 1e-12), DoubleNear(1, 1e-12)));
  EXPECT_THAT(pairs.vectors(0, 0), DoubleNear(M_SQRT1_2, 1e-12));
  EXPECT_THAT(pairs.vectors(1, 0), DoubleNear(M_SQRT1_2, 1e-12));
}

TEST(SymmetricEigenTest, TakesNegativeAndEqualValues) {
  ASSERT_OK_AND_ASSIGN(
      const Eigenpairs pairs,
      SymmetricEigen(Matrix(3, 3, {0, 1, 0, 1, 0, 0, 0, 0, -1})));
  EXPECT_THAT(pairs.values,
              ElementsAre(DoubleNear(1, 1e-12), DoubleNear(-1, 1e-12),
                          DoubleNear(-1, 1e-12)));
  ExpectOrthonormal(pairs.vectors);
  ASSERT_OK_AND_ASSIGN(const Eigenpairs zero, SymmetricEigen(Matrix(2, 2)));
  EXPECT_THAT(zero.values, ElementsAre(0, 0));
  ExpectOrthonormal(zero.vectors);
}

TEST(SymmetricEigenTest, RebuildsAndRefusesAsymmetry) {
  const Matrix a = Positive(12);
  ASSERT_OK_AND_ASSIGN(const Eigenpairs pairs, SymmetricEigen(a));
  ExpectOrthonormal(pairs.vectors);
  ExpectNear(a, Product(Product(pairs.vectors, Diagonal(pairs.values)),
                        pairs.vectors, false, true));
  EXPECT_THAT(SymmetricEigen(Matrix(2, 2, {1, 2, 3, 4})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("symmetric matrix, got 3 at (1,0) and 2")));
}

TEST(GeneralisedEigenTest, IsOrthonormalInB) {
  const Matrix a = Positive(5), b = Diagonal({1, 2, 3, 4, 5});
  ASSERT_OK_AND_ASSIGN(const Eigenpairs pairs, GeneralisedEigen(a, b));
  ExpectNear(Diagonal({1, 1, 1, 1, 1}),
             Product(Product(pairs.vectors, b, true), pairs.vectors));
  ExpectNear(Product(a, pairs.vectors),
             Product(b, Product(pairs.vectors, Diagonal(pairs.values))));
  EXPECT_THAT(GeneralisedEigen(a, Diagonal({1, 2, 0, 4, 5})),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("b: expected a positive definite")));
}

TEST(CholeskyTest, OfAKnownMatrix) {
  ASSERT_OK_AND_ASSIGN(const Matrix l, Cholesky(Matrix(2, 2, {4, 2, 2, 10})));
  EXPECT_THAT(l.values, ElementsAre(2, 0, 1, 3));
  EXPECT_THAT(Cholesky(Matrix(2, 2, {1, 2, 2, 1})),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("a: expected a positive definite matrix")));
}

TEST(SolveTest, EveryWayGivesTheSolution) {
  const Matrix a = Positive(6), x = RandomMatrix(6, 2), b = Product(a, x);
  ASSERT_OK_AND_ASSIGN(const Matrix positive, SolvePositive(a, b));
  ASSERT_OK_AND_ASSIGN(const Matrix general, Solve(a, b));
  ASSERT_OK_AND_ASSIGN(const Matrix least, LeastSquares(a, b));
  ASSERT_OK_AND_ASSIGN(const Matrix inverse, InversePositive(a));
  ExpectNear(x, positive, 1e-8);
  ExpectNear(x, general, 1e-8);
  ExpectNear(x, least, 1e-8);
  ExpectNear(x, Product(inverse, b), 1e-8);
}

TEST(SolveTest, SaysThatAMatrixIsSingular) {
  EXPECT_THAT(Solve(Matrix(2, 2, {1, 2, 2, 4}), Matrix(2, 1, {1, 2})),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("invertible matrix, got reciprocal")));
  // Of all x with x0 + 2 x1 = 1 the shortest.
  ASSERT_OK_AND_ASSIGN(
      const Matrix least,
      LeastSquares(Matrix(2, 2, {1, 2, 2, 4}), Matrix(2, 1, {1, 2})));
  EXPECT_THAT(least.values,
              ElementsAre(DoubleNear(0.2, 1e-12), DoubleNear(0.4, 1e-12)));
}

TEST(RidgeTest, ShrinksTowardsZero) {
  // One column: x = a'b / (a'a + penalty) = 10 / (5 + 5).
  ASSERT_OK_AND_ASSIGN(const Matrix x,
                       Ridge(Matrix(2, 1, {1, 2}), Matrix(2, 1, {2, 4}), 5));
  EXPECT_THAT(x.values, ElementsAre(DoubleNear(1, 1e-12)));
  EXPECT_THAT(Ridge(Matrix(1, 1, {1}), Matrix(1, 1, {1}), 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("penalty: expected a number above 0, got 0")));
}

TEST(LinalgTest, NamesWhatIsNoNumber) {
  const Matrix bad(2, 2, {1, 2, NAN, 4});
  for (const absl::Status& status :
       {ThinSvd(bad).status(), ThinQr(bad).status(),
        SymmetricEigen(bad).status(), Cholesky(bad).status(),
        Solve(bad, bad).status(), LeastSquares(bad, bad).status(),
        Multiply(bad, bad).status(), Ridge(bad, bad, 1).status()}) {
    EXPECT_THAT(status,
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("a: element (1,0): expected a finite")));
  }
  EXPECT_THAT(ThinSvd(Matrix()), StatusIs(absl::StatusCode::kInvalidArgument,
                                          HasSubstr("a matrix with elements")));
  EXPECT_THAT(Solve(Matrix(1, 1, {1}), Matrix(2, 1, {1, 2})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("b: expected 1 rows as a has, got [2,1]")));
}

}  // namespace
}  // namespace assay
