#include "harness/report/formats/text/trust.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/report/check.h"
#include "harness/report/formats/figures.h"
#include "harness/report/formats/text_table.h"

namespace assay::formats::text {
namespace {

// Calls add(network) for the dense network and every candidate.
template <typename Add>
void ForEachNetwork(const Report& report, const Add& add) {
  if (report.has_dense()) add(report.dense());
  for (const CandidateRecord& candidate : report.candidates()) add(candidate);
}

std::string Speedup(const ClaimedGain& claim) {
  if (!claim.has_speedup_interval()) return "not timed";
  return absl::StrFormat("%.2fx (%.2f-%.2f)", claim.speedup(),
                         claim.speedup_interval().low(),
                         claim.speedup_interval().high());
}

// The record that a comparison is of, or null.
const QualityRecord* QualityOf(const CandidateRecord& candidate,
                               const QualityComparison& flips) {
  for (const QualityRecord& quality : candidate.quality()) {
    if (quality.split() == flips.split() &&
        quality.metric() == flips.metric() &&
        quality.precision() == flips.precision()) {
      return &quality;
    }
  }
  return nullptr;
}

}  // namespace

std::string ClaimedGains(const Report& report) {
  TextTable table({{"network"},
                   {"claimed"},
                   {"MACs", true},
                   {"weight bytes", true},
                   {"speed", true},
                   {"shown"}});
  for (const CandidateRecord& network : report.candidates()) {
    for (const ClaimedGain& claim : network.materialisation().claims()) {
      table.Add({network.name(),
                 absl::StrFormat("%s %.4g", claim.quantity(), claim.claimed()),
                 HumanFactor(claim.macs_ratio()),
                 HumanFactor(claim.bytes_ratio()), Speedup(claim),
                 claim.verdict() == ClaimedGain::SHOWN
                     ? absl::StrCat("in ", claim.shown_in())
                     : ClaimedGain::Verdict_Name(claim.verdict())});
    }
  }
  return table.empty() ? "" : table.Text(2);
}

std::string Drift(const Report& report) {
  TextTable table({{"network"},
                   {"precision"},
                   {"batch", true},
                   {"backend"},
                   {"rows", true},
                   {"largest difference", true},
                   {"of a largest logit", true},
                   {"answers changed", true}});
  ForEachNetwork(report, [&](const CandidateRecord& network) {
    for (const DriftRecord& drift : network.drift()) {
      const std::string backend =
          drift.backend().empty() ? "the run's" : drift.backend();
      if (!HasValue(drift.availability())) {
        table.Add({network.name(), drift.precision(),
                   absl::StrCat(drift.batch()), backend,
                   Availability::State_Name(drift.availability().state())});
        continue;
      }
      table.Add({network.name(), drift.precision(), absl::StrCat(drift.batch()),
                 backend, absl::StrCat(drift.items()),
                 absl::StrFormat("%.3g", drift.max_difference()),
                 absl::StrFormat("%.3g", drift.largest_logit()),
                 absl::StrCat(drift.answers_changed())});
    }
  });
  return table.empty() ? "" : table.Text(2);
}

std::string Audits(const Report& report) {
  TextTable table({{"network"}, {"audit"}, {"passed"}, {"what was seen"}});
  ForEachNetwork(report, [&](const CandidateRecord& network) {
    for (const AuditRecord& audit : network.audits()) {
      const bool known = HasValue(audit.availability());
      table.Add(
          {network.name(), audit.kind(),
           !known           ? ""
           : audit.passed() ? "yes"
                            : "NO",
           known ? audit.detail() : AvailabilityText(audit.availability())});
    }
  });
  return table.empty() ? "" : table.Text(2);
}

std::string SameAllowance(const Report& report) {
  const TunedDense& tuned = report.tuned_dense();
  if (!HasValue(tuned.availability())) {
    return tuned.availability().state() == Availability::NOT_APPLICABLE
               ? absl::StrCat("  ", AvailabilityText(tuned.availability()),
                              "\n")
               : "";
  }
  TextTable table({{"network"},
                   {"precision"},
                   {"value"},
                   {"vs dense, tuned", true},
                   {"lost/won", true},
                   {"p", true}});
  for (const QualityRecord& quality : tuned.network().quality()) {
    table.Add(
        {tuned.network().name(), quality.precision(), QualityText(quality)});
  }
  for (const CandidateRecord& candidate : report.candidates()) {
    for (const QualityComparison& flips : candidate.against_tuned_dense()) {
      if (!HasValue(flips.availability())) continue;
      const QualityRecord* own = QualityOf(candidate, flips);
      table.Add({candidate.name(), flips.precision(),
                 own == nullptr ? "" : QualityText(*own),
                 DifferenceText(flips.difference(),
                                own == nullptr ? "" : own->unit()),
                 flips.test() == "mcnemar_exact"
                     ? absl::StrCat(flips.dense_right_candidate_wrong(), "/",
                                    flips.dense_wrong_candidate_right())
                     : "",
                 HumanPValue(flips.p_value())});
    }
  }
  return absl::StrCat(
      table.Text(2),
      absl::StrFormat("  %s samples in %s; validation %.4g -> %.4g%s\n",
                      HumanCount(static_cast<double>(tuned.ledger().samples())),
                      HumanSeconds(tuned.ledger().seconds()),
                      tuned.validation_before(), tuned.validation_after(),
                      tuned.kept() ? ""
                                   : ": worse, so the network stands as it "
                                     "was"));
}

}  // namespace assay::formats::text
