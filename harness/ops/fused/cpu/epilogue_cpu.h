// A fused op's epilogue as oneDNN attributes.
#ifndef ASSAY_HARNESS_OPS_FUSED_CPU_EPILOGUE_CPU_H_
#define ASSAY_HARNESS_OPS_FUSED_CPU_EPILOGUE_CPU_H_

#include <optional>
#include <vector>

#include "harness/backend/cpu/program_builder.h"
#include "harness/ops/conv/cpu/winograd_rows.h"
#include "harness/ops/matmul/cpu/strassen_rows.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace assay::cpu {

// Where oneDNN adds the residual.
enum class ResidualMode { kNone, kSum, kBinary };

// The epilogue of the node that `builder` is at. A primitive that computes in
// integers takes all of it; one that computes in floats gives a float, which a
// further step quantizes.
class EpilogueCpu {
 public:
  explicit EpilogueCpu(ProgramBuilder& builder);

  // What the primitive itself writes.
  DType primitive_dtype() const { return primitive_dtype_; }
  ResidualMode residual_mode() const { return mode_; }
  ValueId residual() const { return residual_; }

  // `weights_mask`: the dimensions of the primitive's weights that are output
  // channels. `dst`: a descriptor of the result for a residual that is added as
  // a tensor.
  dnnl::primitive_attr Attributes(int weights_mask,
                                  const dnnl::memory::desc& dst) const;

  // After the primitive has chosen `dst_desc`: the slot that it writes (holding
  // the residual where it is summed), and the arguments of the attributes; null
  // for a computation that InTiles or OfProduct describes.
  SlotId Destination(const dnnl::memory::desc& dst_desc,
                     std::vector<PrimitiveArgument>* arguments);

  // What tiles of a float convolution can do on their way to the result;
  // nothing where they cannot do all of it.
  std::optional<TileEpilogue> InTiles() const;
  // The same of own products.
  std::optional<ProductEpilogue> OfProduct() const;

  // After the primitive: the step that makes the result from `made`, if any.
  void Finish(SlotId made, const dnnl::memory::desc& dst_desc);

 private:
  // Floats, and a residual that `dst` holds, if any.
  bool SingleInPlace() const;
  void AppendActivation(dnnl::post_ops* ops) const;
  void AddVector(int id, const std::vector<float>& values,
                 std::vector<PrimitiveArgument>* arguments) const;
  void AddInteger(int id, int32_t value,
                  std::vector<PrimitiveArgument>* arguments) const;

  ProgramBuilder& b_;
  const assay::Attributes& attributes_;
  ValueId dst_;  // of the unit, which may round the result
  ValueId residual_;
  DType dst_dtype_, primitive_dtype_;
  bool integers_;
  ResidualMode mode_ = ResidualMode::kNone;
};

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_FUSED_CPU_EPILOGUE_CPU_H_
