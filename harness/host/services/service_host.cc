#include "harness/host/services/service_host.h"

#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "harness/backend/program_cache.h"
#include "harness/host/services/tables.h"
#include "harness/ops/custom/custom.h"

using assay::MethodState;

namespace {

// Of what compiled programs keep at hand, arenas mostly.
constexpr int64_t kProgramBytes = int64_t{1} << 30;

}  // namespace

assay_host::assay_host(assay::ServiceSink* sink) { options_.sink = sink; }

assay_host::assay_host(assay::ServiceHostOptions options,
                       assay::Graph reference_graph,
                       assay::ParameterStore reference_parameters)
    : options_(std::move(options)), main_thread_(std::this_thread::get_id()) {
  auto graph = std::make_unique<assay_graph>(std::move(reference_graph));
  graph->lent = true;
  reference_graph_ = handles_.Add(std::move(graph));
  auto parameters = std::make_unique<assay_parameters>();
  parameters->store = std::move(reference_parameters);
  parameters->lent = true;
  reference_parameters_ = handles_.Add(std::move(parameters));
}

assay_host::~assay_host() {
  for (const auto& [name, call] : calls_) assay::ForgetCustomCall(call);
}

absl::StatusOr<int64_t> assay_host::AddCall(const std::string& name,
                                            assay::CustomCall call) {
  if (calls_.count(name) > 0) {
    return absl::AlreadyExistsError(
        absl::StrCat("custom_op.add: there is an op '", name, "'"));
  }
  return calls_[name] = assay::RegisterCustomCall(std::move(call));
}

assay::ProgramCache& assay_host::programs(bool reference) {
  auto& cache = reference ? reference_programs_ : programs_;
  if (cache == nullptr) {
    cache = std::make_unique<assay::ProgramCache>(
        reference ? options_.reference : options_.device, kProgramBytes);
  }
  return *cache;
}

const void* assay_host::Find(assay_host* host, assay_text id) {
  const absl::string_view name = assay::View(id);
  {
    absl::MutexLock lock(&host->mutex_);
    host->tables_asked_.emplace(name);
  }
  if (!host->serves_runs() && name != ASSAY_STATUS_ID && name != ASSAY_LOG_ID) {
    return nullptr;
  }
  return assay::FindTable(name);
}

void assay_host::Enter(MethodState state) {
  main_thread_ = std::this_thread::get_id();
  if (state == MethodState::kRunning && run_began_ == absl::InfiniteFuture()) {
    run_began_ = absl::Now();
  }
  state_ = state;
}

absl::Status assay_host::Admit(const char* function, bool in_hook) {
  std::string breach;
  if (std::this_thread::get_id() != main_thread_) {
    breach = absl::StrCat(function, ": called from a thread of the method's");
  } else if (state() == MethodState::kIdle) {
    breach = absl::StrCat(function, ": called outside make, plan and run");
  } else if (state() == MethodState::kInHook && !in_hook) {
    breach = absl::StrCat(function, ": called from a training hook");
  }
  if (breach.empty()) return absl::OkStatus();
  sink().Misbehaviour(breach);
  return absl::FailedPreconditionError(breach);
}

absl::Status assay_host::AdmitRun(const char* function, bool in_hook) {
  if (state() == MethodState::kMaking || state() == MethodState::kPlanning) {
    const std::string breach =
        absl::StrCat(function, ": called before run; plan is a dry run");
    sink().Misbehaviour(breach);
    return absl::FailedPreconditionError(breach);
  }
  return Admit(function, in_hook);
}

int32_t assay_host::stop_wanted() const {
  const int32_t wish = options_.stop ? options_.stop() : ASSAY_STOP_NO;
  if (wish != ASSAY_STOP_NO) return wish;
  const double limit = options_.allowance.seconds;
  return limit >= 0 && absl::ToDoubleSeconds(elapsed()) > limit
             ? ASSAY_STOP_SOON
             : ASSAY_STOP_NO;
}

absl::Duration assay_host::elapsed() const {
  const absl::Time now = absl::Now();
  return run_began_ > now ? absl::ZeroDuration() : now - run_began_;
}

absl::Status assay_host::Afford(int64_t samples, int64_t steps,
                                int64_t evaluations) {
  const auto check = [](const char* what, int64_t limit, int64_t spent,
                        int64_t more) -> absl::Status {
    if (limit < 0 || spent + more <= limit) return absl::OkStatus();
    return absl::ResourceExhaustedError(absl::StrFormat(
        "allowance of %s: %d are allowed, %d are spent, %d more were asked for",
        what, limit, spent, more));
  };
  const assay::ServedAllowance& a = options_.allowance;
  absl::Status status = check("samples", a.samples, ledger_.samples, samples);
  if (status.ok()) status = check("steps", a.steps, ledger_.steps, steps);
  if (status.ok()) {
    status =
        check("evaluations", a.evaluations, ledger_.evaluations, evaluations);
  }
  return status;
}

const assay_part* assay_host::Whole(assay::Split split) {
  const assay_part*& whole = whole_[split];
  if (whole == nullptr) {
    auto part = std::make_unique<assay_part>();
    part->lent = true;
    part->split = split;
    part->samples.resize(static_cast<size_t>(task().dataset().size(split)));
    std::iota(part->samples.begin(), part->samples.end(), int64_t{0});
    whole = handles_.Add(std::move(part));
  }
  return whole;
}

assay_random* assay_host::Stream(absl::string_view name) {
  const auto it = streams_.find(name);
  if (it != streams_.end()) return it->second;
  auto stream = std::make_unique<assay_random>(assay::RandomStream(
      options_.seed, absl::StrCat("method/", options_.method_id, "/", name)));
  stream->lent = true;
  return streams_[std::string(name)] = handles_.Add(std::move(stream));
}

uint64_t assay_host::SeedFor(absl::string_view name) const {
  return assay::RandomStream(
             options_.seed,
             absl::StrCat("seed/", options_.method_id, "/", name))
      .NextU64();
}

std::vector<std::pair<std::string, uint64_t>> assay_host::StreamPositions()
    const {
  std::vector<std::pair<std::string, uint64_t>> positions;
  for (const auto& [name, stream] : streams_) {
    positions.emplace_back(name, stream->stream.position());
  }
  return positions;
}

std::vector<std::string> assay_host::tables_asked() const {
  absl::MutexLock lock(&mutex_);
  return {tables_asked_.begin(), tables_asked_.end()};
}
