#include "harness/host/score/claimed_gain.h"

#include <cstdint>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "harness/report/check.h"

namespace assay {
namespace {

// Less than a twentieth is not worth a claim.
constexpr double kLeast = 1.05;

double Ratio(uint64_t dense, uint64_t candidate) {
  return candidate == 0
             ? 0.0
             : static_cast<double>(dense) / static_cast<double>(candidate);
}

// The first timing with a gain; null where nothing was timed.
const GainRecord* FirstGain(const CandidateRecord& candidate) {
  for (const GainRecord& gain : candidate.gains()) {
    if (HasValue(gain.availability())) return &gain;
  }
  return nullptr;
}

void SetSpeed(const GainRecord& gain, ClaimedGain* claim) {
  claim->set_speedup(gain.measured_speedup());
  *claim->mutable_speedup_interval() = gain.measured_interval();
  claim->set_timing(absl::StrCat(gain.scenario(), " ", gain.precision(),
                                 " batch ", gain.batch(), " against ",
                                 gain.against_precision()));
}

// MACs and bytes are counted, so nothing is open about them.
ClaimedGain::Verdict DecideCount(double ratio) {
  return ratio >= kLeast ? ClaimedGain::SHOWN : ClaimedGain::NOT_SHOWN;
}

ClaimedGain::Verdict DecideTime(const ClaimedGain& claim) {
  if (!claim.has_speedup_interval()) return ClaimedGain::UNDECIDED;
  if (claim.speedup_interval().low() >= kLeast) return ClaimedGain::SHOWN;
  return claim.speedup_interval().high() >= kLeast ? ClaimedGain::UNDECIDED
                                                   : ClaimedGain::NOT_SHOWN;
}

void Decide(ClaimedGain* claim) {
  const std::string& quantity = claim->quantity();
  const auto settle = [&](const char* where, ClaimedGain::Verdict verdict) {
    claim->set_verdict(verdict);
    if (verdict == ClaimedGain::SHOWN) claim->set_shown_in(where);
    return verdict == ClaimedGain::SHOWN;
  };
  claim->set_least(kLeast);
  const bool bits = absl::EndsWith(quantity, "_bits");
  if (!bits && quantity != "bytes" &&
      settle("macs", DecideCount(claim->macs_ratio()))) {
    return;
  }
  if (quantity != "macs_fraction" &&
      settle("bytes", DecideCount(claim->bytes_ratio()))) {
    return;
  }
  if (bits || quantity == "sparsity") settle("latency", DecideTime(*claim));
}

}  // namespace

void JudgeClaims(const CandidateRecord& dense, CandidateRecord* candidate) {
  MaterialisationRecord* mine = candidate->mutable_materialisation();
  const MaterialisationRecord& reference = dense.materialisation();
  mine->clear_claims();
  for (const BudgetRecord& budget : candidate->budgets()) {
    ClaimedGain* claim = mine->add_claims();
    claim->set_quantity(budget.quantity());
    claim->set_claimed(budget.reached());
    claim->set_macs_ratio(Ratio(reference.plan_macs(), mine->plan_macs()));
    claim->set_bytes_ratio(
        Ratio(reference.plan_weight_bytes(), mine->plan_weight_bytes()));
    if (const GainRecord* gain = FirstGain(*candidate); gain != nullptr) {
      SetSpeed(*gain, claim);
    }
    Decide(claim);
  }
}

}  // namespace assay
