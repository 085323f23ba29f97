// Plans of the reference networks, for benchmarks.
#ifndef ASSAY_HARNESS_BACKEND_CPU_BENCHMARK_PLANS_H_
#define ASSAY_HARNESS_BACKEND_CPU_BENCHMARK_PLANS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "harness/graph/rewrites/lower.h"

namespace assay {

enum class PlanType { kF32, kBf16, kInt8 };

// A reference network as it starts, at that batch. kInt8: every layer in 8
// bits, on grids that hold what random weights give.
absl::StatusOr<LoweredNetwork> MakeBenchmarkPlan(const std::string& network,
                                                 int64_t batch, PlanType type);

}  // namespace assay

#endif  // ASSAY_HARNESS_BACKEND_CPU_BENCHMARK_PLANS_H_
