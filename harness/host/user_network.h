// A network that the user brought in a file, in the place of a task's own.
#ifndef ASSAY_HARNESS_HOST_USER_NETWORK_H_
#define ASSAY_HARNESS_HOST_USER_NETWORK_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/host/run_spec.pb.h"
#include "harness/tasks/task.h"

namespace assay {

struct UserNetwork {
  Graph graph;
  ParameterStore parameters;
  // Of structure and weights as read, wherever the file keeps them.
  std::string sha256;
  std::map<std::string, std::string> metadata;  // as the file states it
};

// Reads an ONNX or TensorFlow Lite file at batch 1. Errors are those of reading
// and import, with the path.
absl::StatusOr<UserNetwork> ReadUserNetwork(const std::string& path);

// What spec.network() leaves open is taken from what Assay writes into the
// files that it exports (mean, stddev, classes); the content's hash is filled
// in. INVALID_ARGUMENT: numbers or words of the metadata that make no sense.
absl::Status CompleteNetworkSpec(const UserNetwork& network, NetworkSpec* spec);

// Fits the network of spec.network_path() to `task` and puts it there.
// DATA_LOSS: its content is not the one that spec.network() names.
// INVALID_ARGUMENT as FitNetwork, with the path.
absl::Status BringUserNetwork(const RunSpec& spec, Task* task);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_USER_NETWORK_H_
