#include "harness/host/process_energy.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/report/check.h"
#include "harness/report/record/energy_record.h"

namespace assay {
namespace {

std::string Reasons(absl::Span<const MeterSource> sources) {
  return absl::StrJoin(
      sources, "; ", [](std::string* out, const MeterSource& source) {
        absl::StrAppend(out, source.meter, ": ", source.unavailable);
      });
}

bool Reads(const EnergyMeter& meter, const EnergyRecord& record,
           absl::Span<const MeterSource> sources) {
  for (const MeterSource& source : sources) {
    if (source.meter != record.meter()) continue;
    for (const auto& scope : source.scopes) {
      if (scope.get() == &meter) return scope->scope() == record.scope();
    }
  }
  return false;
}

// Adds the record of one of the counters that share no joule.
void AddUp(const EnergyRecord& record, LedgerRecord* ledger) {
  if (!HasValue(record.availability())) {
    *ledger->mutable_joules_availability() = MakeAvailability(
        Availability::REFUSED,
        absl::StrCat(record.scope(), ": ", record.availability().reason()));
    return;
  }
  ledger->set_joules(ledger->joules() + record.gross_joules());
  Interval* interval = ledger->mutable_joules_interval();
  interval->set_low(interval->low() + record.gross_interval().low());
  interval->set_high(interval->high() + record.gross_interval().high());
  interval->set_confidence(record.gross_interval().confidence());
  interval->set_method(record.gross_interval().method());
}

}  // namespace

struct ProcessEnergy::State {
  State(std::vector<MeterSource> given, Clock& clock,
        const EnergyOptions& options)
      : sources(std::move(given)),
        session(absl::MakeSpan(sources), 1, clock, options) {}

  std::vector<MeterSource> sources;
  EnergySession session;
  int64_t start_ns = 0;
  std::mutex mutex;
  std::condition_variable wake;
  bool done = false;
  std::thread reader;
};

ProcessEnergy::ProcessEnergy(std::vector<MeterSource> sources, Clock& clock,
                             const ProcessEnergyOptions& options)
    : state_(
          std::make_unique<State>(std::move(sources), clock, options.session)) {
  State& state = *state_;
  if (DisjointMeters(state.sources).empty()) return;
  state.session.Begin();
  state.start_ns = clock.NowNs();
  state.session.BeforeBlock(0).IgnoreError();  // keeps its problems itself
  const std::chrono::duration<double> pause(options.seconds_between_readings);
  state.reader = std::thread([&state, pause] {
    std::unique_lock<std::mutex> lock(state.mutex);
    while (!state.wake.wait_for(lock, pause, [&] { return state.done; })) {
      state.session.KeepAlive();
    }
  });
}

ProcessEnergy::~ProcessEnergy() {
  if (!state_->reader.joinable()) return;
  LedgerRecord unused;
  Finish(&unused);
}

void ProcessEnergy::Finish(LedgerRecord* ledger) {
  State& state = *state_;
  if (!state.reader.joinable()) {
    *ledger->mutable_joules_availability() =
        MakeAvailability(Availability::UNAVAILABLE, Reasons(state.sources));
    return;
  }
  {
    const std::lock_guard<std::mutex> lock(state.mutex);
    state.done = true;
  }
  state.wake.notify_all();
  state.reader.join();
  state.session.AfterBlock(0, 0).IgnoreError();
  state.session.End();
  const std::vector<EnergyTotals> totals = state.session.Totals(0);
  *ledger->mutable_joules_availability() =
      MakeAvailability(Availability::MEASURED);
  const std::vector<EnergyMeter*> disjoint = DisjointMeters(state.sources);
  for (EnergyRecord& record : MakeEnergyRecords(totals, {}, state.start_ns)) {
    for (const EnergyMeter* meter : disjoint) {
      if (Reads(*meter, record, state.sources)) AddUp(record, ledger);
    }
    *ledger->add_energy() = std::move(record);
  }
  if (!HasValue(ledger->joules_availability())) {
    ledger->clear_joules();
    ledger->clear_joules_interval();
  }
}

}  // namespace assay
