#include "harness/backend/cpu/cpu_program.h"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/backend/cpu/cpu_buffer.h"
#include "harness/backend/cpu/thread_count.h"
#include "harness/backend/operands.h"
#include "harness/core/status_macros.h"

namespace assay::cpu {

absl::Status CheckTimes(absl::Span<const ProgramStep> steps,
                        absl::Span<int64_t> nanoseconds) {
  if (nanoseconds.size() == steps.size()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "expected times of ", steps.size(), " steps, got ", nanoseconds.size()));
}

CpuProgram::CpuProgram(Graph graph, ProgramParts parts, int threads,
                       Strips strips)
    : graph_(std::move(graph)),
      parts_(std::move(parts)),
      threads_(threads),
      strips_(std::move(strips)),
      lanes_(parts_.lanes.size()) {
  for (size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = lanes_[i];
    lane.steps = &parts_.lanes[i].steps;
    lane.addresses = std::move(parts_.lanes[i].addresses);
    lane.memories.resize(lane.addresses.size());
    for (const MemoryBinding& binding : parts_.lanes[i].bindings) {
      const size_t slot = static_cast<size_t>(binding.slot);
      lane.memories[slot].push_back(binding.memory);
      lane.memories[slot].back().set_data_handle(lane.addresses[slot]);
    }
    parts_.lanes[i].bindings.clear();
  }
  for (ProgramStep& step : parts_.descriptions) step.bytes *= strips_.count;
}

void CpuProgram::Lane::Move(SlotId slot, void* address) {
  const size_t i = static_cast<size_t>(slot);
  if (addresses[i] == address) return;
  addresses[i] = address;
  for (dnnl::memory& memory : memories[i]) memory.set_data_handle(address);
}

void CpuProgram::Lane::Bind(const OperandSlots& slots, Operands operands,
                            int64_t strip,
                            const std::vector<int64_t>& strides) {
  for (const ProgramParts::OperandSlot& s : slots) {
    char* address = static_cast<char*>(HostAddress(operands[s.operand]));
    Move(s.slot,
         strides.empty() ? address : address + strip * strides[s.operand]);
  }
}

absl::Status CpuProgram::Lane::Run() {
  for (const Kernel* step : *steps) {
    ASSAY_RETURN_IF_ERROR(step->Run(addresses.data()));
  }
  return absl::OkStatus();
}

absl::Status CpuProgram::Lane::RunTimed() {
  using Clock = std::chrono::steady_clock;
  Clock::time_point before = Clock::now();
  for (size_t i = 0; i < steps->size(); ++i) {
    ASSAY_RETURN_IF_ERROR((*steps)[i]->Run(addresses.data()));
    const Clock::time_point after = Clock::now();
    nanoseconds[i] +=
        std::chrono::duration_cast<std::chrono::nanoseconds>(after - before)
            .count();
    before = after;
  }
  return absl::OkStatus();
}

// Which lane runs a strip does not change its bits.
void CpuProgram::WorkOn(Lane& lane, std::atomic<int64_t>& next, Operands inputs,
                        Operands parameters, Operands outputs,
                        absl::Status (Lane::*run)()) {
  lane.status = absl::OkStatus();
  lane.Bind(parts_.parameters, parameters, 0, {});
  while (lane.status.ok()) {
    const int64_t strip = next.fetch_add(1, std::memory_order_relaxed);
    if (strip >= strips_.count) return;
    lane.Bind(parts_.inputs, inputs, strip, strips_.input_bytes);
    lane.Bind(parts_.outputs, outputs, strip, strips_.output_bytes);
    lane.status = (lane.*run)();
  }
}

absl::Status CpuProgram::RunStrips(Operands inputs, Operands parameters,
                                   Operands outputs,
                                   absl::Status (Lane::*run)()) {
  const ThreadCount during(threads_);
  std::atomic<int64_t> next{0};
  if (lanes_.size() == 1) {
    WorkOn(lanes_[0], next, inputs, parameters, outputs, run);
    return lanes_[0].status;
  }
#pragma omp parallel num_threads(static_cast <int>(lanes_.size()))
  WorkOn(lanes_[static_cast<size_t>(omp_get_thread_num())], next, inputs,
         parameters, outputs, run);
  for (const Lane& lane : lanes_) ASSAY_RETURN_IF_ERROR(lane.status);
  return absl::OkStatus();
}

absl::Status CpuProgram::Run(Stream&, Operands inputs, Operands parameters,
                             Operands outputs) {
  ASSAY_RETURN_IF_ERROR(CheckRunOperands(graph_, inputs, parameters, outputs));
  return RunChecked(inputs, parameters, outputs);
}

absl::Status CpuProgram::RunChecked(Operands inputs, Operands parameters,
                                    Operands outputs) {
  return RunStrips(inputs, parameters, outputs, &Lane::Run);
}

absl::Status CpuProgram::RunTimed(Stream&, Operands inputs, Operands parameters,
                                  Operands outputs,
                                  absl::Span<int64_t> nanoseconds) {
  ASSAY_RETURN_IF_ERROR(CheckTimes(steps(), nanoseconds));
  ASSAY_RETURN_IF_ERROR(CheckRunOperands(graph_, inputs, parameters, outputs));
  return RunTimedChecked(inputs, parameters, outputs, nanoseconds);
}

absl::Status CpuProgram::RunTimedChecked(Operands inputs, Operands parameters,
                                         Operands outputs,
                                         absl::Span<int64_t> nanoseconds) {
  const size_t steps = nanoseconds.size();
  for (Lane& lane : lanes_) lane.nanoseconds.assign(steps, 0);
  ASSAY_RETURN_IF_ERROR(
      RunStrips(inputs, parameters, outputs, &Lane::RunTimed));
  std::fill(nanoseconds.begin(), nanoseconds.end(), 0);
  for (const Lane& lane : lanes_) {
    for (size_t i = 0; i < steps; ++i) nanoseconds[i] += lane.nanoseconds[i];
  }
  const int64_t lanes = static_cast<int64_t>(lanes_.size());
  for (int64_t& spent : nanoseconds) spent /= lanes;
  return absl::OkStatus();
}

}  // namespace assay::cpu
