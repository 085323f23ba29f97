// Products of matrices by Winograd's form of Strassen's algorithm: with rows,
// terms and columns in halves, seven products of halves and some sums in the
// place of eight products. The same precision, other roundings.
#ifndef ASSAY_HARNESS_OPS_MATMUL_CPU_STRASSEN_ROWS_H_
#define ASSAY_HARNESS_OPS_MATMUL_CPU_STRASSEN_ROWS_H_

#include <cstdint>

namespace assay::cpu {

// [rows, terms] by [terms, columns].
struct ProductExtents {
  int64_t rows, terms, columns;
};

// Multiples of which terms and columns are; fewer rows have no kernel.
constexpr int64_t kStrassenTerms = 32, kStrassenColumns = 64;
constexpr int64_t kStrassenRows = 48;

// Floats of a right side as PackStrassen makes it, and of the scratch of a
// product.
constexpr int64_t StrassenPacked(int64_t terms, int64_t columns) {
  return 7 * (terms / 2) * (columns / 2);
}
int64_t StrassenScratch(int64_t rows, int64_t terms);

// The right side from row-major weights [columns, terms].
void PackStrassen(const float* weights, int64_t terms, int64_t columns,
                  float* packed);

enum class ProductActivation : uint8_t { kNone, kRelu, kGelu };

// What becomes of a product on its way to `dst`: bias, then what `dst` holds,
// then the activation.
struct ProductEpilogue {
  const float* bias = nullptr;  // null: 0
  bool add = false;
  ProductActivation activation = ProductActivation::kNone;
};

// Row-major `left` by `packed`. Only where the processor has AVX-512.
void MultiplyStrassen(const ProductExtents& e, const float* left,
                      const float* packed, const ProductEpilogue& epilogue,
                      float* scratch, float* dst);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_MATMUL_CPU_STRASSEN_ROWS_H_
