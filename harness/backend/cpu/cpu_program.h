// A compiled graph: a flat list of steps over one arena.
#ifndef ASSAY_HARNESS_BACKEND_CPU_CPU_PROGRAM_H_
#define ASSAY_HARNESS_BACKEND_CPU_CPU_PROGRAM_H_

#include <vector>

#include "harness/backend/cpu/program_builder.h"
#include "harness/backend/device.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace assay::cpu {

class CpuProgram final : public Program {
 public:
  CpuProgram(Graph graph, ProgramParts parts, int threads);

  const Graph& graph() const override { return graph_; }
  absl::Status Run(Stream& stream, absl::Span<const DeviceTensor> inputs,
                   absl::Span<const DeviceTensor> parameters,
                   absl::Span<const DeviceTensor> outputs) override;
  absl::Span<const ProgramStep> steps() const override {
    return parts_.descriptions;
  }
  absl::Status RunTimed(Stream& stream, absl::Span<const DeviceTensor> inputs,
                        absl::Span<const DeviceTensor> parameters,
                        absl::Span<const DeviceTensor> outputs,
                        absl::Span<int64_t> nanoseconds) override;
  int64_t scratch_bytes() const override {
    return parts_.arena_bytes + parts_.constant_bytes;
  }

 private:
  using OperandSlots = std::vector<ProgramParts::OperandSlot>;

  absl::Status Prepare(absl::Span<const DeviceTensor> inputs,
                       absl::Span<const DeviceTensor> parameters,
                       absl::Span<const DeviceTensor> outputs);
  void Bind(const OperandSlots& slots, absl::Span<const DeviceTensor> operands);
  void MoveSlot(SlotId slot, void* address);

  Graph graph_;
  ProgramParts parts_;
  int threads_;
  // Memory objects of each slot, to follow operands whose buffers change.
  std::vector<std::vector<dnnl::memory>> memories_;
};

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_BACKEND_CPU_CPU_PROGRAM_H_
