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
#include "harness/measure/energy/meter.h"
#include "harness/report/machine.pb.h"
#include "harness/report/record/phase_timer.h"
#include "harness/report/report.pb.h"
#include "harness/tasks/task.h"

namespace assay {

struct DynamicGraph;

// A device that times them, by the name of its backend.
struct TimedDevice {
  std::string backend;
  Device* device = nullptr;
};

// A network to be timed, and the record that gets the results. The cost in the
// record must be filled in.
struct TimedNetwork {
  const Graph* graph = nullptr;
  const ParameterStore* parameters = nullptr;
  CandidateRecord* record = nullptr;
  // Of a network with control flow; `graph` has its pieces (Flow).
  const DynamicGraph* dynamic = nullptr;
};

struct TimingOptions {
  MeasureSpec measure;
  uint64_t seed = 0;
  int threads = 1;
  MeterEnvironment meters;
  // By `measure` and `threads` above: choices to repeat, and where choices are
  // kept, by machine and program.
  std::vector<TunedPlan> tuned;
  std::string cache_dir, machine, program;
};

// Types that a network is timed in: the asked ones that apply to it, where none
// asked means f32 and int8. A quantized graph has int8 alone, another graph
// never has it.
std::vector<std::string> PrecisionsOf(const Graph& graph,
                                      const MeasureSpec& measure);

// Times all networks, of which the first is the dense one, on all devices: one
// session for each that PlanSessions names, in which every variant gets the
// same number of queries. Adds latencies and gains to the records, and an
// UNAVAILABLE latency with the reason for what a device cannot run, or a cache
// that cannot be made cold. Errors are the device's or the data's.
absl::Status TimeNetworks(const Task& task,
                          absl::Span<const TimedDevice> devices,
                          absl::Span<const TimedNetwork> networks,
                          const TimingOptions& options, PhaseTimer* phases,
                          MachineRecord* machine);

// Memory of one plan at batch 1, alone: resident set before it is made, and its
// peak until it has answered. With control flow, lowering its sub-networks
// counts as well.
absl::Status MeasureMemory(const Task& task, Device* device, int threads,
                           const TimedNetwork& network);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SCORE_TIMING_H_
