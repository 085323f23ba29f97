#include "harness/host/process_energy.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/report/check.h"

namespace assay {

struct ProcessEnergy::State {
  struct Counter {
    EnergyMeter* meter;
    double start = 0, last = 0;
  };

  void ReadAll(bool first) {
    for (Counter& counter : counters) {
      auto joules = counter.meter->Joules();
      if (!joules.ok()) {
        problem = absl::StrCat(counter.meter->scope(), ": ",
                               joules.status().message());
        continue;
      }
      counter.last = *joules;
      if (first) counter.start = *joules;
    }
  }

  std::vector<MeterSource> sources;
  std::vector<Counter> counters;
  std::string problem;  // of a reading
  std::mutex mutex;
  std::condition_variable wake;
  bool done = false;
  std::thread reader;
};

ProcessEnergy::ProcessEnergy(std::vector<MeterSource> sources,
                             double seconds_between_readings)
    : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.sources = std::move(sources);
  for (MeterSource& source : state.sources) {
    for (const auto& meter : source.scopes) {
      if (absl::StrContains(meter->scope(), "/")) continue;
      state.counters.push_back({meter.get()});
    }
  }
  if (state.counters.empty()) return;
  state.ReadAll(true);
  const std::chrono::duration<double> pause(seconds_between_readings);
  state.reader = std::thread([&state, pause] {
    std::unique_lock<std::mutex> lock(state.mutex);
    while (!state.wake.wait_for(lock, pause, [&] { return state.done; })) {
      state.ReadAll(false);
    }
  });
}

ProcessEnergy::~ProcessEnergy() {
  LedgerRecord unused;
  Finish(&unused);
}

void ProcessEnergy::Finish(LedgerRecord* ledger) {
  State& state = *state_;
  if (state.reader.joinable()) {
    {
      const std::lock_guard<std::mutex> lock(state.mutex);
      state.done = true;
    }
    state.wake.notify_all();
    state.reader.join();
    state.ReadAll(false);
  }
  Availability* availability = ledger->mutable_joules_availability();
  if (state.counters.empty()) {
    *availability = MakeAvailability(
        Availability::UNAVAILABLE,
        absl::StrJoin(state.sources, "; ",
                      [](std::string* out, const MeterSource& source) {
                        absl::StrAppend(out, source.meter, ": ",
                                        source.unavailable);
                      }));
    return;
  }
  if (!state.problem.empty()) {
    *availability = MakeAvailability(Availability::REFUSED, state.problem);
    return;
  }
  double joules = 0;
  for (const State::Counter& counter : state.counters) {
    joules += counter.last - counter.start;
  }
  ledger->set_joules(joules);
  *availability = MakeAvailability(Availability::MEASURED);
}

}  // namespace assay
