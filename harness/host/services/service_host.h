// One method instance's host: what stands behind the `assay_host*` that a
// module holds, and what the tables in this folder share.
#ifndef ASSAY_HARNESS_HOST_SERVICES_SERVICE_HOST_H_
#define ASSAY_HARNESS_HOST_SERVICES_SERVICE_HOST_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "harness/abi/assay.h"
#include "harness/backend/device.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/host/budget_rules.h"
#include "harness/host/services/convert.h"
#include "harness/host/services/handles.h"
#include "harness/host/services/objects.h"
#include "harness/host/services/served_task.h"

namespace assay {

class ProgramCache;
struct CustomCall;
struct DynamicGraph;

// What one candidate must meet; an absent limit is negative.
struct ServedBudget : BudgetLimits {
  std::string id;
};

// Negative: no limit.
struct ServedAllowance {
  int64_t samples = -1;
  int64_t steps = -1;
  int64_t evaluations = -1;
  double seconds = -1;
};

// What has been spent.
struct ServedLedger {
  int64_t samples = 0;
  int64_t steps = 0;
  int64_t evaluations = 0;
  int64_t programs = 0;
  int64_t macs = 0;
  absl::Duration training;  // in the loop and its hooks
  absl::Duration evaluating;
};

uint32_t BudgetKinds(const ServedBudget& budget);  // bits ASSAY_BUDGET_...

// Where words, numbers and candidates go. Log, Progress and Misbehaviour may be
// called from any thread.
class ServiceSink {
 public:
  virtual ~ServiceSink() = default;
  virtual void Log(int32_t level, absl::string_view line) = 0;
  virtual void Progress(absl::string_view phase, int64_t done,
                        int64_t total) = 0;
  virtual void Metric(absl::string_view key, int64_t step, double value) = 0;
  virtual void Note(absl::string_view key, absl::string_view value) = 0;
  // A breach of the ABI's rules: "graph.free: a lent handle was freed".
  virtual void Misbehaviour(absl::string_view what) = 0;
  // The method entered, or left (empty), an event of a training.
  virtual void Hook(absl::string_view event) = 0;
  virtual absl::Status Submit(uint32_t budget, const Graph& graph,
                              const ParameterStore& parameters) = 0;
  virtual absl::Status Submit(uint32_t budget, const DynamicGraph& graph,
                              const ParameterStore& parameters) = 0;
};

struct ServiceHostOptions {
  std::string method_id;
  uint64_t seed = 0;
  Device* device = nullptr;     // the run's backend
  Device* reference = nullptr;  // f64 loops
  const ServedTask* task = nullptr;
  std::vector<ServedBudget> budgets;  // at least one
  ServedAllowance allowance;
  std::string training_precision = "f32";
  ServiceSink* sink = nullptr;
  // What log.stop_wanted answers, an ASSAY_STOP_ value, from any thread; may be
  // empty.
  std::function<int32_t()> stop;
};

// In which function of the method the host is.
enum class MethodState : uint8_t {
  kIdle,      // between calls, or the host of a module without instance
  kMaking,    // make
  kPlanning,  // plan
  kRunning,   // run
  kInHook,    // an event of a training
};

}  // namespace assay

// The object behind the handle of that name. A host without options serves
// `assay.status` and `assay.log` alone.
struct assay_host {
 public:
  explicit assay_host(assay::ServiceSink* sink);
  assay_host(assay::ServiceHostOptions options, assay::Graph reference_graph,
             assay::ParameterStore reference_parameters);
  ~assay_host();
  assay_host(const assay_host&) = delete;
  assay_host& operator=(const assay_host&) = delete;

  // `assay_find_fn`; records what was asked for.
  static const void* Find(assay_host* host, assay_text id);

  bool serves_runs() const { return options_.task != nullptr; }
  const assay::ServiceHostOptions& options() const { return options_; }
  const assay::ServedTask& served() const { return *options_.task; }
  const assay::Task& task() const { return *options_.task->task; }
  assay::ServiceSink& sink() { return *options_.sink; }
  assay::HandleRegistry& handles() { return handles_; }
  assay::ServedLedger& ledger() { return ledger_; }
  const assay_graph* reference_graph() const { return reference_graph_; }
  const assay_parameters* reference_parameters() const {
    return reference_parameters_;
  }

  // The host calls the method on this thread; [main] calls must come from it.
  void Enter(assay::MethodState state);
  assay::MethodState state() const { return state_.load(); }

  // OK where a call tagged [main, hook] (or, with `in_hook` false, [main]) is
  // legal now; else FAILED_PRECONDITION, and noted as misbehaviour.
  absl::Status Admit(const char* function, bool in_hook);
  // Of a call that only run may make (train, evaluate, submit).
  absl::Status AdmitRun(const char* function, bool in_hook);

  int32_t stop_wanted() const;
  // Wall time since the first Enter(kRunning).
  absl::Duration elapsed() const;
  // RESOURCE_EXHAUSTED where the allowance does not cover this much more.
  absl::Status Afford(int64_t samples, int64_t steps, int64_t evaluations);

  // Programs of the run's device, or of the reference, by structure.
  assay::ProgramCache& programs(bool reference);
  // Registers a custom op until this host ends; the result is its number.
  // ALREADY_EXISTS: the method has one of that name.
  absl::StatusOr<int64_t> AddCall(const std::string& name,
                                  assay::CustomCall call);

  // All samples of a split: lent, made at first use.
  const assay_part* Whole(assay::Split split);

  // The stream of that name, made at first use.
  assay_random* Stream(absl::string_view name);
  // A seed for a purpose of that name: the same every time.
  uint64_t SeedFor(absl::string_view name) const;
  // Name and position of each stream, sorted.
  std::vector<std::pair<std::string, uint64_t>> StreamPositions() const;

  std::vector<std::string> tables_asked() const;

 private:
  assay::ServiceHostOptions options_;
  assay::HandleRegistry handles_;
  assay::ServedLedger ledger_;
  const assay_graph* reference_graph_ = nullptr;
  const assay_parameters* reference_parameters_ = nullptr;
  std::map<assay::Split, const assay_part*> whole_;
  std::atomic<assay::MethodState> state_{assay::MethodState::kIdle};
  std::thread::id main_thread_;
  absl::Time run_began_ = absl::InfiniteFuture();
  std::map<std::string, assay_random*, std::less<>> streams_;
  std::unique_ptr<assay::ProgramCache> programs_, reference_programs_;
  std::map<std::string, int64_t> calls_;  // custom ops by name
  mutable absl::Mutex mutex_;
  std::set<std::string> tables_asked_ ABSL_GUARDED_BY(mutex_);
};

namespace assay {

// The frame of a table's function: legal now? then `body`, whose status
// crosses. Nothing but memory exhaustion throws in the harness.
template <typename F>
assay_status* Serve(assay_host* host, const char* function, F&& body,
                    bool in_hook = true) {
  absl::Status status = host->Admit(function, in_hook);
  if (status.ok()) status = body();
  return Give(status);
}
template <typename F>
assay_status* ServeRun(assay_host* host, const char* function, F&& body,
                       bool in_hook = false) {
  absl::Status status = host->AdmitRun(function, in_hook);
  if (status.ok()) status = body();
  return Give(status);
}

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SERVICES_SERVICE_HOST_H_
