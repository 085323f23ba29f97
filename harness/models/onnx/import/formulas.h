// Formulas that converters of several families share.
#ifndef ASSAY_HARNESS_MODELS_ONNX_IMPORT_FORMULAS_H_
#define ASSAY_HARNESS_MODELS_ONNX_IMPORT_FORMULAS_H_

#include <string>
#include <vector>

#include "harness/models/onnx/import/converter.h"

namespace assay {

// linear with the bias that an Add gives it: where one of `a` and `b` is a
// linear without bias that nothing else reads, and the other a parameter or
// constant [O]. kNoValue otherwise.
ValueId WithBias(NodeContext& c, ValueId a, ValueId b);

// Positions along axis 0 as s32 in [0, extent) from `indices`, integers in
// [-extent, extent).
ValueId FromTheFront(NodeContext& c, ValueId indices, int64_t extent);

// The s32 constant of `shape` whose element is its own row-major position in a
// tensor of `strides` (0 ignores an axis).
ValueId Positions(NodeContext& c, const Shape& shape,
                  const std::vector<int64_t>& strides);

// An activation by its name in recurrent ops: "Sigmoid", "Tanh", "Relu", ...
ValueId Activation(NodeContext& c, const std::string& name, double alpha,
                   double beta, ValueId x);

// Windows of one or two spatial axes, as conv2d and pools take them: strides,
// pads and dilations of two axes.
struct WindowAttributes {
  std::vector<int64_t> kernel, strides, pads, dilations;
};

// From auto_pad, dilations, kernel_shape, pads, strides over the spatial axes
// of `src` [N,C,..]; a single axis becomes the second of two. `kernel` is the
// attribute's where empty. ceil_mode widens the pads behind.
WindowAttributes Windows(NodeContext& c, ValueId src,
                         std::vector<int64_t> kernel);

// [N,C,L] to [N,C,1,L]; [N,C,H,W] stays; other ranks are refused. And back.
ValueId ToImage(NodeContext& c, ValueId src);
ValueId FromImage(NodeContext& c, ValueId image, int64_t rank);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ONNX_IMPORT_FORMULAS_H_
