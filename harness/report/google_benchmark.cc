#include "harness/report/google_benchmark.h"

#include <cmath>
#include <cstdint>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "harness/core/descriptive.h"
#include "harness/core/status_macros.h"
#include "harness/report/check.h"
#include "harness/report/statistics/student_t.h"
#include "harness/report/timing_key.h"

namespace assay {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

absl::Status Wrong(int entry, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("Google Benchmark JSON: benchmarks[", entry, "]: ", what));
}

const Value* Find(const Struct& object, const std::string& key) {
  const auto found = object.fields().find(key);
  return found == object.fields().end() ? nullptr : &found->second;
}

std::string TextOf(const Struct& object, const std::string& key) {
  const Value* value = Find(object, key);
  return value == nullptr ? "" : value->string_value();
}

absl::StatusOr<double> NumberOf(const Struct& object, const std::string& key,
                                int entry) {
  const Value* value = Find(object, key);
  if (value != nullptr && value->kind_case() == Value::kNumberValue &&
      std::isfinite(value->number_value()) && value->number_value() >= 0.0) {
    return value->number_value();
  }
  return Wrong(entry,
               absl::StrCat(key, ": expected a number of 0 or more, got ",
                            value == nullptr ? "nothing" : "something else"));
}

absl::StatusOr<double> UnitNs(const Struct& object, int entry) {
  static constexpr std::pair<const char*, double> kUnits[] = {
      {"ns", 1.0}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
  const std::string unit = TextOf(object, "time_unit");
  for (const auto& [name, ns] : kUnits) {
    if (unit == name) return ns;
  }
  return Wrong(
      entry,
      absl::StrCat("time_unit: expected ns, us, ms or s, got \"", unit, "\""));
}

// What the repetitions of one benchmark say.
struct Repetitions {
  std::string error;
  double threads = 1, iterations = 0, total_ns = 0, items_per_second = 0;
  std::vector<double> means_ns, counts;
};

absl::Status AddRepetition(const Struct& run, int entry, Repetitions* all) {
  const Value* failed = Find(run, "error_occurred");
  if (failed != nullptr && failed->bool_value()) {
    all->error =
        absl::StrCat("the benchmark failed: ", TextOf(run, "error_message"));
    return absl::OkStatus();
  }
  ASSAY_ASSIGN_OR_RETURN(const double unit, UnitNs(run, entry));
  ASSAY_ASSIGN_OR_RETURN(const double time, NumberOf(run, "real_time", entry));
  ASSAY_ASSIGN_OR_RETURN(const double count,
                         NumberOf(run, "iterations", entry));
  if (Find(run, "threads") != nullptr) {
    ASSAY_ASSIGN_OR_RETURN(all->threads, NumberOf(run, "threads", entry));
  }
  if (Find(run, "items_per_second") != nullptr) {
    ASSAY_ASSIGN_OR_RETURN(all->items_per_second,
                           NumberOf(run, "items_per_second", entry));
  }
  all->means_ns.push_back(time * unit);
  all->counts.push_back(count);
  all->iterations += count;
  all->total_ns += time * unit * count;
  return absl::OkStatus();
}

void SetInterval(const std::vector<double>& means, Interval* interval) {
  constexpr double kConfidence = 0.95;
  const double n = static_cast<double>(means.size());
  const double half = StudentTQuantile(0.5 + 0.5 * kConfidence, n - 1) *
                      StandardDeviation(means) / std::sqrt(n);
  interval->set_low(Mean(means) - half);
  interval->set_high(Mean(means) + half);
  interval->set_confidence(kConfidence);
  interval->set_method("student_t");
}

LatencyRecord RecordOf(const std::string& name, const Repetitions& all) {
  LatencyRecord record;
  record.set_variant(name);
  record.set_scenario(LatencyRecord::SINGLE_STREAM);
  record.set_caches(LatencyRecord::HOT);
  record.set_batch(1);
  record.set_threads(static_cast<uint32_t>(all.threads));
  *record.mutable_kept()->mutable_availability() = MakeAvailability(
      Availability::UNAVAILABLE, "Google Benchmark keeps means of iterations");
  if (all.iterations <= 0) {
    *record.mutable_availability() = MakeAvailability(
        Availability::UNAVAILABLE,
        all.error.empty() ? "no iteration was run" : all.error);
    return record;
  }
  *record.mutable_availability() = MakeAvailability(Availability::MEASURED);
  record.set_queries(static_cast<uint64_t>(all.iterations));
  record.set_samples(static_cast<uint64_t>(all.iterations));
  record.set_seconds(all.total_ns * 1e-9);
  record.set_mean_ns(all.total_ns / all.iterations);
  if (all.items_per_second > 0) {
    record.set_samples_per_second(all.items_per_second);
  } else if (all.total_ns > 0) {
    record.set_samples_per_second(1e9 * all.iterations / all.total_ns);
  }
  if (all.means_ns.size() >= 2) {
    SetInterval(all.means_ns, record.mutable_mean_interval());
  }
  uint64_t first = 0;
  for (size_t i = 0; i < all.means_ns.size(); ++i) {
    BlockRecord* block = record.add_blocks();
    block->set_variant(name);
    block->set_first_query(first);
    block->set_queries(static_cast<uint64_t>(all.counts[i]));
    block->set_mean_ns(all.means_ns[i]);
    first += block->queries();
  }
  for (const double fraction : {0.5, 0.9, 0.99}) {
    PercentileRecord* percentile = record.add_percentiles();
    percentile->set_fraction(fraction);
    *percentile->mutable_availability() = MakeAvailability(
        Availability::REFUSED,
        "Google Benchmark gives means of iterations and no single latency");
  }
  return record;
}

// --- Writing.

std::string Quoted(absl::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&out, "\\u%04x", c);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

struct Repetition {
  uint64_t queries = 0;
  double mean_ns = 0.0;
};

// One per block of this variant that has a mean, or the whole record.
std::vector<Repetition> RepetitionsOf(const LatencyRecord& latency) {
  std::vector<Repetition> repetitions;
  for (const BlockRecord& block : latency.blocks()) {
    if (block.variant() != latency.variant() || block.mean_ns() <= 0) continue;
    repetitions.push_back({block.queries(), block.mean_ns()});
  }
  if (repetitions.empty()) {
    repetitions.push_back({latency.queries(), latency.mean_ns()});
  }
  return repetitions;
}

void AddTiming(const Report& report, const std::string& network,
               const LatencyRecord& latency, int family,
               std::vector<std::string>* entries) {
  const RunIdentity& identity = report.identity();
  const std::string name = absl::StrCat(
      identity.task(), "/",
      identity.label().empty() ? identity.method() : identity.label(), "/",
      network, "/", LatencyRecord::Scenario_Name(latency.scenario()),
      TimingSuffix(latency), "/", latency.precision(), "/", latency.batch());
  const std::vector<Repetition> repetitions = RepetitionsOf(latency);
  for (size_t i = 0; i < repetitions.size(); ++i) {
    entries->push_back(absl::StrFormat(
        "    {\n"
        "      \"name\": %s,\n"
        "      \"family_index\": %d,\n"
        "      \"per_family_instance_index\": 0,\n"
        "      \"run_name\": %s,\n"
        "      \"run_type\": \"iteration\",\n"
        "      \"repetitions\": %d,\n"
        "      \"repetition_index\": %d,\n"
        "      \"threads\": %d,\n"
        "      \"iterations\": %d,\n"
        "      \"real_time\": %.17g,\n"
        "      \"cpu_time\": 0,\n"
        "      \"time_unit\": \"ns\"\n"
        "    }",
        Quoted(name), family, Quoted(name), repetitions.size(), i,
        latency.threads(), repetitions[i].queries, repetitions[i].mean_ns));
  }
}

std::string ContextOf(absl::Span<const Report> reports) {
  const Provenance none;
  const Provenance& made = reports.empty() ? none : reports[0].provenance();
  return absl::StrFormat(
      "  \"context\": {\n"
      "    \"executable\": \"assay\",\n"
      "    \"num_cpus\": %d,\n"
      "    \"cpu_model\": %s,\n"
      "    \"assay_version\": %s,\n"
      "    \"cpu_time\": \"not measured, written as 0\"\n"
      "  },\n",
      made.cpu().hardware_threads(), Quoted(made.cpu().model_name()),
      Quoted(made.assay_version()));
}

}  // namespace

absl::StatusOr<std::vector<LatencyRecord>> ReadGoogleBenchmark(
    absl::string_view json) {
  Struct file;
  const auto parsed =
      google::protobuf::util::JsonStringToMessage(std::string(json), &file);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Google Benchmark JSON: ", std::string(parsed.message())));
  }
  const Value* benchmarks = Find(file, "benchmarks");
  if (benchmarks == nullptr || !benchmarks->has_list_value()) {
    return absl::InvalidArgumentError(
        "Google Benchmark JSON: expected a list \"benchmarks\"");
  }
  std::vector<std::string> order;
  std::map<std::string, Repetitions> by_name;
  for (int i = 0; i < benchmarks->list_value().values_size(); ++i) {
    const Value& value = benchmarks->list_value().values(i);
    if (!value.has_struct_value()) return Wrong(i, "expected an object");
    const Struct& run = value.struct_value();
    if (TextOf(run, "run_type") == "aggregate") continue;
    std::string name = TextOf(run, "run_name");
    if (name.empty()) name = TextOf(run, "name");
    if (name.empty()) return Wrong(i, "name: expected text, got nothing");
    const auto [at, is_new] = by_name.emplace(name, Repetitions());
    if (is_new) order.push_back(name);
    ASSAY_RETURN_IF_ERROR(AddRepetition(run, i, &at->second));
  }
  std::vector<LatencyRecord> records;
  for (const std::string& name : order) {
    records.push_back(RecordOf(name, by_name[name]));
  }
  return records;
}

std::string WriteGoogleBenchmark(absl::Span<const Report> reports) {
  std::vector<std::string> entries;
  int family = 0;
  const auto add = [&](const Report& report, const CandidateRecord& network) {
    for (const LatencyRecord& latency : network.latency()) {
      if (!HasValue(latency.availability())) continue;
      AddTiming(report, network.name(), latency, family++, &entries);
    }
  };
  for (const Report& report : reports) {
    if (report.has_dense()) add(report, report.dense());
    for (const CandidateRecord& one : report.candidates()) add(report, one);
  }
  return absl::StrCat("{\n", ContextOf(reports), "  \"benchmarks\": [\n",
                      absl::StrJoin(entries, ",\n"), "\n  ]\n}\n");
}

}  // namespace assay
