#include "harness/backend/cpu/band_program.h"

#include <utility>

#include "absl/status/status.h"
#include "harness/backend/operands.h"
#include "harness/core/status_macros.h"

namespace assay::cpu {

BandProgram::BandProgram(Graph graph,
                         std::vector<std::unique_ptr<CpuProgram>> bands,
                         std::unique_ptr<CpuProgram> tail,
                         std::vector<DeviceTensor> parts)
    : graph_(std::move(graph)),
      bands_(std::move(bands)),
      tail_(std::move(tail)),
      parts_(std::move(parts)),
      statuses_(bands_.size()) {
  AddSteps(*bands_[0]);
  for (size_t band = 0; band < bands_.size(); ++band) {
    const absl::Span<const ProgramStep> own = bands_[band]->steps();
    for (size_t i = 0; band > 0 && i < own.size(); ++i) {
      steps_[i].bytes += own[i].bytes;
    }
    nanoseconds_.emplace_back(own.size());
  }
  AddSteps(*tail_);
}

// Nodes are named alike in the whole network; it lacks those that cut rows and
// weigh the bands' means.
void BandProgram::AddSteps(const CpuProgram& part) {
  for (ProgramStep step : part.steps()) {
    std::vector<NodeId> nodes;
    for (const NodeId id : step.nodes) {
      const ValueId first = part.graph().node(id).outputs[0];
      const ValueId v = graph_.FindValue(part.graph().value(first).name);
      if (v != kNoValue) nodes.push_back(graph_.value(v).producer);
    }
    step.nodes = std::move(nodes);
    steps_.push_back(std::move(step));
  }
}

template <typename RunBand>
absl::Status BandProgram::ForEachBand(const RunBand& run) {
  const int count = static_cast<int>(bands_.size());
#pragma omp parallel for num_threads(count) schedule(static, 1)
  for (int i = 0; i < count; ++i) {
    const size_t band = static_cast<size_t>(i);
    statuses_[band] = run(band);
  }
  for (const absl::Status& status : statuses_) ASSAY_RETURN_IF_ERROR(status);
  return absl::OkStatus();
}

absl::Status BandProgram::Run(Stream&, Operands inputs, Operands parameters,
                              Operands outputs) {
  ASSAY_RETURN_IF_ERROR(CheckRunOperands(graph_, inputs, parameters, outputs));
  ASSAY_RETURN_IF_ERROR(ForEachBand([&](size_t band) {
    return bands_[band]->RunChecked(inputs, parameters, Part(band));
  }));
  return tail_->RunChecked(parts_, parameters, outputs);
}

absl::Status BandProgram::RunTimed(Stream&, Operands inputs,
                                   Operands parameters, Operands outputs,
                                   absl::Span<int64_t> nanoseconds) {
  ASSAY_RETURN_IF_ERROR(CheckTimes(steps_, nanoseconds));
  ASSAY_RETURN_IF_ERROR(CheckRunOperands(graph_, inputs, parameters, outputs));
  ASSAY_RETURN_IF_ERROR(ForEachBand([&](size_t band) {
    return bands_[band]->RunTimedChecked(inputs, parameters, Part(band),
                                         absl::MakeSpan(nanoseconds_[band]));
  }));
  const size_t shared = nanoseconds_[0].size();
  for (size_t i = 0; i < shared; ++i) {
    int64_t sum = 0;
    for (const std::vector<int64_t>& band : nanoseconds_) sum += band[i];
    nanoseconds[i] = sum / static_cast<int64_t>(nanoseconds_.size());
  }
  return tail_->RunTimedChecked(parts_, parameters, outputs,
                                nanoseconds.subspan(shared));
}

int64_t BandProgram::scratch_bytes() const {
  int64_t bytes = tail_->scratch_bytes();
  for (const std::unique_ptr<CpuProgram>& band : bands_) {
    bytes += band->scratch_bytes();
  }
  for (const DeviceTensor& part : parts_) bytes += part.buffer->bytes();
  return bytes;
}

}  // namespace assay::cpu
