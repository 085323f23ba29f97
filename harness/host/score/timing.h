// Latency of networks in one interleaved session per batch size.
#ifndef ASSAY_HARNESS_HOST_SCORE_TIMING_H_
#define ASSAY_HARNESS_HOST_SCORE_TIMING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "harness/backend/device.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/host/run_spec.pb.h"
#include "harness/report/machine.pb.h"
#include "harness/report/record/phase_timer.h"
#include "harness/report/report.pb.h"
#include "harness/tasks/task.h"

namespace assay {

// A network to be timed, and the record that gets the results. The cost in the
// record must be filled in.
struct TimedNetwork {
  const Graph* graph = nullptr;
  const ParameterStore* parameters = nullptr;
  CandidateRecord* record = nullptr;
};

// Types that a network is timed in: the asked ones that apply to it, where none
// asked means f32 and int8. A quantized graph has int8 alone, another graph
// never has it.
std::vector<std::string> PrecisionsOf(const Graph& graph,
                                      const MeasureSpec& measure);

// Times all networks, of which the first is the dense one: batch 1 as
// SingleStream, larger batches as MultiStream with a query of one batch, every
// variant the same number of queries. Adds latencies and gains to the records,
// and an UNAVAILABLE latency with the reason for what the device cannot run.
// Errors are the device's or the data's.
absl::Status TimeNetworks(const Task& task, Device* device,
                          absl::Span<const TimedNetwork> networks,
                          const MeasureSpec& measure, uint64_t seed,
                          int threads, PhaseTimer* phases,
                          MachineRecord* machine);

// Memory of one plan at batch 1, alone: resident set before it is made, and its
// peak until it has answered.
absl::Status MeasureMemory(const Task& task, Device* device, int threads,
                           const TimedNetwork& network);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SCORE_TIMING_H_
