#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/host/services/service_host.h"
#include "harness/host/services/tables.h"
#include "harness/ops/custom/custom.h"

namespace assay {
namespace {

constexpr uint32_t kMaxResults = 8;

// Tensors as the module sees them; lives through one call.
class Views {
 public:
  explicit Views(absl::Span<const Tensor* const> tensors) {
    strides_.reserve(tensors.size());
    for (const Tensor* t : tensors) Add(t);
  }
  explicit Views(absl::Span<Tensor* const> tensors) {
    strides_.reserve(tensors.size());
    for (const Tensor* t : tensors) Add(t);
  }

  DLTensor* data() { return views_.data(); }
  uint32_t size() const { return static_cast<uint32_t>(views_.size()); }

 private:
  void Add(const Tensor* t) {
    strides_.emplace_back();
    DLTensor view{};
    view.device = {kDLCPU, 0};
    if (t != nullptr) {
      strides_.back() = RowMajorStrides(t->shape());
      view.data = const_cast<void*>(t->raw());
      view.ndim = static_cast<int32_t>(t->rank());
      view.dtype = ToDl(t->dtype());
      view.shape = const_cast<int64_t*>(t->shape().data());
      view.strides = strides_.back().data();
    }
    views_.push_back(view);
  }

  std::vector<std::vector<int64_t>> strides_;
  std::vector<DLTensor> views_;
};

absl::StatusOr<std::vector<assay_custom_type>> ToRaw(
    absl::Span<const TensorType> types) {
  std::vector<assay_custom_type> raw;
  for (const TensorType& type : types) {
    if (type.shape.size() > ASSAY_CUSTOM_RANK) {
      return absl::InvalidArgumentError(absl::StrCat(
          "expected operands of rank 8 or less, got ", ToString(type)));
    }
    assay_custom_type t{};
    t.size = ASSAY_SIZE(assay_custom_type);
    t.dtype = FromDType(type.dtype);
    t.rank = static_cast<uint32_t>(type.shape.size());
    for (size_t i = 0; i < type.shape.size(); ++i) t.shape[i] = type.shape[i];
    raw.push_back(t);
  }
  return raw;
}

absl::StatusOr<std::vector<TensorType>> InferBy(
    const assay_custom_op& op, absl::Span<const TensorType> operands) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<assay_custom_type> inputs,
                         ToRaw(operands));
  std::vector<assay_custom_type> outputs(op.output_count);
  for (assay_custom_type& t : outputs) t.size = ASSAY_SIZE(assay_custom_type);
  ASSAY_RETURN_IF_ERROR(
      Take(op.infer(op.context, inputs.data(),
                    static_cast<uint32_t>(inputs.size()), outputs.data())));
  std::vector<TensorType> results;
  for (const assay_custom_type& t : outputs) {
    TensorType type;
    ASSAY_ASSIGN_OR_RETURN(type.dtype, ToDType(t.dtype));
    ASSAY_ASSIGN_OR_RETURN(type.shape, ToShape(t.shape, t.rank));
    results.push_back(std::move(type));
  }
  return results;
}

// The module's callbacks as the engine calls them.
CustomCall CallOf(const assay_custom_op& op) {
  CustomCall call;
  call.name = Text(op.name);
  call.results = op.output_count;
  call.infer = [op](absl::Span<const TensorType> operands) {
    return InferBy(op, operands);
  };
  call.forward = [op](absl::Span<const Tensor* const> operands,
                      absl::Span<Tensor* const> results) {
    Views in(operands), out(results);
    return Take(op.forward(op.context, in.data(), in.size(), out.data()));
  };
  call.gradient = op.gradient_call;
  if (op.backward == nullptr) return call;
  call.backward = [op](absl::Span<const Tensor* const> operands,
                       absl::Span<const Tensor* const> results,
                       absl::Span<const Tensor* const> result_gradients,
                       absl::Span<Tensor* const> operand_gradients) {
    Views in(operands), out(results), grads(result_gradients),
        made(operand_gradients);
    return Take(op.backward(op.context, in.data(), in.size(), out.data(),
                            grads.data(), made.data()));
  };
  return call;
}

assay_status* Add(assay_host* host, const assay_custom_op* op, int64_t* call) {
  return Serve(
      host, "custom_op.add",
      [&]() -> absl::Status {
        ASSAY_ASSIGN_OR_RETURN(const assay_custom_op o,
                               Receive(op, assay_custom_op{}, "custom_op.add"));
        if (o.output_count < 1 || o.output_count > kMaxResults ||
            o.name.size == 0 || o.infer == nullptr || o.forward == nullptr) {
          return absl::InvalidArgumentError(absl::StrCat(
              "custom_op.add: expected a name, infer, forward and 1 to ",
              kMaxResults, " results, got '", View(o.name), "' with ",
              o.output_count, " results"));
        }
        if (o.gradient_call != 0 &&
            FindCustomCall(o.gradient_call) == nullptr) {
          return absl::InvalidArgumentError(
              absl::StrCat("custom_op.add: '", View(o.name),
                           "': gradient_call: expected the call of an op that "
                           "was added before, got ",
                           o.gradient_call));
        }
        ASSAY_ASSIGN_OR_RETURN(*call, host->AddCall(Text(o.name), CallOf(o)));
        return absl::OkStatus();
      },
      false);
}

}  // namespace

const assay_custom_op_table* CustomOpTable() {
  static constexpr assay_custom_op_table kTable = {
      ASSAY_SIZE(assay_custom_op_table), 1, &Add};
  return &kTable;
}

}  // namespace assay
