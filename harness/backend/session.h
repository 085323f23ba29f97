// Running graphs by name with host tensors: what everything above the backend
// uses.
#ifndef ASSAY_HARNESS_BACKEND_SESSION_H_
#define ASSAY_HARNESS_BACKEND_SESSION_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/backend/device.h"
#include "harness/graph/parameter_store.h"

namespace assay {

class ProgramCache;  // program_cache.h

// A device's parameters by name: the device-side twin of a ParameterStore.
class DeviceParameters {
 public:
  explicit DeviceParameters(Device* device) : device_(device) {}

  // Uploads every tensor of `store`; same-typed ones keep their buffer.
  absl::Status Load(const ParameterStore& store);
  absl::Status Set(const std::string& name, const Tensor& value);
  // NOT_FOUND names the parameter. The result is a copy.
  absl::StatusOr<Tensor> Get(const std::string& name) const;
  absl::Status Save(ParameterStore* store) const;  // all, copied to the host
  const DeviceTensor* Find(absl::string_view name) const;
  Device* device() const { return device_; }

 private:
  Device* device_;
  std::map<std::string, DeviceTensor, std::less<>> values_;
};

// A program with its operands. Feeds by name, fetches by name; parameters come
// from (and updates go to) a DeviceParameters, which several sessions may
// share.
class Session {
 public:
  // `parameters` may be null for a graph without parameters.
  static absl::StatusOr<std::unique_ptr<Session>> Make(
      Device* device, const Graph& graph, DeviceParameters* parameters,
      const CompileOptions& options = {});

  // On a program of the cache, which sessions of one structure share; the
  // cache's device must outlive the session.
  static absl::StatusOr<std::unique_ptr<Session>> Make(
      ProgramCache* cache, const Graph& graph, DeviceParameters* parameters,
      const CompileOptions& options = {});

  // Uploads a copy for the next run. INVALID_ARGUMENT: unknown name, or another
  // type.
  absl::Status Feed(absl::string_view input, const Tensor& value);
  // Runs with what was fed and waits for the end; inputs keep their last value.
  // NOT_FOUND names a parameter that the store lacks, FAILED_PRECONDITION an
  // input that was never fed.
  absl::Status Run();
  // As Run, with the time of each of program().steps().
  absl::Status RunTimed(absl::Span<int64_t> nanoseconds);
  // Output of the last run, on the host. FAILED_PRECONDITION: nothing was run,
  // or the last run failed.
  absl::StatusOr<Tensor> Fetch(absl::string_view output);

  const Graph& graph() const { return program_->graph(); }
  Program& program() { return *program_; }

 private:
  Session() = default;
  static absl::StatusOr<std::unique_ptr<Session>> Over(
      Device* device, std::shared_ptr<Program> program,
      DeviceParameters* parameters);
  // Parameters in the order of the graph, once all inputs were fed.
  absl::StatusOr<std::vector<DeviceTensor>> Operands() const;

  Device* device_ = nullptr;
  DeviceParameters* parameters_ = nullptr;
  std::shared_ptr<Program> program_;
  std::unique_ptr<Stream> stream_;
  std::vector<DeviceTensor> inputs_, outputs_;
  std::vector<bool> fed_;  // by input
  bool ran_ = false;       // the last run came to its end
};

}  // namespace assay

#endif  // ASSAY_HARNESS_BACKEND_SESSION_H_
