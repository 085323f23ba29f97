#include "harness/report/record/phase_timer.h"

#include <algorithm>
#include <utility>

#include "harness/report/check.h"

namespace assay {
namespace {

constexpr char kOther[] = "other";

bool IsHarness(PhaseRecord::Kind kind) {
  return kind != PhaseRecord::METHOD && kind != PhaseRecord::TRAINING &&
         kind != PhaseRecord::SCORING && kind != PhaseRecord::TIMING;
}

}  // namespace

PhaseTimer::PhaseTimer(Clock& clock)
    : clock_(clock), start_ns_(clock.NowNs()), last_ns_(start_ns_) {
  open_.push_back(Find(kOther, PhaseRecord::HARNESS));
  phases_[0].calls = 1;
}

size_t PhaseTimer::Find(const std::string& name, PhaseRecord::Kind kind) {
  for (size_t i = 0; i < phases_.size(); ++i) {
    if (phases_[i].name == name && phases_[i].kind == kind) return i;
  }
  phases_.push_back({name, kind});
  return phases_.size() - 1;
}

// Gives the time since the last change to the innermost open phase.
void PhaseTimer::Charge() {
  const int64_t now = clock_.NowNs();
  phases_[open_.back()].ns += now - last_ns_;
  last_ns_ = now;
}

PhaseTimer::Scope::Scope(PhaseTimer* timer, std::string name,
                         PhaseRecord::Kind kind)
    : timer_(timer) {
  timer_->Charge();
  const size_t phase = timer_->Find(name, kind);
  ++timer_->phases_[phase].calls;
  timer_->open_.push_back(phase);
}

PhaseTimer::Scope::~Scope() {
  timer_->Charge();
  timer_->open_.pop_back();
}

void PhaseTimer::Add(const OverheadRecord& other) {
  int64_t added = 0;
  for (const PhaseRecord& phase : other.phases()) {
    Phase& mine = phases_[Find(phase.name(), phase.kind())];
    const int64_t ns = static_cast<int64_t>(phase.seconds() * 1e9);
    mine.ns += ns;
    mine.calls += phase.calls();
    added += ns;
  }
  // The phase that waits has been, or will be, charged for the same time.
  phases_[open_.back()].ns -= added;
}

OverheadRecord PhaseTimer::Record() const {
  OverheadRecord record;
  *record.mutable_availability() = MakeAvailability(Availability::MEASURED);
  const int64_t now = clock_.NowNs();
  const double total = static_cast<double>(now - start_ns_) * 1e-9;
  double harness = 0.0;
  for (size_t i = 0; i < phases_.size(); ++i) {
    const Phase& phase = phases_[i];
    const int64_t running = i == open_.back() ? now - last_ns_ : 0;
    const double seconds =
        std::max(0.0, static_cast<double>(phase.ns + running) * 1e-9);
    PhaseRecord* out = record.add_phases();
    out->set_name(phase.name);
    out->set_kind(phase.kind);
    out->set_seconds(seconds);
    out->set_calls(phase.calls);
    if (IsHarness(phase.kind)) harness += seconds;
  }
  record.set_total_seconds(total);
  if (total > 0.0) {
    record.set_harness_fraction(std::clamp(harness / total, 0.0, 1.0));
  }
  return record;
}

PhaseRecord SinglePhase(std::string name, PhaseRecord::Kind kind,
                        double seconds) {
  PhaseRecord phase;
  phase.set_name(std::move(name));
  phase.set_kind(kind);
  phase.set_seconds(seconds);
  phase.set_calls(1);
  return phase;
}

}  // namespace assay
