#include "harness/ops/matmul/cpu/strassen_rows.h"

#include <algorithm>

#include "harness/backend/cpu/vector16.h"

namespace assay::cpu {
namespace {

// With left quarters a, b / c, d and right quarters e, f / g, h, the products
// in the order in which they are summed:
//   0: a e   1: b g   2: (c + d - a) (h - f + e)   3: (a - c) (h - f)
//   4: (c + d) (f - e)   5: (a + b - c - d) h   6: d (g - h + f - e)
// The results are 0 + 1, 0 + 2 + 4 + 5 / 0 + 2 + 3 + 6, 0 + 2 + 3 + 4.
constexpr int64_t kProducts = 7;
constexpr int64_t kWidth = kStrassenColumns / 2;  // of a tile
constexpr int kVectors = kWidth / kLanes;
constexpr int64_t kMostRows = 12;  // of a tile; sums fill the registers

#define ASSAY_WIDE_TARGET __attribute__((target("avx512f")))

template <int kRows>
struct Tile {
  V16 at[kRows][kVectors];

  ASSAY_ALWAYS_INLINE void Clear() {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kVectors; ++v) at[r][v] = V16{};
    }
  }
  ASSAY_ALWAYS_INLINE void Load(const float* from) {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kVectors; ++v) {
        at[r][v] = LoadLanes(from + r * kWidth + v * kLanes);
      }
    }
  }
  ASSAY_ALWAYS_INLINE void Add(const float* from) {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kVectors; ++v) {
        at[r][v] += LoadLanes(from + r * kWidth + v * kLanes);
      }
    }
  }
  ASSAY_ALWAYS_INLINE void Store(float* to) const {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kVectors; ++v) {
        StoreLanes(at[r][v], to + r * kWidth + v * kLanes);
      }
    }
  }
  // Adds a product of half of the terms. `left` has sixteen terms of one row
  // after the other, then the next sixteen; `right` rows of kWidth.
  ASSAY_ALWAYS_INLINE void AddProduct(const float* left, const float* right,
                                      int64_t terms) {
    for (int64_t t = 0; t < terms; t += kLanes, left += kRows * kLanes) {
#pragma GCC unroll 1
      for (int64_t k = 0; k < kLanes; ++k, right += kWidth) {
        V16 columns[kVectors];
        for (int v = 0; v < kVectors; ++v) {
          columns[v] = LoadLanes(right + v * kLanes);
        }
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) {
          const float one = left[r * kLanes + k];
          for (int v = 0; v < kVectors; ++v) at[r][v] += one * columns[v];
        }
      }
    }
  }
};

// Four tiles of results from tiles of the seven left and right sides, which are
// `left_step` and terms * kWidth apart.
template <int kRows>
ASSAY_WIDE_TARGET void MultiplyTiles(const float* left, int64_t left_step,
                                     const float* right, int64_t terms,
                                     float* results) {
  constexpr int64_t kSize = kRows * kWidth;
  const int64_t right_step = terms * kWidth;
  float base[kSize], low[kSize], fifth[kSize];
  Tile<kRows> sums;
  const auto add = [&](int64_t i) ASSAY_WIDE_TARGET {
    sums.AddProduct(left + i * left_step, right + i * right_step, terms);
  };
  sums.Clear();
  add(0);
  sums.Store(base);
  add(1);
  sums.Store(results);
  sums.Load(base);
  add(2);
  sums.Store(base);
  add(3);
  sums.Store(low);
  sums.Clear();
  add(4);
  sums.Store(fifth);
  sums.Add(low);
  sums.Store(results + 3 * kSize);
  sums.Load(base);
  sums.Add(fifth);
  add(5);
  sums.Store(results + kSize);
  sums.Load(low);
  add(6);
  sums.Store(results + 2 * kSize);
}

// The seven left sides of `rows` rows and `half` rows each, `step` apart; rows
// behind the last are 0.
template <int kRows>
ASSAY_WIDE_TARGET void PackLeft(const float* left, int64_t rows, int64_t half,
                                int64_t terms, int64_t step, float* packed) {
  const int64_t inner = terms / 2;
  for (int64_t r = 0; r < half; ++r) {
    const float* upper = left + r * terms;
    const bool paired = r + half < rows;
    const float* lower = upper + half * terms;
    float* to = packed + r / kRows * kRows * inner + r % kRows * kLanes;
    for (int64_t k = 0; k < inner; k += kLanes, to += kRows * kLanes) {
      const V16 a = LoadLanes(upper + k), b = LoadLanes(upper + inner + k);
      const V16 c = paired ? LoadLanes(lower + k) : V16{};
      const V16 d = paired ? LoadLanes(lower + inner + k) : V16{};
      const V16 below = c + d;
      const V16 cross = below - a;
      StoreLanes(a, to);
      StoreLanes(b, to + step);
      StoreLanes(cross, to + 2 * step);
      StoreLanes(a - c, to + 3 * step);
      StoreLanes(below, to + 4 * step);
      StoreLanes(b - cross, to + 5 * step);
      StoreLanes(d, to + 6 * step);
    }
  }
}

// erf as VectorErf has it (elementwise/cpu/vector_math.h).
ASSAY_ALWAYS_INLINE V16 Erf(V16 x) {
  const V16 one = Splat(3.85f);
  const V16 above = x < -one ? -one : x;
  const V16 clamped = above > one ? one : above;
  const V16 z = clamped * clamped;
  V16 p = Splat(2.1083586100e-6f);
  p = p * z + 2.8566782865e-4f;
  p = p * z + 3.6735771957e-3f;
  p = p * z + 5.2478625772e-2f;
  p = p * z + 1.8788934874e-1f;
  p = p * z + 1.1283791512f;
  V16 q = Splat(3.8732365826e-5f);
  q = q * z + 1.1454169235e-3f;
  q = q * z + 1.4784186622e-2f;
  q = q * z + 1.1312552958e-1f;
  q = q * z + 4.9984547641e-1f;
  q = q * z + 1.0f;
  const V16 y = clamped * p / q;
  const V16 low = y < -1.0f ? Splat(-1.0f) : y;
  return low > 1.0f ? Splat(1.0f) : low;
}

template <ProductActivation kActivation>
ASSAY_ALWAYS_INLINE V16 Activate(V16 x) {
  if constexpr (kActivation == ProductActivation::kRelu) return ReluLanes(x);
  if constexpr (kActivation == ProductActivation::kGelu) {
    return 0.5f * x * (1.0f + Erf(x * 0.70710678118654752f));
  }
  return x;
}

// `rows` rows of a tile, to `dst`; `bias` is of its first column.
template <ProductActivation kActivation>
ASSAY_WIDE_TARGET void FinishTile(const float* sums, int64_t rows,
                                  const float* bias, bool add, int64_t row,
                                  float* dst) {
  V16 shift[kVectors] = {};
  for (int v = 0; v < kVectors && bias != nullptr; ++v) {
    shift[v] = LoadLanes(bias + v * kLanes);
  }
  for (int64_t r = 0; r < rows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      float* to = dst + r * row + v * kLanes;
      V16 x = LoadLanes(sums + r * kWidth + v * kLanes) + shift[v];
      if (add) x += LoadLanes(to);
      StoreLanes(Activate<kActivation>(x), to);
    }
  }
}

using Finish = void (*)(const float*, int64_t, const float*, bool, int64_t,
                        float*);

Finish FinishOf(ProductActivation activation) {
  switch (activation) {
    case ProductActivation::kNone:
      return FinishTile<ProductActivation::kNone>;
    case ProductActivation::kRelu:
      return FinishTile<ProductActivation::kRelu>;
    case ProductActivation::kGelu:
      return FinishTile<ProductActivation::kGelu>;
  }
  return nullptr;
}

template <int kRows>
void Multiply(const ProductExtents& e, const float* left, const float* packed,
              const ProductEpilogue& epilogue, float* scratch, float* dst) {
  const int64_t half = (e.rows + 1) / 2, inner = e.terms / 2;
  const int64_t columns = e.columns / 2;
  const int64_t tiles = (half + kRows - 1) / kRows;
  const int64_t step = tiles * kRows * inner;
  PackLeft<kRows>(left, e.rows, half, e.terms, step, scratch);
  const Finish finish = FinishOf(epilogue.activation);
  float results[4 * kRows * kWidth];
  for (int64_t c = 0; c < columns; c += kWidth) {
    const float* right = packed + kProducts * inner * c;
    for (int64_t r = 0; r < half; r += kRows) {
      MultiplyTiles<kRows>(scratch + r * inner, step, right, inner, results);
      for (int64_t quarter = 0; quarter < 4; ++quarter) {
        const int64_t row = quarter < 2 ? r : r + half;
        const int64_t end = quarter < 2 ? half : e.rows;
        const int64_t column = quarter % 2 == 0 ? c : c + columns;
        const float* bias = epilogue.bias;
        finish(results + quarter * kRows * kWidth,
               std::min<int64_t>(kRows, end - row),
               bias == nullptr ? nullptr : bias + column, epilogue.add,
               e.columns, dst + row * e.columns + column);
      }
    }
  }
}

// Rows of a tile: as even as may be.
int64_t TileRows(int64_t half) {
  const int64_t tiles = (half + kMostRows - 1) / kMostRows;
  return (half + tiles - 1) / tiles;
}

}  // namespace

int64_t StrassenScratch(int64_t rows, int64_t terms) {
  const int64_t half = (rows + 1) / 2;
  return kProducts * (half + kMostRows) * (terms / 2);
}

void PackStrassen(const float* weights, int64_t terms, int64_t columns,
                  float* packed) {
  const int64_t inner = terms / 2, half = columns / 2;
  for (int64_t c = 0; c < half; ++c) {
    const float* left = weights + c * terms;
    const float* right = left + half * terms;
    float* to = packed + c / kWidth * kWidth * kProducts * inner + c % kWidth;
    for (int64_t k = 0; k < inner; ++k, to += kWidth) {
      const float e = left[k], g = left[inner + k];
      const float f = right[k], h = right[inner + k];
      const float across = f - e;
      const float rest = h - across;
      const float sides[kProducts] = {e, g, rest, h - f, across, h, g - rest};
      for (int64_t i = 0; i < kProducts; ++i) to[i * inner * kWidth] = sides[i];
    }
  }
}

void MultiplyStrassen(const ProductExtents& e, const float* left,
                      const float* packed, const ProductEpilogue& epilogue,
                      float* scratch, float* dst) {
  switch (TileRows((e.rows + 1) / 2)) {
    case 9:
      return Multiply<9>(e, left, packed, epilogue, scratch, dst);
    case 10:
      return Multiply<10>(e, left, packed, epilogue, scratch, dst);
    case 11:
      return Multiply<11>(e, left, packed, epilogue, scratch, dst);
    default:
      return Multiply<12>(e, left, packed, epilogue, scratch, dst);
  }
}

}  // namespace assay::cpu
