// Where the time of a plan goes, step by step.
#ifndef ASSAY_HARNESS_PROFILE_PROFILE_H_
#define ASSAY_HARNESS_PROFILE_PROFILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/backend/device.h"
#include "harness/core/dtype.h"
#include "harness/graph/graph.h"

namespace assay {

struct ProfileOptions {
  int64_t runs = 200;  // timed, after a tenth as many to warm up
  int threads = 0;     // 0: the device's own choice
  uint64_t seed = 1;   // of the inputs
};

struct StepProfile {
  std::string kind, name;    // as in ProgramStep
  DType type = DType::kF32;  // of what it computes with
  int64_t macs = 0;          // of its nodes, zeros included
  int64_t bytes = 0;         // that it touches
  double seconds = 0;        // median
  double low = 0, high = 0;  // 5th and 95th percentile
  int64_t last_ns = 0;       // in the last run
};

struct Profile {
  std::vector<StepProfile> steps;
  // Medians of a whole run: step by step with the clock read between, and as
  // plans run.
  double timed_seconds = 0, plain_seconds = 0;
};

// Compiles and runs a graph without parameters (what lowering leaves), on
// inputs drawn from the seed: floats N(0, 1), integers below 2. UNIMPLEMENTED:
// a backend that does not time its steps.
absl::StatusOr<Profile> ProfileGraph(Device* device, const Graph& graph,
                                     const ProfileOptions& options);

// One run, as chrome://tracing and Perfetto read it: the steps' last times, one
// after the other, in the Trace Event Format.
std::string ChromeTrace(const Profile& profile);

}  // namespace assay

#endif  // ASSAY_HARNESS_PROFILE_PROFILE_H_
