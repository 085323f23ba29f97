// Ops of the method's own; see services/custom_op.h.
#ifndef ASSAY_HARNESS_ABI_SDK_CUSTOM_OP_H_
#define ASSAY_HARNESS_ABI_SDK_CUSTOM_OP_H_

#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tensor.h"

namespace assay::sdk {

struct TensorType {
  DType dtype = DType::kF32;
  Shape shape;
};

// Derive, and give to Run::AddOp; used as
//   graph.Op("custom", {x}, {{"call", call}})
class CustomOp {
 public:
  virtual ~CustomOp() = default;
  virtual std::string name() const = 0;
  virtual uint32_t output_count() const { return 1; }

  virtual StatusOr<std::vector<TensorType>> Infer(
      const std::vector<TensorType>& inputs) const = 0;
  // f32, or f64 on the reference device; row-major.
  virtual Status Forward(Span<const DLTensor> inputs,
                         Span<DLTensor> outputs) const = 0;
  // Gradients of the floating-point operands.
  virtual bool has_gradient() const { return true; }
  // Instead of Backward: the call of another op, which gives the gradients and
  // may have gradients itself; see services/custom_op.h.
  virtual int64_t gradient_call() const { return 0; }
  virtual Status Backward(Span<const DLTensor> inputs,
                          Span<const DLTensor> outputs,
                          Span<const DLTensor> output_gradients,
                          Span<DLTensor> input_gradients) const {
    (void)inputs, (void)outputs, (void)output_gradients, (void)input_gradients;
    return Status(Code::kUnimplemented, name() + " has no gradient");
  }

  // Elements of a tensor, as T.
  template <typename T>
  static Span<T> Elements(const DLTensor& t) {
    size_t count = 1;
    for (int32_t i = 0; i < t.ndim; ++i) {
      count *= static_cast<size_t>(t.shape[i]);
    }
    return Span<T>(
        reinterpret_cast<T*>(static_cast<char*>(t.data) + t.byte_offset),
        count);
  }

 private:
  friend StatusOr<int64_t> AddOp(const Services& s, CustomOp* op);

  template <typename F>
  static assay_status* Guarded(void* context, F&& body) noexcept {
    const CustomOp& op = *static_cast<CustomOp*>(context);
    Status status;
    try {
      status = body(op);
    } catch (const std::exception& e) {
      status = Status(Code::kInternal, op.name() + " threw: " + e.what());
    } catch (...) {
      status = Status(Code::kInternal, op.name() + " threw");
    }
    return GiveStatus(*op.s_, status);
  }
  static assay_status* OnInfer(void* context, const assay_custom_type* inputs,
                               uint32_t count,
                               assay_custom_type* outputs) noexcept {
    return Guarded(context, [&](const CustomOp& op) -> Status {
      std::vector<TensorType> types;
      for (uint32_t i = 0; i < count; ++i) {
        types.push_back(
            {static_cast<DType>(inputs[i].dtype),
             Shape(inputs[i].shape, inputs[i].shape + inputs[i].rank)});
      }
      ASSAY_ASSIGN_OR_RETURN(const std::vector<TensorType> results,
                             op.Infer(types));
      if (results.size() != op.output_count()) {
        return InvalidArgument(op.name() + ": a type for each result");
      }
      for (size_t i = 0; i < results.size(); ++i) {
        if (results[i].shape.size() > ASSAY_CUSTOM_RANK) {
          return InvalidArgument(op.name() + ": a result of rank above 8");
        }
        outputs[i].dtype = static_cast<int32_t>(results[i].dtype);
        outputs[i].rank = static_cast<uint32_t>(results[i].shape.size());
        for (size_t k = 0; k < results[i].shape.size(); ++k) {
          outputs[i].shape[k] = results[i].shape[k];
        }
      }
      return OkStatus();
    });
  }
  static assay_status* OnForward(void* context, const DLTensor* inputs,
                                 uint32_t count, DLTensor* outputs) noexcept {
    return Guarded(context, [&](const CustomOp& op) {
      return op.Forward({inputs, count}, {outputs, op.output_count()});
    });
  }
  static assay_status* OnBackward(void* context, const DLTensor* inputs,
                                  uint32_t count, const DLTensor* outputs,
                                  const DLTensor* output_gradients,
                                  DLTensor* input_gradients) noexcept {
    return Guarded(context, [&](const CustomOp& op) {
      const uint32_t results = op.output_count();
      return op.Backward({inputs, count}, {outputs, results},
                         {output_gradients, results}, {input_gradients, count});
    });
  }

  const Services* s_ = nullptr;
};

// The attribute "call" of the op's nodes. `op` must outlive the run.
inline StatusOr<int64_t> AddOp(const Services& s, CustomOp* op) {
  op->s_ = &s;
  const std::string name = op->name();
  const assay_custom_op raw{
      ASSAY_SIZE(assay_custom_op),
      op->output_count(),
      ToText(name),
      op,
      &CustomOp::OnInfer,
      &CustomOp::OnForward,
      op->has_gradient() ? &CustomOp::OnBackward : nullptr,
      op->gradient_call()};
  int64_t call = 0;
  ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(s, custom_op, add, &raw, &call));
  return call;
}

}  // namespace assay::sdk

#endif  // ASSAY_HARNESS_ABI_SDK_CUSTOM_OP_H_
