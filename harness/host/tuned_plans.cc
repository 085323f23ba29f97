#include "harness/host/tuned_plans.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

void AddPlans(const CandidateRecord& network, RunSpec* spec) {
  std::set<std::string> seen;  // a plan has one choice in all its sessions
  for (const LatencyRecord& latency : network.latency()) {
    if (!latency.has_tuning()) continue;
    TunedPlan plan;
    plan.set_network(network.name());
    plan.set_backend(latency.backend());
    plan.set_precision(latency.precision());
    plan.set_batch(static_cast<int32_t>(latency.batch()));
    if (latency.scenario() == LatencyRecord::PREFILL) {
      plan.set_writes("prefill");
    } else if (latency.scenario() == LatencyRecord::DECODE) {
      plan.set_writes("decode");
    }
    if (!seen.insert(plan.SerializeAsString()).second) continue;
    for (const KeyValue& row : latency.tuning().choices()) {
      (*plan.mutable_choices())[row.key()] = row.value();
    }
    *spec->add_tuned() = plan;
  }
}

}  // namespace

absl::Status CheckTuning(absl::string_view mode) {
  if (mode.empty() || mode == "off" || mode == "quick" || mode == "full") {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("tune: expected off, quick or full, got '", mode, "'"));
}

void RepeatPlans(const Report& report, RunSpec* spec) {
  spec->clear_tuned();
  AddPlans(report.dense(), spec);
  for (const CandidateRecord& network : report.candidates()) {
    AddPlans(network, spec);
  }
}

}  // namespace assay
