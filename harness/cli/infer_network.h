// A network file with its inputs, compiled and ready to run: what `assay infer`
// works on.
#ifndef ASSAY_HARNESS_CLI_INFER_NETWORK_H_
#define ASSAY_HARNESS_CLI_INFER_NETWORK_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/backend/device.h"
#include "harness/backend/session.h"
#include "harness/core/tensor.h"
#include "harness/dynamic/dynamic_program.h"
#include "harness/dynamic/path.h"

namespace assay {

struct OnnxDynamicNetwork;
struct OnnxModel;

// A tensor file by the name of an input or output; "" where the place in the
// list says which.
struct TensorFile {
  std::string name, path;
};

struct InferRequest {
  std::string path;                 // of the .onnx or .tflite file
  std::vector<TensorFile> inputs;   // .pb (a TensorProto) or .npy
  std::vector<TensorFile> expects;  // of outputs
  std::map<std::string, int64_t> dimensions;
  int64_t batch = 1;
  std::string backend = "cpu";
  std::string precision = "f32";
  bool as_written = false;  // node by node instead of a lowered plan
  int threads = 0;
};

// Adds the inputs and outputs of a folder of ONNX's own test data: input_0.pb,
// input_1.pb, ..., output_0.pb, ... NOT_FOUND when there are none.
absl::Status AddDataSet(const std::string& folder, InferRequest* request);

struct NamedTensor {
  std::string name;
  Tensor value;
};

// Reads, imports, lowers, compiles, feeds. Conditionals and loops that a run
// decides stay so where import can keep them; else branches and trip counts are
// those of the inputs given, which bound() says.
class InferNetwork {
 public:
  // INVALID_ARGUMENT: inputs that are missing, unknown or of another type,
  // named together; other errors are those of reading, import and the backend.
  static absl::StatusOr<std::unique_ptr<InferNetwork>> Make(
      const InferRequest& request);

  absl::Status Run();
  // Of the last run, in the file's order.
  absl::StatusOr<std::vector<NamedTensor>> Outputs();

  // What outputs should be, by their names.
  const std::map<std::string, Tensor>& expected() const { return expected_; }
  // Inputs on which shapes or branches depend: the plan holds for their values.
  const std::vector<std::string>& bound() const { return bound_; }
  // Nodes of the plan, or of all sub-networks of one that decides.
  int64_t nodes() const;
  // The decisions of the last run (harness/dynamic/path.h); empty where the
  // network has none to make.
  std::string path() const;

 private:
  InferNetwork() = default;

  absl::Status Compile(const OnnxModel& model, const InferRequest& request,
                       const std::map<std::string, Tensor>& inputs);
  absl::Status CompileDynamic(OnnxDynamicNetwork network,
                              const InferRequest& request,
                              const std::map<std::string, Tensor>& inputs);

  std::unique_ptr<Device> device_;
  std::unique_ptr<DeviceParameters> parameters_;
  std::unique_ptr<Session> session_;  // or, where runs decide:
  std::unique_ptr<DynamicProgram> dynamic_;
  std::map<std::string, Tensor> inputs_;
  DynamicResult result_;
  std::map<std::string, Tensor> expected_;
  std::vector<std::string> bound_;
};

// How far `got` is from `want`: the largest absolute difference, and that
// difference over the largest magnitude of `want` (over 1 where all are 0).
// Places where both are NaN or the same infinity agree. INVALID_ARGUMENT: other
// types or shapes.
struct Difference {
  double absolute = 0, relative = 0;
};
absl::StatusOr<Difference> CompareOutputs(const Tensor& want,
                                          const Tensor& got);

}  // namespace assay

#endif  // ASSAY_HARNESS_CLI_INFER_NETWORK_H_
