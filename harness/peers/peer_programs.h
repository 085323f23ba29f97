// Programs that stand beside another runtime's: the same network, the same
// weights, the same inputs.
#ifndef ASSAY_HARNESS_PEERS_PEER_PROGRAMS_H_
#define ASSAY_HARNESS_PEERS_PEER_PROGRAMS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/backend/session.h"

namespace assay {

// A program that is ready to run, with all that it needs.
struct PeerProgram {
  std::unique_ptr<DeviceParameters> parameters;  // null for a plan
  std::unique_ptr<Session> session;
  // Results that a quantized plan still computes in floats
  // (rewrites/lower.h).
  std::vector<std::string> left_in_float;
};

// The plan of an ONNX file, which is quantized where the file is;
// `precision` ("f32" or "bf16") is that of everything else. `batch` is the
// extent of an open dimension 0.
absl::StatusOr<PeerProgram> MakePlan(Device* device, const std::string& path,
                                     int64_t batch,
                                     const std::string& precision, int threads);

// One step of training of a network of harness/models by name: resnet20 and
// its like by SGD with momentum, others by `optimizer` ("sgd" or "adamw").
// Inputs are drawn; parameters start as the network says.
absl::StatusOr<PeerProgram> MakeTrainingStep(
    Device* device, const std::string& network, int64_t batch,
    const std::string& optimizer, const std::string& precision, int threads);

}  // namespace assay

#endif  // ASSAY_HARNESS_PEERS_PEER_PROGRAMS_H_
