// A sub-network compiled for a device.
#ifndef ASSAY_HARNESS_DYNAMIC_EXECUTABLE_H_
#define ASSAY_HARNESS_DYNAMIC_EXECUTABLE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/backend/device.h"
#include "harness/backend/session.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/graph/rewrites/lower.h"

namespace assay {

struct ExecutableOptions {
  // Batch norms folded, layers fused, parameters frozen; off: node by node, as
  // the graph is written.
  bool lower = true;
  LoweringOptions lowering = {};
  int threads = 0;
};

// How often a sub-network was called, and how long that took.
struct SubnetworkStats {
  int64_t calls = 0;
  int64_t samples = 0;
  int64_t nanoseconds = 0;
};

// Device tensors that nobody holds any more are handed out again.
class BufferPool {
 public:
  explicit BufferPool(Device* device) : device_(device) {}
  absl::StatusOr<DeviceTensor> Take(const TensorType& type);

 private:
  Device* device_;
  std::map<std::string, std::vector<DeviceTensor>> tensors_;  // by type
};

class Executable {
 public:
  // `parameters` holds those of a graph that is not lowered; it and `device`
  // must outlive the executable. Errors are those of lowering and the device.
  static absl::StatusOr<std::unique_ptr<Executable>> Make(
      Device* device, const Graph& graph, const ParameterStore& store,
      const DeviceParameters& parameters, const ExecutableOptions& options);

  // Queues a run; the results are in `outputs` when the stream has come there.
  absl::Status Run(Stream& stream, absl::Span<const DeviceTensor> inputs,
                   BufferPool* pool, std::vector<DeviceTensor>* outputs);

  const Graph& graph() const { return program_->graph(); }
  // Constants of the program and its scratch memory.
  int64_t bytes() const;
  // In the order of the graph.
  const std::vector<TensorType>& output_types() const { return output_types_; }

 private:
  Executable() = default;

  std::unique_ptr<Program> program_;
  std::vector<DeviceTensor> parameters_;
  std::vector<TensorType> output_types_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_DYNAMIC_EXECUTABLE_H_
