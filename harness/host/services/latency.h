// The slots `latency` of assay.cost/1 and assay.dynamic/1.
#ifndef ASSAY_HARNESS_HOST_SERVICES_LATENCY_H_
#define ASSAY_HARNESS_HOST_SERVICES_LATENCY_H_

#include <cstddef>
#include <cstdint>

#include "harness/abi/assay.h"

namespace assay {

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

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SERVICES_LATENCY_H_
