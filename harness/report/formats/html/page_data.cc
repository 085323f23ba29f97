#include "harness/report/formats/html/page_data.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/report/check.h"
#include "harness/report/formats/html/page_writer.h"
#include "harness/report/history/change_points.h"
#include "harness/report/history/metric_values.h"
#include "harness/report/index.h"

namespace assay::formats::html {
namespace {

// A metric of one experiment on one machine, over time.
struct Course {
  std::string unit;
  std::vector<size_t> runs;
  std::vector<double> values;
};

// By experiment, machine, network and metric. `reports` are in order of time
// within an experiment.
std::map<std::array<std::string, 4>, Course> CoursesOf(
    absl::Span<const Report* const> reports) {
  std::map<std::array<std::string, 4>, Course> courses;
  for (size_t i = 0; i < reports.size(); ++i) {
    const Report& report = *reports[i];
    const std::string experiment = ExperimentKey(report.identity());
    for (const MetricValue& metric : MetricValues(report)) {
      Course& course =
          courses[{experiment, report.provenance().machine_fingerprint(),
                   metric.candidate, metric.metric}];
      course.unit = metric.unit;
      course.runs.push_back(i);
      course.values.push_back(metric.value);
    }
  }
  return courses;
}

}  // namespace

uint64_t Shared::IndexOf(const std::string& json) {
  const auto [place, added] = index_.emplace(json, values_.size());
  if (added) values_.push_back(json);
  return place->second;
}

std::string Shared::Array() const {
  return absl::StrCat("[", absl::StrJoin(values_, ","), "]");
}

void WriteInterval(const char* key, bool present, const Interval& interval,
                   JsonWriter* out) {
  if (!present) return;
  out->Key(key).BeginArray().Number(interval.low()).Number(interval.high());
  if (interval.confidence() != 0.95) out->Number(interval.confidence());
  out->EndArray();
}

void PageWriter::Sentence(const char* key, const std::string& text,
                          JsonWriter* out) {
  if (!text.empty()) out->Count(key, texts_.IndexOf(JsonLiteral(text)));
}

bool PageWriter::Known(const Availability& availability, JsonWriter* out) {
  const bool known = HasValue(availability);
  if (!known || availability.state() == Availability::ESTIMATED) {
    out->Text("state", Availability::State_Name(availability.state()));
    Sentence("why", availability.reason(), out);
  }
  return known;
}

void PageWriter::WriteChanges(absl::Span<const Report* const> reports) {
  ChangePointOptions options;
  options.permutations =
      199;  // enough for its level, and pages are many series
  out_.Key("changes").BeginArray();
  for (const auto& [key, course] : CoursesOf(reports)) {
    for (const ChangePoint& change : FindChangePoints(course.values, options)) {
      out_.BeginObject().Text("experiment", key[0]).Text("network", key[2]);
      out_.Text("metric", key[3]).TextIf("unit", course.unit);
      out_.Text("run", anchors_[course.runs[change.at]]);
      out_.Number("before", change.before).Number("after", change.after);
      out_.Number("p", change.p_value).EndObject();
    }
  }
  out_.EndArray();
}

void PageWriter::WriteComparison(const Comparison& comparison) {
  out_.Key("comparison").BeginObject();
  out_.Key("matched").Int(comparison.matched);
  out_.Key("exit").Int(comparison.ExitCode());
  for (const auto& [key, list] :
       {std::pair("onlyBaseline", &comparison.only_in_baseline),
        {"onlyNew", &comparison.only_in_new}}) {
    out_.Key(key).BeginArray();
    for (const std::string& experiment : *list) out_.Text(experiment);
    out_.EndArray();
  }
  out_.Key("changes").BeginArray();
  for (const MetricChange& change : comparison.changes) {
    out_.BeginObject().Text("change", ChangeName(change.change));
    out_.Text("experiment", change.experiment);
    out_.Text("network", change.candidate).Text("metric", change.metric);
    out_.TextIf("unit", change.unit).Number("baseline", change.baseline);
    out_.Number("now", change.now).Number("p", change.p_value);
    if (!change.effect.empty()) {
      out_.Text("effect", change.effect).Number("estimate", change.estimate);
      out_.Key("in").BeginArray().Number(change.low).Number(change.high);
      out_.Number(change.confidence).EndArray();
    }
    out_.TextIf("test", change.test).TextIf("note", change.note).EndObject();
  }
  out_.EndArray().EndObject();
}

std::string PageWriter::Write(absl::Span<const Report* const> reports,
                              const Comparison* comparison) {
  out_.BeginObject().Key("runs").BeginArray();
  for (const Report* report : reports) WriteRun(*report);
  out_.EndArray();
  WriteChanges(reports);
  if (comparison != nullptr) WriteComparison(*comparison);
  out_.Key("machines").Raw(machines_.Array());
  out_.Key("energies").Raw(energies_.Array());
  out_.Key("kinds").Raw(kinds_.Array());
  out_.Key("texts").Raw(texts_.Array()).EndObject();
  return out_.json();
}

std::string PageData(absl::Span<const Report> reports,
                     const Comparison* comparison) {
  std::vector<const Report*> order;
  for (const Report& report : reports) order.push_back(&report);
  const auto key = [](const Report* report) {
    const RunIdentity& id = report->identity();
    return std::make_tuple(id.task(), id.backend(), id.method(), id.label(),
                           id.seed(), report->started().seconds(),
                           report->started().nanos(), id.run_id());
  };
  std::stable_sort(
      order.begin(), order.end(),
      [&](const Report* a, const Report* b) { return key(a) < key(b); });
  return PageWriter().Write(order, comparison);
}

}  // namespace assay::formats::html
