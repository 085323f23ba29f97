// Running a host module for a batch whose samples decide each for itself.
#ifndef ASSAY_HARNESS_DYNAMIC_REGROUPED_PROGRAM_H_
#define ASSAY_HARNESS_DYNAMIC_REGROUPED_PROGRAM_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/backend/device.h"
#include "harness/backend/session.h"
#include "harness/dynamic/executable.h"
#include "harness/dynamic/host_module.h"
#include "harness/dynamic/path.h"
#include "harness/graph/parameter_store.h"

namespace assay {

// At a branch the batch falls into groups; a group runs on its samples alone,
// gathered, and groups that come to the same place go on together. Samples that
// have returned leave the batch. Not for concurrent use.
//
// Sub-networks are compiled for batches of 1, 2, 4, ...; a group of 13 is run
// as 8, 4 and 1, so that nothing is computed in vain. Samples whose values of
// rank 0 differ are never run together.
class RegroupedProgram {
 public:
  // `module` was built for inputs of batch 1. INVALID_ARGUMENT: it was not, or
  // a sub-network that does not take other batches or mixes samples.
  static absl::StatusOr<std::unique_ptr<RegroupedProgram>> Make(
      Device* device, HostModule module, const ParameterStore& parameters,
      int64_t max_batch, const ExecutableOptions& options = {});

  // Any batch. One path per sample. INVALID_ARGUMENT as DynamicProgram::Run, or
  // an output of rank 0 or whose shape depends on the path.
  absl::StatusOr<DynamicResult> Run(
      const std::map<std::string, Tensor>& inputs);

  // Runs the batch, and moves the threshold of each conditional on a row or a
  // gate, when the samples come there for the first time, so that it holds for
  // about `fraction(site)` of them: for weights that were not trained for it.
  // Gives the thresholds by site; SetThresholds puts them into a graph.
  absl::StatusOr<std::map<int32_t, double>> Calibrate(
      const std::map<std::string, Tensor>& inputs,
      const std::function<double(int32_t site)>& fraction);

  // By sub-network, over all runs: a call is a run of one executable.
  absl::Span<const SubnetworkStats> stats() const { return stats_; }
  const HostModule& module() const { return module_; }
  // Of all executables; what several hold counts for each.
  int64_t bytes() const;
  // The sub-networks as compiled.
  std::vector<const Graph*> plans() const;

 private:
  class Batch;

  RegroupedProgram(Device* device, HostModule module)
      : device_(device), module_(std::move(module)), pool_(device) {}
  // The inputs of the module, checked.
  absl::StatusOr<std::map<std::string, Tensor>> Checked(
      const std::map<std::string, Tensor>& inputs) const;
  absl::Status Compile(const Graph& graph, const ParameterStore& parameters,
                       int64_t max_batch, const ExecutableOptions& options);

  Device* device_;
  HostModule module_;
  BufferPool pool_;
  std::unique_ptr<DeviceParameters> parameters_;
  std::unique_ptr<Stream> stream_;
  // By sub-network, then by the logarithm of the batch.
  std::vector<std::vector<std::unique_ptr<Executable>>> executables_;
  std::vector<int64_t> macs_;  // by sub-network, of one sample
  std::vector<SubnetworkStats> stats_;
};

void SetThresholds(const std::map<int32_t, double>& by_site,
                   DynamicGraph* graph);

}  // namespace assay

#endif  // ASSAY_HARNESS_DYNAMIC_REGROUPED_PROGRAM_H_
