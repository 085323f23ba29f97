// Running a host module on a device.
#ifndef ASSAY_HARNESS_DYNAMIC_DYNAMIC_PROGRAM_H_
#define ASSAY_HARNESS_DYNAMIC_DYNAMIC_PROGRAM_H_

#include <map>
#include <memory>
#include <string>
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

// All samples decide as one. Tensors stay on the device; what comes to the host
// is what predicates read, and the outputs. Not for concurrent use.
class DynamicProgram {
 public:
  // Compiles every sub-network. `device` must outlive the program. Errors are
  // those of the device and of parameters that `parameters` lacks.
  static absl::StatusOr<std::unique_ptr<DynamicProgram>> Make(
      Device* device, HostModule module, const ParameterStore& parameters,
      const ExecutableOptions& options = {});

  // INVALID_ARGUMENT names an input that is absent or of another type than the
  // module's.
  absl::StatusOr<DynamicResult> Run(
      const std::map<std::string, Tensor>& inputs);

  // With the time of each sub-network, for which the device is waited for after
  // every call.
  void set_timed(bool timed) { timed_ = timed; }
  // By sub-network, over all runs; nanoseconds where runs were timed.
  absl::Span<const SubnetworkStats> stats() const { return stats_; }

  const HostModule& module() const { return module_; }
  // Of all executables; what several hold counts for each.
  int64_t bytes() const;
  // The sub-networks as compiled.
  std::vector<const Graph*> plans() const;

 private:
  // What a slot holds: on the device, the host, or both.
  struct Slot {
    DeviceTensor device;  // without a buffer: not there
    Tensor host;
    bool on_host = false;
  };

  DynamicProgram(Device* device, HostModule module)
      : device_(device), module_(std::move(module)), pool_(device) {}

  absl::Status TakeInputs(const std::map<std::string, Tensor>& inputs);
  absl::Status Call(const Instruction& instruction);
  absl::StatusOr<bool> Decide(const Instruction& instruction, Path* path);
  absl::StatusOr<bool> Count(const Instruction& instruction);
  absl::StatusOr<DeviceTensor> OnDevice(Slot* slot);
  absl::StatusOr<Tensor> OnHost(Slot* slot);
  Slot& At(int32_t slot) { return slots_[static_cast<size_t>(slot)]; }

  Device* device_;
  HostModule module_;
  BufferPool pool_;
  std::unique_ptr<DeviceParameters> parameters_;
  std::unique_ptr<Stream> stream_;
  std::vector<std::unique_ptr<Executable>> executables_;
  std::vector<Slot> constants_;
  std::vector<Slot> slots_;
  std::vector<DeviceTensor> arguments_, results_;
  std::vector<int64_t> macs_;  // by sub-network
  std::vector<SubnetworkStats> stats_;
  bool timed_ = false;
};

// Multiply-accumulates of one call of each sub-network.
std::vector<int64_t> SubnetworkMacs(const HostModule& module);

// Multiply-accumulates per run, by how often each sub-network was called for a
// sample: what the network cost on the inputs that came, of which the longest
// path (rewrites.h) is the bound.
double MeanMacs(const HostModule& module,
                absl::Span<const SubnetworkStats> stats, int64_t runs);

}  // namespace assay

#endif  // ASSAY_HARNESS_DYNAMIC_DYNAMIC_PROGRAM_H_
