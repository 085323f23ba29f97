// A small network on bands of its images' rows, each on a thread of its own.
#ifndef ASSAY_HARNESS_BACKEND_CPU_BAND_PROGRAM_H_
#define ASSAY_HARNESS_BACKEND_CPU_BAND_PROGRAM_H_

#include <memory>
#include <vector>

#include "harness/backend/cpu/cpu_program.h"
#include "harness/backend/device.h"

namespace assay::cpu {

class BandProgram final : public Program {
 public:
  // Programs of RowBands (graph/rewrites/split_rows.h), whose steps are of one
  // kind in all bands, each on one thread; `parts`: buffers of what the bands
  // hand to the tail. `graph` is the whole network's.
  BandProgram(Graph graph, std::vector<std::unique_ptr<CpuProgram>> bands,
              std::unique_ptr<CpuProgram> tail,
              std::vector<DeviceTensor> parts);

  const Graph& graph() const override { return graph_; }
  absl::Status Run(Stream& stream, absl::Span<const DeviceTensor> inputs,
                   absl::Span<const DeviceTensor> parameters,
                   absl::Span<const DeviceTensor> outputs) override;
  // Those of a band with the bytes of all, then the tail's.
  absl::Span<const ProgramStep> steps() const override { return steps_; }
  // A step of the bands takes the mean of their times.
  absl::Status RunTimed(Stream& stream, absl::Span<const DeviceTensor> inputs,
                        absl::Span<const DeviceTensor> parameters,
                        absl::Span<const DeviceTensor> outputs,
                        absl::Span<int64_t> nanoseconds) override;
  int64_t scratch_bytes() const override;

 private:
  using Operands = absl::Span<const DeviceTensor>;

  void AddSteps(const CpuProgram& part);
  // Calls run(band) for each, on a thread of its own where there are as many.
  template <typename RunBand>
  absl::Status ForEachBand(const RunBand& run);
  Operands Part(size_t band) const {
    return absl::MakeConstSpan(parts_).subspan(band, 1);
  }

  Graph graph_;
  std::vector<std::unique_ptr<CpuProgram>> bands_;
  std::unique_ptr<CpuProgram> tail_;
  std::vector<DeviceTensor> parts_;
  std::vector<ProgramStep> steps_;
  std::vector<absl::Status> statuses_;             // by band
  std::vector<std::vector<int64_t>> nanoseconds_;  // by band
};

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_BACKEND_CPU_BAND_PROGRAM_H_
