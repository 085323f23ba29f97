// Quality against cost over the networks of many reports, and how surely each
// is on the Pareto front.
#ifndef ASSAY_HARNESS_REPORT_FRONT_H_
#define ASSAY_HARNESS_REPORT_FRONT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "harness/report/common.pb.h"
#include "harness/report/report.pb.h"

namespace assay {

enum class FrontCost {
  kLatency,  // mean of hot single queries on the run's own backend, ns
  kMacs,
  kBytes,   // of the artifact on disk
  kEnergy,  // gross joules per sample of the first meter that read both
};
// "latency", "macs", "bytes", "energy"; INVALID_ARGUMENT lists them.
absl::StatusOr<FrontCost> ParseFrontCost(absl::string_view name);

struct FrontPoint {
  std::string network;  // "dense", "magnitude/lamp sparsity>=0.9, seed 1"
  std::string precision;
  double quality = 0.0, cost = 0.0;
  Interval quality_interval, cost_interval;  // without a method: exact
  double chance = 0.0;                       // of being on the front
};

// Of one task and backend.
struct Front {
  std::string task, backend, metric, unit;
  std::vector<FrontPoint> points;     // by cost, ascending
  std::vector<std::string> left_out;  // "network: why it has no such cost"
};

// By task and backend, in order; the dense network of each is counted once.
std::vector<Front> MakeFronts(absl::Span<const Report> reports, FrontCost cost,
                              int64_t draws = 2000, uint64_t seed = 0);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_FRONT_H_
