// What the convolution ops share: their geometry and the loop over taps.
#ifndef ASSAY_HARNESS_OPS_CONV_GEOMETRY_H_
#define ASSAY_HARNESS_OPS_CONV_GEOMETRY_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/graph/op_schema.h"
#include "harness/ops/support/infer.h"
#include "harness/ops/support/window.h"

namespace assay {

// src [batch, groups*inputs, y.in, x.in], dst [batch, groups*outputs, y.out,
// x.out], weights [groups*outputs, inputs, y.kernel, x.kernel].
struct ConvGeometry {
  int64_t batch, groups, inputs, outputs;  // channels per group
  Window y, x;

  Shape SrcShape() const { return {batch, groups * inputs, y.in, x.in}; }
  Shape DstShape() const { return {batch, groups * outputs, y.out, x.out}; }
  Shape WeightsShape() const {
    return {groups * outputs, inputs, y.kernel, x.kernel};
  }
};

// Checks src and weights of a convolution against its attributes.
absl::StatusOr<ConvGeometry> CheckConv(const Attributes& attributes,
                                       const Operand& src,
                                       const Operand& weights);
// The same from the shapes of checked operands.
ConvGeometry KnownConv(const Attributes& attributes, const Shape& src,
                       const Shape& weights);

// strides, pads, dilations, groups.
std::map<std::string, std::string> ConvAttributes();
// The attributes of `from` that are among those.
Attributes OnlyConvAttributes(const Attributes& from);

// visit(ky, kx, row of dst, first column, end column, row of src): the outputs
// whose tap (ky, kx) lies inside the source, by rows. Row and column of src are
// found with y.Source and x.Source.
template <typename Visit>
void ForEachTapRow(const ConvGeometry& g, const Visit& visit) {
  for (int64_t ky = 0; ky < g.y.kernel; ++ky) {
    for (int64_t kx = 0; kx < g.x.kernel; ++kx) {
      const int64_t first = g.x.FirstOutput(kx), end = g.x.LastOutput(kx);
      for (int64_t oy = g.y.FirstOutput(ky); oy < g.y.LastOutput(ky); ++oy) {
        visit(ky, kx, oy, first, end);
      }
    }
  }
}

// Adds channel `o` (of all groups) of image `n`'s convolution to `sums`
// [y.out * x.out].
template <typename Sum, typename T>
void AddConvPlane(const ConvGeometry& g, const T* src, const T* weights,
                  int64_t n, int64_t o, Sum* sums) {
  const int64_t group = o / g.outputs, taps = g.y.kernel * g.x.kernel;
  for (int64_t i = 0; i < g.inputs; ++i) {
    const int64_t channel = (n * g.groups + group) * g.inputs + i;
    const T* plane = src + channel * g.y.in * g.x.in;
    const T* filter = weights + (o * g.inputs + i) * taps;
    ForEachTapRow(g, [&](int64_t ky, int64_t kx, int64_t oy, int64_t first,
                         int64_t end) {
      const Sum factor = static_cast<Sum>(filter[ky * g.x.kernel + kx]);
      const T* from = plane + g.y.Source(oy, ky) * g.x.in + g.x.Source(0, kx);
      Sum* to = sums + oy * g.x.out;
      const int64_t stride = g.x.stride;
      if (stride == 1) {
        for (int64_t ox = first; ox < end; ++ox) {
          to[ox] += factor * static_cast<Sum>(from[ox]);
        }
      } else {
        for (int64_t ox = first; ox < end; ++ox) {
          to[ox] += factor * static_cast<Sum>(from[ox * stride]);
        }
      }
    });
  }
}

// Adds to `sums` [y.in * x.in] what `plane` [y.out * x.out] of one output
// channel sends back to one input channel through `filter`.
template <typename T>
void AddBackwardPlane(const ConvGeometry& g, const T* plane, const T* filter,
                      double* sums) {
  ForEachTapRow(
      g, [&](int64_t ky, int64_t kx, int64_t oy, int64_t first, int64_t end) {
        const double factor = static_cast<double>(filter[ky * g.x.kernel + kx]);
        const T* from = plane + oy * g.x.out;
        double* to = sums + g.y.Source(oy, ky) * g.x.in + g.x.Source(0, kx);
        for (int64_t ox = first; ox < end; ++ox) {
          to[ox * g.x.stride] += factor * static_cast<double>(from[ox]);
        }
      });
}

// The gradient of a convolution with respect to its source, plus `bias` (one
// per channel of the source; may be null).
template <typename T>
void ConvBackwardData(const ConvGeometry& g, const T* diff_dst,
                      const T* weights, const T* bias, T* dst) {
  const int64_t taps = g.y.kernel * g.x.kernel, plane = g.y.out * g.x.out;
  std::vector<double> sums(static_cast<size_t>(g.y.in * g.x.in));
  for (int64_t n = 0; n < g.batch; ++n) {
    for (int64_t c = 0; c < g.groups * g.inputs; ++c) {
      std::fill(sums.begin(), sums.end(),
                bias == nullptr ? 0.0 : static_cast<double>(bias[c]));
      const int64_t group = c / g.inputs, i = c % g.inputs;
      for (int64_t l = 0; l < g.outputs; ++l) {
        const int64_t o = group * g.outputs + l;
        AddBackwardPlane(g, diff_dst + (n * g.groups * g.outputs + o) * plane,
                         weights + (o * g.inputs + i) * taps, sums.data());
      }
      for (const double sum : sums) *dst++ = static_cast<T>(sum);
    }
  }
}

void CoupleConv(ChannelCoupler& coupler);
// For nodes with operands src and weights and result dst.
int64_t ConvMacs(const Graph& graph, const Node& node);

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_CONV_GEOMETRY_H_
