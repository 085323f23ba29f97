// A whole run in small, in memory: a task of a few dozen images, a reference
// network with everything that methods meet (residual block, batch norm,
// depthwise convolution, linear layer), and a sink that keeps what it is given.
// For tests of services, plugins and the conformance kit.
#ifndef ASSAY_HARNESS_HOST_SERVICES_TESTING_TINY_RUN_H_
#define ASSAY_HARNESS_HOST_SERVICES_TESTING_TINY_RUN_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "harness/abi/assay.h"
#include "harness/backend/device.h"
#include "harness/dynamic/dynamic_graph.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/host/services/service_host.h"
#include "harness/tasks/task.h"

namespace assay {

// Keeps everything, in order.
class RecordingSink : public ServiceSink {
 public:
  void Log(int32_t level, absl::string_view line) override;
  void Progress(absl::string_view phase, int64_t done, int64_t total) override;
  void Metric(absl::string_view key, int64_t step, double value) override;
  void Note(absl::string_view key, absl::string_view value) override;
  void Misbehaviour(absl::string_view what) override;
  void Hook(absl::string_view event) override;
  absl::Status Submit(uint32_t budget, const Graph& graph,
                      const ParameterStore& parameters) override;
  absl::Status Submit(uint32_t budget, const DynamicGraph& graph,
                      const ParameterStore& parameters) override;

  struct Candidate {
    Graph graph;
    ParameterStore parameters;
  };
  std::vector<std::string> lines;
  std::map<std::string, std::vector<double>> metrics;
  std::map<std::string, std::string> notes;
  std::vector<std::string> misbehaviours;
  std::vector<std::string> hooks;
  std::map<uint32_t, Candidate> candidates;
  struct DynamicCandidate {
    DynamicGraph graph;
    ParameterStore parameters;
  };
  std::map<uint32_t, DynamicCandidate> dynamic_candidates;

 private:
  absl::Mutex mutex_;  // lines and misbehaviours come from any thread
};

struct TinyRunOptions {
  std::string method_id = "tiny";
  uint64_t seed = 1;
  std::vector<ServedBudget> budgets = {{}};
  ServedAllowance allowance;
};

// Two instances share nothing. Aborts where it cannot be built.
class TinyRun {
 public:
  explicit TinyRun(TinyRunOptions options = {});
  ~TinyRun();

  assay_host* host() { return host_.get(); }
  // The host as if a method were running: what an sdk::Run of a plugin's own
  // test needs beside find().
  assay_host* Enter() {
    host_->Enter(MethodState::kRunning);
    return host_.get();
  }
  static assay_find_fn find() { return &assay_host::Find; }
  RecordingSink& sink() { return sink_; }
  const Task& task() const { return *task_; }
  const Graph& reference_graph() const;
  const ParameterStore& reference_parameters() const;
  // What log.stop_wanted answers.
  void set_stop(int32_t stop) { stop_ = stop; }

 private:
  RecordingSink sink_;
  std::atomic<int32_t> stop_{0};
  std::unique_ptr<Device> device_;
  std::unique_ptr<Task> task_;
  ServedTask served_;
  std::unique_ptr<assay_host> host_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SERVICES_TESTING_TINY_RUN_H_
