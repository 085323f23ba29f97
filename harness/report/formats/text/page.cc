#include "harness/report/formats/text/page.h"

#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "harness/report/check.h"
#include "harness/report/formats/figures.h"
#include "harness/report/formats/summary.h"
#include "harness/report/formats/text/trust.h"
#include "harness/report/formats/text_table.h"
#include "harness/report/timing_key.h"

namespace assay::formats::text {
namespace {

using google::protobuf::Timestamp;

std::string Utc(const Timestamp& time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC",
                          absl::FromUnixSeconds(time.seconds()),
                          absl::UTCTimeZone());
}

double SecondsBetween(const Timestamp& a, const Timestamp& b) {
  return static_cast<double>(b.seconds() - a.seconds()) +
         static_cast<double>(b.nanos() - a.nanos()) * 1e-9;
}

// The dense network, then the candidates.
std::vector<const CandidateRecord*> Networks(const Report& report) {
  std::vector<const CandidateRecord*> networks;
  if (report.has_dense()) networks.push_back(&report.dense());
  for (const CandidateRecord& c : report.candidates()) networks.push_back(&c);
  return networks;
}

void Section(absl::string_view title, absl::string_view body,
             std::string* out) {
  if (body.empty()) return;
  absl::StrAppend(out, "\n", title, "\n", body);
}

std::string Line(absl::string_view text) {
  return absl::StrCat("  ", text, "\n");
}

std::string Head(const Report& report) {
  const RunIdentity& id = report.identity();
  const Outcome& outcome = report.outcome();
  std::string out = absl::StrCat(MethodName(id), " on ", id.task(), ": ",
                                 Outcome::Status_Name(outcome.status()), "\n");
  std::vector<std::string> where = {
      absl::StrCat("backend ", id.backend(), id.device().empty() ? "" : " (",
                   id.device(), id.device().empty() ? "" : ")"),
      absl::StrCat("seed ", id.seed())};
  if (!id.suite().empty()) where.push_back(absl::StrCat("suite ", id.suite()));
  if (!id.run_id().empty()) {
    where.push_back(absl::StrCat("run ", id.run_id().substr(0, 12)));
  }
  absl::StrAppend(&out, Line(absl::StrJoin(where, ", ")));
  absl::StrAppend(
      &out, Line(absl::StrCat(Utc(report.started()), ", ",
                              HumanSeconds(SecondsBetween(
                                  report.started(), report.finished())))));
  if (!id.network_sha256().empty()) {
    absl::StrAppend(&out, Line(absl::StrCat("a network of the user's, content ",
                                            id.network_sha256())));
  }
  std::vector<std::string> settings;
  for (const KeyValue& s : id.method_settings()) {
    settings.push_back(absl::StrCat(s.key(), "=", s.value()));
  }
  if (!id.plugin_version().empty()) {
    absl::StrAppend(
        &out, Line(absl::StrCat(
                  "plugin ", id.plugin_version(), ", ABI ",
                  id.plugin_abi_major(), ".", id.plugin_abi_revision(),
                  settings.empty() ? "" : "; ", absl::StrJoin(settings, " "))));
  }
  return out;
}

std::string Failure(const Outcome& outcome) {
  if (outcome.status() == Outcome::OK) return "";
  std::string out =
      Line(absl::StrCat("in stage ", Outcome::Stage_Name(outcome.stage()),
                        outcome.hook().empty() ? "" : ", hook ", outcome.hook(),
                        ": ", outcome.message()));
  if (outcome.signal() != 0) {
    absl::StrAppend(&out, Line(absl::StrCat("signal ", outcome.signal(), " ",
                                            outcome.signal_name())));
  }
  if (outcome.exit_code() != 0) {
    absl::StrAppend(&out,
                    Line(absl::StrCat("exit code ", outcome.exit_code())));
  }
  if (outcome.last_log_lines_size() > 0) {
    absl::StrAppend(&out, Line("last lines of its log:"));
    for (const std::string& line : outcome.last_log_lines()) {
      absl::StrAppend(&out, Line(absl::StrCat("  | ", line)));
    }
  }
  return out;
}

std::string Machine(const MachineRecord& machine) {
  if (machine.verdict() == MachineRecord::VERDICT_UNSPECIFIED) return "";
  std::string out = Line(MachineRecord::Verdict_Name(machine.verdict()));
  TextTable table({{""}, {""}, {""}});
  for (const MachineReason& reason : machine.reasons()) {
    table.Add({MachineRecord::Verdict_Name(reason.severity()), reason.code(),
               reason.message()});
  }
  if (!table.empty()) {
    // The first line holds the empty titles.
    const std::string text = table.Text(4);
    absl::StrAppend(&out, text.substr(text.find('\n') + 1));
  }
  return out;
}

std::string Quality(const Report& report) {
  TextTable table({{"network"},
                   {"split"},
                   {"metric"},
                   {"precision"},
                   {"value"},
                   {"items", true},
                   {"vs dense", true},
                   {"lost/won", true},
                   {"p", true}});
  for (const CandidateRecord* network : Networks(report)) {
    for (const QualityRecord& quality : network->quality()) {
      std::vector<std::string> cells = {
          network->name(),      quality.split(),
          quality.metric(),     quality.precision(),
          QualityText(quality), absl::StrCat(quality.count())};
      for (const QualityComparison& flips : network->against_dense()) {
        if (flips.split() != quality.split() ||
            flips.metric() != quality.metric() ||
            flips.precision() != quality.precision() ||
            !HasValue(flips.availability())) {
          continue;
        }
        cells.push_back(DifferenceText(flips.difference(), quality.unit()));
        cells.push_back(flips.test() == "mcnemar_exact"
                            ? absl::StrCat(flips.dense_right_candidate_wrong(),
                                           "/",
                                           flips.dense_wrong_candidate_right())
                            : "");
        cells.push_back(HumanPValue(flips.p_value()));
        break;
      }
      table.Add(cells);
    }
  }
  return table.empty() ? "" : table.Text(2);
}

std::string Budgets(const Report& report) {
  TextTable table(
      {{"network"}, {"budget"}, {"asked", true}, {"reached", true}, {"met"}});
  for (const CandidateRecord* network : Networks(report)) {
    for (const BudgetRecord& budget : network->budgets()) {
      const bool known = HasValue(budget.availability());
      table.Add({network->name(), budget.quantity(),
                 absl::StrFormat(
                     "%s %.6g",
                     budget.relation() == BudgetRecord::AT_LEAST ? ">=" : "<=",
                     budget.asked()),
                 known ? absl::StrFormat("%.6g", budget.reached())
                       : AvailabilityText(budget.availability()),
                 !known         ? ""
                 : budget.met() ? "yes"
                                : "no"});
    }
  }
  return table.empty() ? "" : table.Text(2);
}

std::string Cost(const Report& report) {
  TextTable table({{"network"},
                   {"params", true},
                   {"non-zero", true},
                   {"density", true},
                   {"bits", true},
                   {"MACs", true},
                   {"non-zero MACs", true},
                   {"on disk", true},
                   {"materialised"}});
  for (const CandidateRecord* network : Networks(report)) {
    const CostRecord& cost = network->cost();
    if (!HasValue(cost.availability())) continue;
    const MaterialisationRecord& gate = network->materialisation();
    std::string made;
    if (HasValue(gate.availability())) {
      made = gate.passed()
                 ? "yes"
                 : absl::StrCat("no: ", gate.masks_left_size(), " masks, ",
                                gate.fake_quantizers_left_size(),
                                " fake quantizers left");
      if (gate.sparse_kernels() > 0) {
        absl::StrAppend(&made, "; ", gate.sparse_kernels(), " of ",
                        gate.weight_kernels(), " kernels leave zeros out");
      }
    }
    const auto count = [](uint64_t n) {
      return HumanCount(static_cast<double>(n));
    };
    table.Add({network->name(), count(cost.parameters()),
               count(cost.nonzero_parameters()),
               absl::StrFormat("%.4f", cost.density()),
               absl::StrFormat("%.3g", cost.mean_bits()), count(cost.macs()),
               count(cost.nonzero_macs()),
               HumanSize(static_cast<double>(cost.bytes_on_disk())), made});
  }
  return table.empty() ? "" : table.Text(2);
}

// Of networks with control flow.
std::string Paths(const Report& report) {
  TextTable table({{"network"},
                   {"conditionals", true},
                   {"paths", true},
                   {"most taken"},
                   {"mean MACs", true},
                   {"p5", true},
                   {"p95", true},
                   {"most", true}});
  for (const CandidateRecord* network : Networks(report)) {
    if (!network->cost().has_paths()) continue;
    const PathCosts& paths = network->cost().paths();
    std::string taken;
    if (paths.most_taken_size() > 0) {
      taken = absl::StrFormat("%s (%.3g %%)", paths.most_taken(0).path(),
                              100 * paths.most_taken(0).share());
    }
    const auto count = [](uint64_t n) {
      return HumanCount(static_cast<double>(n));
    };
    table.Add({network->name(), absl::StrCat(paths.conditionals()),
               absl::StrCat(paths.distinct()), taken,
               HumanCount(paths.mean_macs()), count(paths.p5_macs()),
               count(paths.p95_macs()), count(paths.most_macs())});
  }
  return table.empty() ? "" : table.Text(2);
}

std::string PercentileCell(const LatencyRecord& latency, double fraction) {
  const PercentileRecord* p = FindPercentile(latency, fraction);
  return p == nullptr ? "" : PercentileText(*p);
}

std::string GainCell(const CandidateRecord& network,
                     const LatencyRecord& latency) {
  const GainRecord* gain = FindGain(network, latency);
  if (gain == nullptr || !HasValue(gain->availability())) return "";
  return absl::StrFormat("%.2fx of %.2fx = %.2f (against %s)",
                         gain->measured_speedup(), gain->predicted_speedup(),
                         gain->realised_gain(), gain->against_precision());
}

// Reasons that several rows share are said once below the table.
std::string Latency(const Report& report) {
  TextTable table({{"network"},
                   {"scenario"},
                   {"precision"},
                   {"batch", true},
                   {"queries", true},
                   {"effective", true},
                   {"p50", true},
                   {"p90", true},
                   {"p99", true},
                   {"samples/s", true},
                   {"drift", true},
                   {"speed-up: measured of predicted"}});
  std::set<std::string> notes;
  for (const CandidateRecord* network : Networks(report)) {
    for (const LatencyRecord& latency : network->latency()) {
      std::vector<std::string> cells = {
          network->name(),
          absl::StrCat(LatencyRecord::Scenario_Name(latency.scenario()),
                       TimingSuffix(latency)),
          latency.precision(), absl::StrCat(latency.batch())};
      if (latency.has_tuning()) {
        notes.insert(absl::StrCat(network->name(), ", ", latency.precision(),
                                  " batch ", latency.batch(),
                                  TimingSuffix(latency), ": ",
                                  TuningText(latency.tuning())));
      }
      if (!HasValue(latency.availability())) {
        cells.push_back(
            Availability::State_Name(latency.availability().state()));
        notes.insert(AvailabilityText(latency.availability()));
        table.Add(cells);
        continue;
      }
      for (const PercentileRecord& p : latency.percentiles()) {
        if (!HasValue(p.availability()) && p.fraction() != 0.5) {
          notes.insert(AvailabilityText(p.availability()));
        }
      }
      cells.push_back(absl::StrCat(latency.queries()));
      cells.push_back(absl::StrFormat("%.0f", latency.effective_sample_size()));
      for (double fraction : {0.5, 0.9, 0.99}) {
        cells.push_back(PercentileCell(latency, fraction));
      }
      cells.push_back(HumanCount(latency.samples_per_second()));
      cells.push_back(
          absl::StrFormat("%+.1f %%", 100 * latency.relative_drift()));
      cells.push_back(GainCell(*network, latency));
      table.Add(cells);
    }
  }
  if (table.empty()) return "";
  std::string out = table.Text(2);
  for (const std::string& note : notes) absl::StrAppend(&out, Line(note));
  return out;
}

std::string Energy(const Report& report) {
  TextTable table({{"network"},
                   {"meter"},
                   {"scope"},
                   {"precision"},
                   {"batch", true},
                   {"gross", true},
                   {"net", true},
                   {"gross/sample", true},
                   {"status"}});
  std::set<std::string> absent;
  for (const CandidateRecord* network : Networks(report)) {
    for (const LatencyRecord& latency : network->latency()) {
      for (const EnergyRecord& energy : latency.energy()) {
        if (!HasValue(energy.availability())) {
          absent.insert(absl::StrCat(energy.meter(), " ",
                                     AvailabilityText(energy.availability())));
          continue;
        }
        const bool net = HasValue(energy.net_availability());
        table.Add({network->name(), energy.meter(), energy.scope(),
                   latency.precision(), absl::StrCat(latency.batch()),
                   HumanJoules(energy.gross_joules()),
                   net ? HumanJoules(energy.net_joules()) : "",
                   HumanJoules(energy.gross_joules_per_sample()),
                   Availability::State_Name(energy.availability().state())});
        if (!net) absent.insert(AvailabilityText(energy.net_availability()));
      }
    }
  }
  std::string out = table.empty() ? "" : table.Text(2);
  for (const std::string& line : absent) absl::StrAppend(&out, Line(line));
  return out;
}

std::string Memory(const Report& report) {
  TextTable table({{"network"}, {"peak", true}, {"plan", true}, {"note"}});
  for (const CandidateRecord* network : Networks(report)) {
    const MemoryRecord& memory = network->memory();
    if (!HasValue(memory.availability())) continue;
    table.Add({network->name(),
               HumanSize(static_cast<double>(memory.peak_rss_bytes())),
               memory.plan_bytes() > 0
                   ? HumanSize(static_cast<double>(memory.plan_bytes()))
                   : "",
               memory.availability().reason()});
  }
  return table.empty() ? "" : table.Text(2);
}

void AddLedger(absl::string_view name, const LedgerRecord& ledger,
               TextTable* table, std::set<std::string>* notes) {
  if (!HasValue(ledger.availability())) {
    notes->insert(
        absl::StrCat(name, ": ", AvailabilityText(ledger.availability())));
    return;
  }
  const auto count = [](uint64_t n) {
    return HumanCount(static_cast<double>(n));
  };
  const bool joules = HasValue(ledger.joules_availability());
  table->Add(
      {std::string(name), count(ledger.samples()), count(ledger.steps()),
       count(ledger.evaluations()), HumanSeconds(ledger.seconds()),
       joules ? HumanJoules(ledger.joules())
              : Availability::State_Name(ledger.joules_availability().state()),
       ledger.allowance_exceeded() ? "exceeded" : "kept"});
}

std::string Ledger(const Report& report) {
  TextTable table({{"who"},
                   {"samples", true},
                   {"steps", true},
                   {"evaluations", true},
                   {"time", true},
                   {"energy", true},
                   {"allowance"}});
  std::set<std::string> notes;
  AddLedger("method", report.ledger(), &table, &notes);
  AddLedger("dense baseline", report.dense_ledger(), &table, &notes);
  std::string out = table.empty() ? "" : table.Text(2);
  for (const std::string& note : notes) absl::StrAppend(&out, Line(note));
  return out;
}

std::string Overhead(const OverheadRecord& overhead) {
  if (!HasValue(overhead.availability())) return "";
  TextTable table({{"phase"}, {"kind"}, {"time", true}, {"share", true}});
  for (const PhaseRecord& phase : overhead.phases()) {
    const double share = overhead.total_seconds() > 0
                             ? phase.seconds() / overhead.total_seconds()
                             : 0.0;
    table.Add({phase.name(), PhaseRecord::Kind_Name(phase.kind()),
               HumanSeconds(phase.seconds()),
               absl::StrFormat("%.1f %%", 100 * share)});
  }
  return absl::StrCat(
      table.Text(2),
      Line(absl::StrFormat("the harness itself: %.2f %% of %s",
                           100 * overhead.harness_fraction(),
                           HumanSeconds(overhead.total_seconds()))));
}

std::string Claims(const Report& report) {
  TextTable table({{"claim"},
                   {"attempt", true},
                   {"verdict"},
                   {"p", true},
                   {"of alpha", true},
                   {"detail"}});
  for (const ClaimAttempt& claim : report.claims()) {
    table.Add({claim.claim(), absl::StrCat(claim.attempt()),
               ClaimAttempt::Verdict_Name(claim.verdict()),
               HumanPValue(claim.p_value()),
               absl::StrFormat("%.4f", claim.alpha_spent()), claim.detail()});
  }
  return table.empty() ? "" : table.Text(2);
}

std::string MadeWith(const Provenance& made) {
  if (made.assay_version().empty() && made.cpu().model_name().empty()) {
    return "";
  }
  std::string out = Line(absl::StrCat(
      "Assay ", made.assay_version(), " (", made.assay_revision(),
      made.assay_modified() ? ", modified" : "", "), ", made.compiler()));
  absl::StrAppend(
      &out, Line(absl::StrCat(made.cpu().model_name(), ", ", made.threads(),
                              " of ", made.cpu().hardware_threads(),
                              " hardware threads, ", made.kernel())));
  std::vector<std::string> libraries;
  for (const KeyValue& library : made.libraries()) {
    libraries.push_back(absl::StrCat(library.key(), " ", library.value()));
  }
  if (!libraries.empty()) {
    absl::StrAppend(&out, Line(absl::StrJoin(libraries, ", ")));
  }
  return out;
}

}  // namespace

std::string Page(const Report& report) {
  std::string out = Head(report);
  Section("What went wrong", Failure(report.outcome()), &out);
  Section("Machine", Machine(report.machine()), &out);
  Section("Quality (95 % intervals; lost and won items against dense)",
          Quality(report), &out);
  Section("The dense network with the same allowance", SameAllowance(report),
          &out);
  Section("Budgets", Budgets(report), &out);
  Section("Cost on paper, from the artifact", Cost(report), &out);
  Section("Paths that the test items took", Paths(report), &out);
  Section("Gains claimed, and whether the lowered plan shows them",
          ClaimedGains(report), &out);
  Section("Latency (percentiles as upper bounds; p50 is the sample's)",
          Latency(report), &out);
  Section("Energy", Energy(report), &out);
  Section("Memory", Memory(report), &out);
  Section("Same items with another batch size or backend", Drift(report), &out);
  Section("Audits", Audits(report), &out);
  Section("Spent on compressing", Ledger(report), &out);
  Section("Where the time went", Overhead(report.overhead()), &out);
  Section("Claims", Claims(report), &out);
  Section("Made with", MadeWith(report.provenance()), &out);
  if (!report.identity().command().empty()) {
    Section("To repeat it", Line(report.identity().command()), &out);
  }
  return out;
}

}  // namespace assay::formats::text
