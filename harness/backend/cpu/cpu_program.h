// A compiled graph: a flat list of steps over one arena.
#ifndef ASSAY_HARNESS_BACKEND_CPU_CPU_PROGRAM_H_
#define ASSAY_HARNESS_BACKEND_CPU_CPU_PROGRAM_H_

#include <atomic>
#include <vector>

#include "harness/backend/cpu/program_builder.h"
#include "harness/backend/device.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace assay::cpu {

// INVALID_ARGUMENT where there are not as many times as steps.
absl::Status CheckTimes(absl::Span<const ProgramStep> steps,
                        absl::Span<int64_t> nanoseconds);

// How a run is cut along the batch: `count` runs of the parts, each on the next
// `input_bytes[i]` of input i and `output_bytes[i]` of output i.
struct Strips {
  int64_t count = 1;
  std::vector<int64_t> input_bytes, output_bytes;
};

class CpuProgram final : public Program {
 public:
  // `graph` is the whole batch's, `parts` those of one strip. Each lane of
  // `parts` is a thread that takes strips until none is left; without strips
  // the one lane's steps divide their work among `threads`.
  CpuProgram(Graph graph, ProgramParts parts, int threads, Strips strips);

  const Graph& graph() const override { return graph_; }
  absl::Status Run(Stream& stream, absl::Span<const DeviceTensor> inputs,
                   absl::Span<const DeviceTensor> parameters,
                   absl::Span<const DeviceTensor> outputs) override;
  absl::Span<const ProgramStep> steps() const override {
    return parts_.descriptions;
  }
  // With strips, the time of a step is that of all strips over the lanes, as if
  // these had worked on each step together.
  absl::Status RunTimed(Stream& stream, absl::Span<const DeviceTensor> inputs,
                        absl::Span<const DeviceTensor> parameters,
                        absl::Span<const DeviceTensor> outputs,
                        absl::Span<int64_t> nanoseconds) override;
  int64_t scratch_bytes() const override {
    return parts_.arena_bytes + parts_.constant_bytes;
  }

  // Run and RunTimed for operands and times that have been checked.
  absl::Status RunChecked(absl::Span<const DeviceTensor> inputs,
                          absl::Span<const DeviceTensor> parameters,
                          absl::Span<const DeviceTensor> outputs);
  absl::Status RunTimedChecked(absl::Span<const DeviceTensor> inputs,
                               absl::Span<const DeviceTensor> parameters,
                               absl::Span<const DeviceTensor> outputs,
                               absl::Span<int64_t> nanoseconds);

 private:
  using OperandSlots = std::vector<ProgramParts::OperandSlot>;
  using Operands = absl::Span<const DeviceTensor>;

  // Addresses of the slots, and the memory objects that follow operands whose
  // buffers change.
  struct Lane {
    const std::vector<const Kernel*>* steps;
    std::vector<void*> addresses;
    std::vector<std::vector<dnnl::memory>> memories;
    std::vector<int64_t> nanoseconds;  // of each step, when they are timed
    absl::Status status;

    void Move(SlotId slot, void* address);
    // Operand k of strip s begins s * strides[k] bytes behind its first byte;
    // no strides: at it.
    void Bind(const OperandSlots& slots, Operands operands, int64_t strip,
              const std::vector<int64_t>& strides);
    absl::Status Run();
    absl::Status RunTimed();
  };

  // Every strip once, by `run` on a lane.
  absl::Status RunStrips(Operands inputs, Operands parameters, Operands outputs,
                         absl::Status (Lane::*run)());
  void WorkOn(Lane& lane, std::atomic<int64_t>& next, Operands inputs,
              Operands parameters, Operands outputs,
              absl::Status (Lane::*run)());

  Graph graph_;
  ProgramParts parts_;
  int threads_;
  Strips strips_;
  std::vector<Lane> lanes_;
};

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_BACKEND_CPU_CPU_PROGRAM_H_
