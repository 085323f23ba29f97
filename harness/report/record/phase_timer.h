// Where the time of a run goes.
#ifndef ASSAY_HARNESS_REPORT_RECORD_PHASE_TIMER_H_
#define ASSAY_HARNESS_REPORT_RECORD_PHASE_TIMER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "harness/measure/clock.h"
#include "harness/report/report.pb.h"

namespace assay {

// Adds up the time spent in named phases, one inside another: the time of an
// inner phase does not count for the outer one, and what no phase claims is
// HARNESS. One thread.
class PhaseTimer {
 public:
  explicit PhaseTimer(Clock& clock);

  // From here to the end of the scope.
  class Scope {
   public:
    Scope(PhaseTimer* timer, std::string name, PhaseRecord::Kind kind);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    PhaseTimer* timer_;
  };

  // Time that another process spent while a phase of this one waited for it.
  void Add(const OverheadRecord& other);

  OverheadRecord Record() const;

 private:
  struct Phase {
    std::string name;
    PhaseRecord::Kind kind;
    int64_t ns = 0;
    uint64_t calls = 0;
  };

  size_t Find(const std::string& name, PhaseRecord::Kind kind);
  void Charge();

  Clock& clock_;
  int64_t start_ns_, last_ns_;
  std::vector<Phase> phases_;
  std::vector<size_t> open_;
};

// One phase that was entered once.
PhaseRecord SinglePhase(std::string name, PhaseRecord::Kind kind,
                        double seconds);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_RECORD_PHASE_TIMER_H_
