// Transposed convolution: every element of src adds a weighted kernel to dst.
//
// src [N,I,H,W], weights [I,O/groups,kh,kw], bias [O], dst [N,O,OH,OW] with
//   OH = strides*(H-1) + dilations*(kh-1) + 1 - top - bottom + output_padding
// and attributes strides=[1,1], pads=[top,left,bottom,right] (0; they cut dst),
// dilations=[1,1], groups=1 and output_padding=[0,0], rows and columns beyond
// the last that the kernel reaches, below the strides. It is the gradient of a
// conv2d of these attributes with respect to its source, plus a bias: floats of
// one type, summed in double; differentiates any number of times. Cost:
// O/groups*kh*kw multiply-accumulates per element of src.
#ifndef ASSAY_HARNESS_OPS_CONV_CONV_TRANSPOSE_H_
#define ASSAY_HARNESS_OPS_CONV_CONV_TRANSPOSE_H_

#include "harness/graph/op_schema.h"

namespace assay {

OpSchema ConvTranspose2dSchema();  // src weights [bias [O]]

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_CONV_CONV_TRANSPOSE_H_
