// Prints a page for the test in a browser: sample reports, one of them with
// text that would like to be markup, and the reports named on the command line.
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "harness/report/formats/html/html.h"
#include "harness/report/report.pb.h"
#include "harness/report/report_file.h"
#include "harness/report/testing/sample_reports.h"

namespace assay {
namespace {

constexpr char kHostile[] =
    "</script><img src=x onerror=\"window.hurt = true\"><b id=\"hurt\">"
    "\u2028\u202e&lt;";

Report HostileCrash() {
  Report report = SampleCrash();
  report.mutable_identity()->set_method(kHostile);
  report.mutable_outcome()->set_message(kHostile);
  report.mutable_outcome()->set_last_log_lines(0, kHostile);
  return report;
}

// The sample some days later, and from the eighth day on twice as slow.
Report DayAfter(int days) {
  Report report = SampleReport();
  report.mutable_started()->set_seconds(report.started().seconds() +
                                        86400 * days);
  report.mutable_finished()->set_seconds(report.finished().seconds() +
                                         86400 * days);
  PercentileRecord* median =
      report.mutable_candidates(0)->mutable_latency(0)->mutable_percentiles(0);
  const double factor = (days < 8 ? 1.0 : 2.0) + 0.01 * (days % 3);
  median->set_estimate_ns(median->estimate_ns() * factor);
  median->set_bound_ns(median->bound_ns() * factor);
  return report;
}

Report Claimed() {
  Report report = SampleReport();
  report.mutable_identity()->set_seed(8);
  ClaimAttempt* claim = report.add_claims();
  claim->set_claim("sparse-as-good");
  claim->set_statement("At 90 % sparsity no more than 1 point is lost.");
  claim->set_attempt(1);
  claim->set_verdict(ClaimAttempt::UNDECIDED);
  claim->set_detail("lost 6.25 pp of 16 items");
  claim->set_p_value(0.4);
  return report;
}

// As a run with a meter would be; the sample's own has none.
Report Metered() {
  Report report = SampleReport();
  report.mutable_identity()->set_seed(9);
  report.mutable_identity()->set_label("metered");
  report.mutable_machine()->set_verdict(MachineRecord::VALID);
  EnergyRecord* energy =
      report.mutable_dense()->mutable_latency(0)->mutable_energy(0);
  energy->mutable_availability()->set_state(Availability::MEASURED);
  energy->set_gross_joules(95);
  energy->set_window_seconds(1.6);
  energy->set_gross_joules_per_sample(0.01);
  energy->set_idle_watts_before(20);
  energy->set_idle_watts_after(21);
  energy->set_idle_seconds(1);
  EnergyTrace* trace = energy->mutable_trace();
  for (const auto& [at, joules] :
       {std::pair{100, 0}, {600, 25}, {1100, 52}, {2600, 70}, {3200, 113}}) {
    trace->add_at_ns(static_cast<uint64_t>(at) * 1'000'000);
    trace->add_joules(joules);
  }
  trace->add_block_starts(0);
  trace->add_block_starts(3);
  TunedDense* tuned = report.mutable_tuned_dense();
  tuned->mutable_availability()->set_state(Availability::MEASURED);
  tuned->mutable_ledger()->mutable_availability()->set_state(
      Availability::MEASURED);
  tuned->mutable_ledger()->set_samples(6400);
  tuned->set_kept(true);
  *tuned->mutable_network()->add_quality() = report.dense().quality(0);
  CandidateRecord* candidate = report.mutable_candidates(0);
  *candidate->add_against_tuned_dense() = candidate->against_dense(0);
  candidate->mutable_against_tuned_dense(0)->set_difference(-0.125);
  return report;
}

// With control flow: three ways through two exits.
Report Branching() {
  Report report = SampleReport();
  report.mutable_identity()->set_seed(10);
  report.mutable_identity()->set_label("branching");
  PathCosts* paths =
      report.mutable_candidates(0)->mutable_cost()->mutable_paths();
  paths->set_conditionals(2);
  paths->set_distinct(3);
  for (const auto& [path, share] :
       {std::pair{"0+", 0.5}, {"0-1+", 0.375}, {"0-1-", 0.125}}) {
    PathShare* taken = paths->add_most_taken();
    taken->set_path(path);
    taken->set_share(share);
  }
  paths->set_least_macs(1'000'000);
  paths->set_p5_macs(1'000'000);
  paths->set_mean_macs(2'125'000);
  paths->set_p95_macs(5'000'000);
  paths->set_most_macs(5'000'000);
  return report;
}

int Print(int argc, char** argv) {
  std::vector<Report> reports = {HostileCrash(), Claimed(), Metered(),
                                 Branching()};
  for (int days = 0; days < 16; ++days) reports.push_back(DayAfter(days));
  for (int i = 1; i < argc; ++i) {
    auto report = ReadReport(argv[i]);
    if (!report.ok()) {
      std::fprintf(stderr, "%s: %s\n", argv[i],
                   report.status().ToString().c_str());
      return 1;
    }
    reports.push_back(*std::move(report));
  }
  const auto page = formats::html::Format().many(reports);
  std::fputs(page->c_str(), stdout);
  return 0;
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) { return assay::Print(argc, argv); }
