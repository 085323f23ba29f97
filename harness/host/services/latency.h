// The slots `latency` of assay.cost/1 and assay.dynamic/1, and what their slots
// `check` share.
#ifndef ASSAY_HARNESS_HOST_SERVICES_LATENCY_H_
#define ASSAY_HARNESS_HOST_SERVICES_LATENCY_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "harness/abi/assay.h"

namespace assay {

struct Footprint;

assay_status* Latency(assay_host* host, const assay_graph* const* graphs,
                      const assay_parameters* const* sets, size_t count,
                      const assay_latency_options* options,
                      assay_latency* const* out);

assay_status* DynamicLatency(assay_host* host,
                             const assay_dynamic* const* networks,
                             const assay_parameters* const* sets,
                             uint64_t count,
                             const assay_latency_options* options,
                             assay_latency* const* out);

// FAILED_PRECONDITION says which limit of budget `index` is not kept.
absl::Status CheckBudget(assay_host* host, uint32_t index,
                         const Footprint& candidate);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SERVICES_LATENCY_H_
