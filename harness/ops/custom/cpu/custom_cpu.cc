#include "harness/ops/custom/cpu/custom_cpu.h"

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "harness/core/tensor.h"
#include "harness/ops/custom/custom.h"

namespace assay::cpu {
namespace {

class CustomKernel final : public Kernel {
 public:
  struct Operand {
    SlotId slot;
    TensorType type;
  };

  CustomKernel(std::string op, Attributes attributes,
               std::vector<Operand> inputs, std::vector<Operand> outputs)
      : op_(std::move(op)),
        attributes_(std::move(attributes)),
        inputs_(std::move(inputs)),
        outputs_(std::move(outputs)) {}

  absl::Status Run(void* const* slots) const override {
    std::vector<Tensor> inputs = Over(slots, inputs_);
    std::vector<Tensor> outputs = Over(slots, outputs_);
    std::vector<const Tensor*> reads;
    std::vector<Tensor*> writes;
    for (const Tensor& t : inputs) reads.push_back(&t);
    for (Tensor& t : outputs) writes.push_back(&t);
    const absl::Status status = RunCustomCall(op_, attributes_, reads, writes);
    // A call may have made tensors of its own instead of filling these.
    for (size_t i = 0; i < outputs.size() && status.ok(); ++i) {
      void* const at = At<char>(slots, outputs_[i].slot);
      if (outputs[i].raw() == at) continue;
      std::memcpy(at, outputs[i].raw(),
                  static_cast<size_t>(outputs[i].bytes()));
    }
    return status;
  }

 private:
  static std::vector<Tensor> Over(void* const* slots,
                                  const std::vector<Operand>& operands) {
    std::vector<Tensor> tensors;
    for (const Operand& o : operands) {
      tensors.push_back(Tensor::Borrow(o.type.dtype, o.type.shape,
                                       At<char>(slots, o.slot), nullptr));
    }
    return tensors;
  }

  std::string op_;
  Attributes attributes_;
  std::vector<Operand> inputs_, outputs_;
};

}  // namespace

absl::Status MakeCustom(ProgramBuilder& b) {
  std::vector<CustomKernel::Operand> inputs, outputs;
  std::vector<SlotId> reads, writes;
  for (const ValueId value : b.node().inputs) {
    reads.push_back(b.ReadPlain(value));
    inputs.push_back({reads.back(), b.type(value)});
  }
  for (const ValueId value : b.node().outputs) {
    writes.push_back(b.WritePlain(value));
    outputs.push_back({writes.back(), b.type(value)});
  }
  b.AddStep(
      std::make_unique<CustomKernel>(b.node().op, b.node().attributes,
                                     std::move(inputs), std::move(outputs)),
      std::move(reads), std::move(writes));
  return absl::OkStatus();
}

}  // namespace assay::cpu
