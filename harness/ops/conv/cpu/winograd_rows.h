// Winograd's F(2x2, 3x3): 3x3 convolutions of stride 1 in tiles of 2x2 results,
// with 16 products for each pair of channels instead of 36. Sixteen channels
// are a vector.
//
// A tile becomes 16 positions. At each, a convolution is a product of matrices:
// [tiles, channels] by [channels, results], or for the gradient of the weights
// [channels, tiles] by [tiles, results].
#ifndef ASSAY_HARNESS_OPS_CONV_CPU_WINOGRAD_ROWS_H_
#define ASSAY_HARNESS_OPS_CONV_CPU_WINOGRAD_ROWS_H_

#include <cstdint>
#include <limits>

#include "harness/core/dtype.h"

namespace assay::cpu {

constexpr int64_t kTilePositions = 16;
// The room for a group of tiles is a multiple of so many.
constexpr int64_t TileRows(int64_t results) {
  return results % 32 == 0 ? 8 : 16;
}

// Images of one size with their channels in blocks of 16; strides in elements.
struct TiledImages {
  int64_t height, width;
  int64_t blocks;               // of 16 channels
  int64_t image, block, pixel;  // strides; rows lie behind each other
  int64_t across, tiles;        // tiles side by side and of an image
  int64_t top, left;            // rows and columns in front of tile 0
};

// Elements between positions of `tiles` tiles of `channels`: not a power of
// two, which would put all positions into the same few lines of a cache.
constexpr int64_t PositionStride(int64_t tiles, int64_t channels) {
  return tiles * channels + 16;
}

// Where the kernel of result k and channel c begins in row-major weights, and
// whether its taps are taken from the last to the first.
struct KernelOrder {
  int64_t result, channel;
  bool reversed;
};

// Columns of weights that lie beside each other in `transformed`.
constexpr int64_t PanelColumns(int64_t results) {
  return results % 32 == 0 ? 32 : 16;
}

// Weights of channels [begin, end) as [position][panel][channel][column].
void TransformKernels(const float* weights, const KernelOrder& order,
                      int64_t begin, int64_t end, int64_t channels,
                      int64_t results, float* transformed);

// What becomes of the sums of a convolution on their way to `dst`: bias, then
// what `dst` holds, then bounds.
struct TileEpilogue {
  const float* bias = nullptr;  // null: 0
  bool add = false;
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};

// A group of `count` tiles from `first` on, counted through all images:
// convolves `src` with what TransformKernels made. `tiles`, the multiple of
// TileRows that count rounds up to, is the room in `left` (positions of
// channels) and `made` (of results).
void ConvolveTiles(const TiledImages& from, const float* src,
                   const float* transformed, const TileEpilogue& epilogue,
                   int64_t first, int64_t count, int64_t tiles,
                   const TiledImages& to, float* left, float* made, float* dst);

// Adds the products of `src` and the gradient `diff` of a group of tiles to
// sums[position][channel][result].
template <typename T>
void AddKernelGradients(const TiledImages& from, const T* src,
                        const TiledImages& to, const T* diff, int64_t first,
                        int64_t count, int64_t tiles, float* left, float* right,
                        float* sums);

// Row-major gradients of weights of channels [begin, end) from sums.
template <typename T>
void FinishKernelGradients(const float* sums, const KernelOrder& order,
                           int64_t begin, int64_t end, int64_t channels,
                           int64_t results, T* gradients);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_CONV_CPU_WINOGRAD_ROWS_H_
