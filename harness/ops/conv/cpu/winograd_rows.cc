#include "harness/ops/conv/cpu/winograd_rows.h"

#include <cstring>

#include "harness/backend/cpu/multiversion.h"
#include "harness/backend/cpu/product_tile.h"
#include "harness/backend/cpu/vector16.h"

namespace assay::cpu {
namespace {

constexpr int kSide = 4;  // of a tile of a source
constexpr int kTaps = 3;

// Where a tile lies: its image and its first row and column there.
struct TileAt {
  int64_t image, y, x;
};

// Walks tiles in order.
class TileWalk {
 public:
  ASSAY_ALWAYS_INLINE TileWalk(const TiledImages& m, int64_t tile)
      : m_(m), row_(m.width * m.pixel) {
    const int64_t within = tile % m.tiles;
    at_ = {tile / m.tiles, within / m.across * 2 - m.top,
           within % m.across * 2 - m.left};
  }
  ASSAY_ALWAYS_INLINE void Next() {
    at_.x += 2;
    if (at_.x + m_.left < 2 * m_.across) return;
    at_.x = -m_.left;
    at_.y += 2;
    if (at_.y + m_.top < 2 * (m_.tiles / m_.across)) return;
    at_.y = -m_.top;
    ++at_.image;
  }
  // Whether `side` rows and columns from here on are all there.
  ASSAY_ALWAYS_INLINE bool Inside(int side) const {
    return at_.y >= 0 && at_.x >= 0 && at_.y + side <= m_.height &&
           at_.x + side <= m_.width;
  }
  ASSAY_ALWAYS_INLINE bool Has(int y, int x) const {
    const int64_t row = at_.y + y, column = at_.x + x;
    return row >= 0 && column >= 0 && row < m_.height && column < m_.width;
  }
  ASSAY_ALWAYS_INLINE int64_t offset() const {
    return at_.image * m_.image + at_.y * row_ + at_.x * m_.pixel;
  }
  int64_t row() const { return row_; }
  int64_t pixel() const { return m_.pixel; }
  int64_t block() const { return m_.block; }
  int64_t blocks() const { return m_.blocks; }

 private:
  TiledImages m_;
  int64_t row_;  // elements between rows
  TileAt at_;
};

// Strides of a tile's pixels.
struct TileSteps {
  int64_t row, pixel;
};

// B^T d B of the sixteen channels at `p`.
template <typename T>
ASSAY_ALWAYS_INLINE void TransformTile(const T* p, const TileSteps& step,
                                       int64_t stride, float* out) {
  V16 rows[kSide][kSide];
  for (int x = 0; x < kSide; ++x) {
    const T* column = p + x * step.pixel;
    const V16 a = LoadLanes(column);
    const V16 b = LoadLanes(column + step.row);
    const V16 c = LoadLanes(column + 2 * step.row);
    const V16 d = LoadLanes(column + 3 * step.row);
    rows[0][x] = a - c;
    rows[1][x] = b + c;
    rows[2][x] = c - b;
    rows[3][x] = b - d;
  }
  for (int y = 0; y < kSide; ++y) {
    float* to = out + y * kSide * stride;
    StoreLanes(rows[y][0] - rows[y][2], to);
    StoreLanes(rows[y][1] + rows[y][2], to + stride);
    StoreLanes(rows[y][2] - rows[y][1], to + 2 * stride);
    StoreLanes(rows[y][1] - rows[y][3], to + 3 * stride);
  }
}

// A d A^T of the sixteen channels at `p`, d the 2x2 gradients of a tile.
template <typename T>
ASSAY_ALWAYS_INLINE void SpreadTile(const T* p, const TileSteps& step,
                                    int64_t stride, float* out) {
  V16 rows[kSide][2];
  for (int x = 0; x < 2; ++x) {
    const V16 a = LoadLanes(p + x * step.pixel);
    const V16 b = LoadLanes(p + x * step.pixel + step.row);
    rows[0][x] = a;
    rows[1][x] = a + b;
    rows[2][x] = a - b;
    rows[3][x] = -b;
  }
  for (int y = 0; y < kSide; ++y) {
    float* to = out + y * kSide * stride;
    StoreLanes(rows[y][0], to);
    StoreLanes(rows[y][0] + rows[y][1], to + stride);
    StoreLanes(rows[y][0] - rows[y][1], to + 2 * stride);
    StoreLanes(-rows[y][1], to + 3 * stride);
  }
}

// A^T m A: the results of a tile.
ASSAY_ALWAYS_INLINE void GatherTile(const float* made, int64_t stride, V16 bias,
                                    V16 results[2][2]) {
  V16 rows[2][kSide];
  for (int x = 0; x < kSide; ++x) {
    const V16 a = LoadLanes(made + x * stride);
    const V16 b = LoadLanes(made + (kSide + x) * stride);
    const V16 c = LoadLanes(made + (2 * kSide + x) * stride);
    const V16 d = LoadLanes(made + (3 * kSide + x) * stride);
    rows[0][x] = a + b + c;
    rows[1][x] = b - c - d;
  }
  for (int y = 0; y < 2; ++y) {
    results[y][0] = rows[y][0] + rows[y][1] + rows[y][2] + bias;
    results[y][1] = rows[y][1] - rows[y][2] - rows[y][3] + bias;
  }
}

// The sixteen channels at `p` of a tile that reaches beyond the image, with
// zeros there.
template <int kExtent, typename T>
ASSAY_ALWAYS_INLINE void CopyTile(const TileWalk& walk, const T* p, T* tile) {
  for (int y = 0; y < kExtent; ++y) {
    for (int x = 0; x < kExtent; ++x) {
      T* to = tile + (y * kExtent + x) * kLanes;
      if (walk.Has(y, x)) {
        std::memcpy(to, p + y * walk.row() + x * walk.pixel(),
                    kLanes * sizeof(T));
      } else {
        std::memset(static_cast<void*>(to), 0, kLanes * sizeof(T));
      }
    }
  }
}

// f(first element, strides, where to put its first position) for the blocks of
// channels of the group's tiles, kExtent pixels wide and high.
template <int kExtent, typename T, typename F>
ASSAY_ALWAYS_INLINE void ForTiles(const TiledImages& m, const T* images,
                                  int64_t first, int64_t count, float* out,
                                  const F& f) {
  TileWalk walk(m, first);
  const int64_t blocks = walk.blocks(), block = walk.block();
  for (int64_t t = 0; t < count; ++t, walk.Next()) {
    const T* p = images + walk.offset();
    if (walk.Inside(kExtent)) {
      const TileSteps step{walk.row(), walk.pixel()};
      for (int64_t b = 0; b < blocks; ++b, out += kLanes) {
        f(p + b * block, step, out);
      }
    } else {
      alignas(64) T tile[kExtent * kExtent * kLanes];
      const TileSteps step{kExtent * kLanes, kLanes};
      for (int64_t b = 0; b < blocks; ++b, out += kLanes) {
        CopyTile<kExtent>(walk, p + b * block, tile);
        f(tile, step, out);
      }
    }
  }
}

template <typename T>
ASSAY_ALWAYS_INLINE void TransformTiles(const TiledImages& m, const T* src,
                                        int64_t first, int64_t count,
                                        int64_t stride, float* out) {
  ForTiles<kSide>(
      m, src, first, count, out,
      [stride](const T* p, const TileSteps& step, float* to) __attribute__((
          always_inline)) { TransformTile(p, step, stride, to); });
}

template <typename T>
ASSAY_ALWAYS_INLINE void SpreadTiles(const TiledImages& m, const T* diff,
                                     int64_t first, int64_t count,
                                     int64_t stride, float* out) {
  ForTiles<2>(
      m, diff, first, count, out,
      [stride](const T* p, const TileSteps& step, float* to)
          __attribute__((always_inline)) { SpreadTile(p, step, stride, to); });
}

ASSAY_ALWAYS_INLINE V16 Finish(const TileEpilogue& epilogue, V16 result,
                               const float* dst) {
  if (epilogue.add) result += LoadLanes(dst);
  result = result < epilogue.low ? V16{} + epilogue.low : result;
  return result > epilogue.high ? V16{} + epilogue.high : result;
}

ASSAY_ALWAYS_INLINE void GatherTiles(const TiledImages& m, const float* made,
                                     const TileEpilogue& epilogue,
                                     int64_t first, int64_t count,
                                     int64_t stride, float* dst) {
  TileWalk walk(m, first);
  const int64_t blocks = walk.blocks(), block = walk.block();
  const int64_t row = walk.row(), pixel = walk.pixel();
  for (int64_t t = 0; t < count; ++t, walk.Next()) {
    float* p = dst + walk.offset();
    const bool inside = walk.Inside(2);
    for (int64_t b = 0; b < blocks; ++b, made += kLanes, p += block) {
      const V16 term = epilogue.bias == nullptr
                           ? V16{}
                           : LoadLanes(epilogue.bias + b * kLanes);
      V16 results[2][2];
      GatherTile(made, stride, term, results);
      for (int y = 0; y < 2; ++y) {
        for (int x = 0; x < 2; ++x) {
          if (!inside && !walk.Has(y, x)) continue;
          float* to = p + y * row + x * pixel;
          StoreLanes(Finish(epilogue, results[y][x], to), to);
        }
      }
    }
  }
}

template <int kRows, int kVectors>
ASSAY_ALWAYS_INLINE void Products(const float* left, const float* transformed,
                                  int64_t channels, int64_t results,
                                  int64_t tiles, float* made) {
  constexpr int64_t kColumns = kVectors * kLanes;
  const int64_t from = PositionStride(tiles, channels);
  const int64_t to = PositionStride(tiles, results);
  for (int64_t p = 0; p < kTilePositions; ++p) {
    for (int64_t c = 0; c < results; c += kColumns) {
      const float* panel = transformed + (p * results + c) * channels;
      for (int64_t t = 0; t < tiles; t += kRows) {
        ProductTile<kRows, kVectors>(left + p * from + t * channels,
                                     {channels, 1}, panel, kColumns, channels,
                                     /*add=*/false,
                                     made + p * to + t * results + c, results);
      }
    }
  }
}

template <int kRows, int kVectors>
ASSAY_ALWAYS_INLINE void Outers(const float* left, const float* right,
                                int64_t channels, int64_t results,
                                int64_t count, int64_t tiles, float* sums) {
  const int64_t from = PositionStride(tiles, channels);
  const int64_t to = PositionStride(tiles, results);
  for (int64_t p = 0; p < kTilePositions; ++p) {
    for (int64_t c = 0; c < results; c += kVectors * kLanes) {
      for (int64_t r = 0; r < channels; r += kRows) {
        ProductTile<kRows, kVectors>(
            left + p * from + r, {1, channels}, right + p * to + c, results,
            count, /*add=*/true, sums + (p * channels + r) * results + c,
            results);
      }
    }
  }
}

template <typename T>
ASSAY_ALWAYS_INLINE void AddGradientsBody(const TiledImages& from, const T* src,
                                          const TiledImages& to, const T* diff,
                                          int64_t first, int64_t count,
                                          int64_t tiles, float* left,
                                          float* right, float* sums) {
  const int64_t channels = from.blocks * kLanes, results = to.blocks * kLanes;
  TransformTiles(from, src, first, count, PositionStride(tiles, channels),
                 left);
  SpreadTiles(to, diff, first, count, PositionStride(tiles, results), right);
  if (results % 32 == 0) {
    Outers<8, 2>(left, right, channels, results, count, tiles, sums);
  } else {
    Outers<16, 1>(left, right, channels, results, count, tiles, sums);
  }
}

template <typename T>
ASSAY_ALWAYS_INLINE void FinishGradientsBody(const float* sums,
                                             const KernelOrder& order,
                                             int64_t begin, int64_t end,
                                             int64_t channels, int64_t results,
                                             T* gradients) {
  const int64_t stride = channels * results;
  for (int64_t c = begin; c < end; ++c) {
    for (int64_t k = 0; k < results; k += kLanes) {
      const float* from = sums + c * results + k;
      // G^T s G.
      V16 rows[kTaps][kSide];
      for (int x = 0; x < kSide; ++x) {
        const V16 a = LoadLanes(from + x * stride);
        const V16 b = LoadLanes(from + (kSide + x) * stride);
        const V16 d = LoadLanes(from + (2 * kSide + x) * stride);
        const V16 e = LoadLanes(from + (3 * kSide + x) * stride);
        const V16 sum = 0.5f * (b + d);
        rows[0][x] = a + sum;
        rows[1][x] = 0.5f * (b - d);
        rows[2][x] = sum + e;
      }
      T* to = gradients + c * order.channel + k * order.result;
      for (int y = 0; y < kTaps; ++y) {
        const V16 sum = 0.5f * (rows[y][1] + rows[y][2]);
        const V16 taps[kTaps] = {rows[y][0] + sum,
                                 0.5f * (rows[y][1] - rows[y][2]),
                                 sum + rows[y][3]};
        for (int x = 0; x < kTaps; ++x) {
          for (int i = 0; i < kLanes; ++i) {
            to[i * order.result + y * kTaps + x] = T(taps[x][i]);
          }
        }
      }
    }
  }
}

// target_clones wants plain functions.
ASSAY_CPU_CLONES void AddGradientsOfFloat(
    const TiledImages& from, const float* src, const TiledImages& to,
    const float* diff, int64_t first, int64_t count, int64_t tiles, float* left,
    float* right, float* sums) {
  AddGradientsBody(from, src, to, diff, first, count, tiles, left, right, sums);
}

ASSAY_CPU_CLONES void AddGradientsOfBf16(
    const TiledImages& from, const BFloat16* src, const TiledImages& to,
    const BFloat16* diff, int64_t first, int64_t count, int64_t tiles,
    float* left, float* right, float* sums) {
  AddGradientsBody(from, src, to, diff, first, count, tiles, left, right, sums);
}

ASSAY_CPU_CLONES void FinishGradientsOfFloat(const float* sums,
                                             const KernelOrder& order,
                                             int64_t begin, int64_t end,
                                             int64_t channels, int64_t results,
                                             float* gradients) {
  FinishGradientsBody(sums, order, begin, end, channels, results, gradients);
}

ASSAY_CPU_CLONES void FinishGradientsOfBf16(const float* sums,
                                            const KernelOrder& order,
                                            int64_t begin, int64_t end,
                                            int64_t channels, int64_t results,
                                            BFloat16* gradients) {
  FinishGradientsBody(sums, order, begin, end, channels, results, gradients);
}

}  // namespace

ASSAY_CPU_CLONES void TransformKernels(const float* weights,
                                       const KernelOrder& order, int64_t begin,
                                       int64_t end, int64_t channels,
                                       int64_t results, float* transformed) {
  const int64_t columns = PanelColumns(results);
  for (int64_t c = begin; c < end; ++c) {
    for (int64_t k = 0; k < results; k += kLanes) {
      V16 taps[kTaps][kTaps];
      for (int y = 0; y < kTaps; ++y) {
        for (int x = 0; x < kTaps; ++x) {
          const int tap = y * kTaps + x;
          const float* from = weights + c * order.channel + k * order.result +
                              (order.reversed ? kTaps * kTaps - 1 - tap : tap);
          for (int i = 0; i < kLanes; ++i) {
            taps[y][x][i] = from[i * order.result];
          }
        }
      }
      // G g G^T.
      V16 rows[kSide][kTaps];
      for (int x = 0; x < kTaps; ++x) {
        const V16 outer = 0.5f * (taps[0][x] + taps[2][x]);
        const V16 middle = 0.5f * taps[1][x];
        rows[0][x] = taps[0][x];
        rows[1][x] = outer + middle;
        rows[2][x] = outer - middle;
        rows[3][x] = taps[2][x];
      }
      float* to = transformed + k / columns * columns * channels + c * columns +
                  k % columns;
      const int64_t stride = channels * results;
      for (int y = 0; y < kSide; ++y) {
        const V16 outer = 0.5f * (rows[y][0] + rows[y][2]);
        const V16 middle = 0.5f * rows[y][1];
        float* row = to + y * kSide * stride;
        StoreLanes(rows[y][0], row);
        StoreLanes(outer + middle, row + stride);
        StoreLanes(outer - middle, row + 2 * stride);
        StoreLanes(rows[y][2], row + 3 * stride);
      }
    }
  }
}

ASSAY_CPU_CLONES void ConvolveTiles(const TiledImages& from, const float* src,
                                    const float* transformed,
                                    const TileEpilogue& epilogue, int64_t first,
                                    int64_t count, int64_t tiles,
                                    const TiledImages& to, float* left,
                                    float* made, float* dst) {
  const int64_t channels = from.blocks * kLanes, results = to.blocks * kLanes;
  TransformTiles(from, src, first, count, PositionStride(tiles, channels),
                 left);
  if (results % 32 == 0) {
    Products<8, 2>(left, transformed, channels, results, tiles, made);
  } else {
    Products<16, 1>(left, transformed, channels, results, tiles, made);
  }
  GatherTiles(to, made, epilogue, first, count, PositionStride(tiles, results),
              dst);
}

template <>
void AddKernelGradients(const TiledImages& from, const float* src,
                        const TiledImages& to, const float* diff, int64_t first,
                        int64_t count, int64_t tiles, float* left, float* right,
                        float* sums) {
  AddGradientsOfFloat(from, src, to, diff, first, count, tiles, left, right,
                      sums);
}
template <>
void AddKernelGradients(const TiledImages& from, const BFloat16* src,
                        const TiledImages& to, const BFloat16* diff,
                        int64_t first, int64_t count, int64_t tiles,
                        float* left, float* right, float* sums) {
  AddGradientsOfBf16(from, src, to, diff, first, count, tiles, left, right,
                     sums);
}

template <>
void FinishKernelGradients(const float* sums, const KernelOrder& order,
                           int64_t begin, int64_t end, int64_t channels,
                           int64_t results, float* gradients) {
  FinishGradientsOfFloat(sums, order, begin, end, channels, results, gradients);
}
template <>
void FinishKernelGradients(const float* sums, const KernelOrder& order,
                           int64_t begin, int64_t end, int64_t channels,
                           int64_t results, BFloat16* gradients) {
  FinishGradientsOfBf16(sums, order, begin, end, channels, results, gradients);
}

}  // namespace assay::cpu
