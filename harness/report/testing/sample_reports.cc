#include "harness/report/testing/sample_reports.h"

#include <string>

#include "harness/report/check.h"

namespace assay {
namespace {

std::string Hash(char digit) { return std::string(64, digit); }

void SetIdentity(RunIdentity* id) {
  id->set_run_id(Hash('1'));
  id->set_method("magnitude");
  id->set_plugin_version("1.0.0");
  id->set_plugin_sha256(Hash('2'));
  id->set_plugin_abi_major(1);
  id->set_plugin_abi_revision(1);
  KeyValue* setting = id->add_method_settings();
  setting->set_key("variant");
  setting->set_value("lamp");
  id->set_task("shapes_lenet5");
  id->set_task_version(1);
  id->set_domain("vision");
  DatasetRecord* dataset = id->mutable_dataset();
  dataset->set_name("shapes");
  dataset->set_embedded(true);
  SplitRecord* split = dataset->add_splits();
  split->set_name("test");
  split->set_items(16);
  split->set_items_sha256(Hash('3'));
  split->set_reader("host");
  id->add_budgets("sparsity>=0.9");
  id->set_backend("cpu");
  id->set_device("Example CPU, 2 threads");
  id->set_seed(7);
  id->set_suite("quick");
  id->set_command(
      "bazel run //:assay -- run --method=magnitude --task=shapes_lenet5 "
      "--seed=7");
}

void SetProvenance(Provenance* provenance) {
  provenance->set_assay_version("0.1.0");
  provenance->set_assay_revision("0123abc");
  provenance->set_compiler("GCC 12.2.0");
  provenance->set_kernel("Linux 6.1.0");
  provenance->mutable_cpu()->set_model_name("Example CPU");
  provenance->mutable_cpu()->set_hardware_threads(2);
  provenance->set_threads(2);
  provenance->set_machine_fingerprint(Hash('4'));
}

void SetMachine(MachineRecord* machine) {
  machine->set_verdict(MachineRecord::DEGRADED);
  MachineReason* reason = machine->add_reasons();
  reason->set_code("GOVERNOR_UNKNOWN");
  reason->set_severity(MachineRecord::DEGRADED);
  reason->set_message("no scaling_governor: this is a virtual machine");
}

// 14 or 13 of 16 right; the candidate loses item 0 and 1 and wins item 15.
void SetQuality(bool dense, CandidateRecord* record) {
  QualityRecord* quality = record->add_quality();
  quality->set_split("test");
  quality->set_metric("top1_accuracy");
  quality->set_precision("f32");
  quality->set_direction(QualityRecord::HIGHER_IS_BETTER);
  quality->set_unit("fraction");
  *quality->mutable_availability() = MakeAvailability(Availability::MEASURED);
  quality->set_value(dense ? 0.875 : 0.8125);
  Interval* interval = quality->mutable_interval();
  interval->set_low(dense ? 0.64 : 0.57);
  interval->set_high(dense ? 0.965 : 0.934);
  interval->set_confidence(0.95);
  interval->set_method("wilson");
  quality->set_count(16);
  ItemScores* items = quality->mutable_items();
  items->set_items_sha256(Hash('3'));
  items->set_scores_sha256(Hash(dense ? '5' : '6'));
  items->set_count(16);
  items->set_correct(dense ? std::string("\xff\x3f", 2)
                           : std::string("\xfc\xbf", 2));
}

void SetCost(bool dense, CandidateRecord* record) {
  CostRecord* cost = record->mutable_cost();
  *cost->mutable_availability() = MakeAvailability(Availability::DERIVED);
  cost->set_parameters(61706);
  cost->set_nonzero_parameters(dense ? 61706 : 6171);
  cost->set_density(dense ? 1.0 : 6171.0 / 61706.0);
  cost->set_bytes_on_disk(248000);
  cost->set_weight_bytes(246824);
  cost->set_mean_bits(32);
  cost->set_macs(416520);
  cost->set_nonzero_macs(dense ? 416520 : 41652);
  cost->set_bit_macs(416520);
  LayerCost* layer = cost->add_layers();
  layer->set_name("conv1");
  layer->set_op("conv2d");
  for (int extent : {6, 1, 5, 5}) layer->add_shape(extent);
  layer->set_parameters(150);
  layer->set_nonzero_parameters(dense ? 150 : 100);
  layer->set_macs(117600);
  layer->set_nonzero_macs(dense ? 117600 : 78400);
  layer->set_weight_bits(32);
  layer->set_activation_bits(32);
}

void AddPercentile(double fraction, double ns, uint64_t needed,
                   LatencyRecord* record) {
  PercentileRecord* p = record->add_percentiles();
  p->set_fraction(fraction);
  p->set_estimate_ns(ns);
  p->set_count(record->queries());
  p->set_confidence(0.99);
  p->set_needed(needed);
  if (record->queries() < needed) {
    *p->mutable_availability() = MakeAvailability(
        Availability::REFUSED, "p99 needs 662 queries, got 100");
    return;
  }
  *p->mutable_availability() = MakeAvailability(Availability::MEASURED);
  p->set_bound_ns(ns * 1.1);
  p->set_rank(96);
}

void SetLatency(bool dense, CandidateRecord* record) {
  LatencyRecord* latency = record->add_latency();
  latency->set_scenario(LatencyRecord::SINGLE_STREAM);
  latency->set_precision("f32");
  latency->set_batch(1);
  latency->set_threads(2);
  *latency->mutable_availability() = MakeAvailability(Availability::MEASURED);
  latency->set_queries(100);
  latency->set_samples(100);
  const double ns = dense ? 120000 : 100000;
  latency->set_seconds(100 * ns * 1e-9);
  latency->set_samples_per_second(1e9 / ns);
  latency->set_min_ns(ns * 0.9);
  latency->set_mean_ns(ns);
  latency->set_max_ns(ns * 1.5);
  AddPercentile(0.5, ns, 8, latency);
  AddPercentile(0.9, ns * 1.2, 64, latency);
  AddPercentile(0.99, ns * 1.5, 662, latency);
  latency->set_effective_sample_size(80);
  latency->set_variant(record->name());
  LatencySamples* kept = latency->mutable_kept();
  *kept->mutable_availability() = MakeAvailability(Availability::MEASURED);
  for (int i = 0; i < 100; ++i) {
    kept->mutable_all()->add_delta_ns(i == 0 ? static_cast<int64_t>(ns) - 50
                                             : (i % 2 == 1 ? 100 : -100));
  }
  EnergyRecord* energy = latency->add_energy();
  energy->set_meter("rapl");
  *energy->mutable_availability() = MakeAvailability(
      Availability::UNAVAILABLE, "no /sys/class/powercap on this machine");
}

void SetCandidate(bool dense, CandidateRecord* record) {
  record->set_name(dense ? "dense" : "sparsity>=0.9");
  record->mutable_artifact()->set_sha256(Hash(dense ? '7' : '8'));
  SetQuality(dense, record);
  SetCost(dense, record);
  SetLatency(dense, record);
  MemoryRecord* memory = record->mutable_memory();
  *memory->mutable_availability() = MakeAvailability(Availability::MEASURED);
  memory->set_peak_rss_bytes(48 << 20);
  if (dense) return;

  BudgetRecord* budget = record->add_budgets();
  budget->set_quantity("sparsity");
  budget->set_relation(BudgetRecord::AT_LEAST);
  budget->set_asked(0.9);
  budget->set_reached(1.0 - 6171.0 / 61706.0);
  budget->set_met(true);
  budget->set_tolerance(0.001);
  *budget->mutable_availability() = MakeAvailability(Availability::DERIVED);

  QualityComparison* flips = record->add_against_dense();
  flips->set_split("test");
  flips->set_metric("top1_accuracy");
  flips->set_precision("f32");
  *flips->mutable_availability() = MakeAvailability(Availability::MEASURED);
  flips->set_difference(-0.0625);
  flips->set_count(16);
  flips->set_dense_right_candidate_wrong(2);
  flips->set_dense_wrong_candidate_right(1);
  flips->set_answers_changed(3);
  flips->set_p_value(1.0);
  flips->set_test("mcnemar_exact");

  GainRecord* gain = record->add_gains();
  *gain->mutable_availability() = MakeAvailability(Availability::MEASURED);
  gain->set_scenario("SINGLE_STREAM");
  gain->set_precision("f32");
  gain->set_against_precision("f32");
  gain->set_batch(1);
  gain->set_measured_speedup(1.2);
  gain->set_predicted_speedup(10.0);
  gain->set_realised_gain(0.12);
  gain->set_size_ratio(1.0);
}

void SetLedger(LedgerRecord* ledger) {
  *ledger->mutable_availability() = MakeAvailability(Availability::MEASURED);
  ledger->set_samples(6400);
  ledger->set_steps(100);
  ledger->set_evaluations(3);
  ledger->set_seconds(12.5);
  *ledger->mutable_joules_availability() = MakeAvailability(
      Availability::UNAVAILABLE, "no /sys/class/powercap on this machine");
  StreamDraws* draws = ledger->add_streams();
  draws->set_name("shuffle");
  draws->set_words(12800);
}

void SetOverhead(OverheadRecord* overhead) {
  *overhead->mutable_availability() = MakeAvailability(Availability::MEASURED);
  overhead->set_total_seconds(20);
  overhead->set_harness_fraction(0.0125);
  PhaseRecord* phase = overhead->add_phases();
  phase->set_name("compress");
  phase->set_kind(PhaseRecord::METHOD);
  phase->set_seconds(12.5);
  phase->set_calls(1);
  phase = overhead->add_phases();
  phase->set_name("verify artifact");
  phase->set_kind(PhaseRecord::HARNESS);
  phase->set_seconds(0.25);
  phase->set_calls(1);
}

}  // namespace

Report SampleReport() {
  Report report;
  report.set_schema(kReportSchema);
  SetIdentity(report.mutable_identity());
  report.mutable_outcome()->set_status(Outcome::OK);
  report.mutable_outcome()->set_stage(Outcome::DONE);
  report.mutable_started()->set_seconds(1750000000);
  report.mutable_finished()->set_seconds(1750000020);
  SetProvenance(report.mutable_provenance());
  SetMachine(report.mutable_machine());
  SetCandidate(true, report.mutable_dense());
  SetCandidate(false, report.add_candidates());
  SetLedger(report.mutable_ledger());
  SetOverhead(report.mutable_overhead());
  FillUnset(Availability::NOT_REQUESTED, "not asked for", &report);
  return report;
}

Report SampleCrash() {
  Report report;
  report.set_schema(kReportSchema);
  SetIdentity(report.mutable_identity());
  report.mutable_identity()->set_method("quantization");
  Outcome* outcome = report.mutable_outcome();
  outcome->set_status(Outcome::CRASHED);
  outcome->set_stage(Outcome::COMPRESS);
  outcome->set_hook("step_end");
  outcome->set_signal(11);
  outcome->set_signal_name("SIGSEGV");
  outcome->set_message("the compress process was ended by signal 11");
  outcome->add_last_log_lines("quantization: calibrating conv1");
  report.mutable_started()->set_seconds(1750000000);
  report.mutable_finished()->set_seconds(1750000002);
  FillUnreached(&report);
  return report;
}

}  // namespace assay
