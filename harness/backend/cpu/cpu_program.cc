#include "harness/backend/cpu/cpu_program.h"

#include <omp.h>

#include <chrono>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/backend/cpu/cpu_buffer.h"
#include "harness/backend/operands.h"
#include "harness/core/status_macros.h"

namespace assay::cpu {
CpuProgram::CpuProgram(Graph graph, ProgramParts parts, int threads)
    : graph_(std::move(graph)),
      parts_(std::move(parts)),
      threads_(threads),
      memories_(parts_.addresses.size()) {
  for (const MemoryBinding& binding : parts_.bindings) {
    const size_t slot = static_cast<size_t>(binding.slot);
    memories_[slot].push_back(binding.memory);
    memories_[slot].back().set_data_handle(parts_.addresses[slot]);
  }
  parts_.bindings.clear();
}

void CpuProgram::MoveSlot(SlotId slot, void* address) {
  const size_t i = static_cast<size_t>(slot);
  if (parts_.addresses[i] == address) return;
  parts_.addresses[i] = address;
  for (dnnl::memory& memory : memories_[i]) memory.set_data_handle(address);
}

void CpuProgram::Bind(const OperandSlots& slots,
                      absl::Span<const DeviceTensor> operands) {
  for (const ProgramParts::OperandSlot& s : slots) {
    MoveSlot(s.slot, HostAddress(operands[s.operand]));
  }
}

absl::Status CpuProgram::Prepare(absl::Span<const DeviceTensor> inputs,
                                 absl::Span<const DeviceTensor> parameters,
                                 absl::Span<const DeviceTensor> outputs) {
  ASSAY_RETURN_IF_ERROR(CheckRunOperands(graph_, inputs, parameters, outputs));
  Bind(parts_.inputs, inputs);
  Bind(parts_.parameters, parameters);
  Bind(parts_.outputs, outputs);
  omp_set_num_threads(threads_);
  return absl::OkStatus();
}

absl::Status CpuProgram::Run(Stream&, absl::Span<const DeviceTensor> inputs,
                             absl::Span<const DeviceTensor> parameters,
                             absl::Span<const DeviceTensor> outputs) {
  ASSAY_RETURN_IF_ERROR(Prepare(inputs, parameters, outputs));
  void* const* slots = parts_.addresses.data();
  for (const std::unique_ptr<Kernel>& step : parts_.steps) {
    ASSAY_RETURN_IF_ERROR(step->Run(slots));
  }
  return absl::OkStatus();
}

absl::Status CpuProgram::RunTimed(Stream&,
                                  absl::Span<const DeviceTensor> inputs,
                                  absl::Span<const DeviceTensor> parameters,
                                  absl::Span<const DeviceTensor> outputs,
                                  absl::Span<int64_t> nanoseconds) {
  if (nanoseconds.size() != parts_.steps.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected times of ", parts_.steps.size(), " steps, got ",
                     nanoseconds.size()));
  }
  ASSAY_RETURN_IF_ERROR(Prepare(inputs, parameters, outputs));
  using Clock = std::chrono::steady_clock;
  void* const* slots = parts_.addresses.data();
  Clock::time_point before = Clock::now();
  for (size_t i = 0; i < parts_.steps.size(); ++i) {
    ASSAY_RETURN_IF_ERROR(parts_.steps[i]->Run(slots));
    const Clock::time_point after = Clock::now();
    nanoseconds[i] =
        std::chrono::duration_cast<std::chrono::nanoseconds>(after - before)
            .count();
    before = after;
  }
  return absl::OkStatus();
}

}  // namespace assay::cpu
