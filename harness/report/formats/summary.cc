#include "harness/report/formats/summary.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/report/check.h"
#include "harness/report/formats/figures.h"
#include "harness/report/timing_key.h"

namespace assay {
namespace {

const QualityRecord* QualityFor(const CandidateRecord& candidate,
                                const std::string& precision) {
  const QualityRecord* first = nullptr;
  for (const QualityRecord& quality : candidate.quality()) {
    if (quality.split() != "test") continue;
    if (first == nullptr) first = &quality;
    if (quality.precision() == precision) return &quality;
  }
  if (first == nullptr && candidate.quality_size() > 0) {
    return &candidate.quality(0);
  }
  return first;
}

const EnergyRecord* EnergyOf(const LatencyRecord& latency) {
  for (const EnergyRecord& energy : latency.energy()) {
    if (HasValue(energy.availability())) return &energy;
  }
  return latency.energy_size() > 0 ? &latency.energy(0) : nullptr;
}

void AddRow(const Report& report, const CandidateRecord& candidate, bool dense,
            const LatencyRecord* latency, std::vector<SummaryRow>* rows) {
  SummaryRow row;
  row.report = &report;
  row.candidate = &candidate;
  row.dense = dense;
  row.latency = latency;
  row.quality =
      QualityFor(candidate, latency != nullptr ? latency->precision() : "");
  for (const QualityComparison& flips : candidate.against_dense()) {
    if (row.quality != nullptr && flips.split() == row.quality->split() &&
        flips.metric() == row.quality->metric() &&
        flips.precision() == row.quality->precision()) {
      row.against_dense = &flips;
    }
  }
  if (latency != nullptr) {
    row.energy = EnergyOf(*latency);
    row.gain = FindGain(candidate, *latency);
  }
  rows->push_back(row);
}

void AddRows(const Report& report, const CandidateRecord& candidate, bool dense,
             std::vector<SummaryRow>* rows) {
  for (const LatencyRecord& latency : candidate.latency()) {
    AddRow(report, candidate, dense, &latency, rows);
  }
  if (candidate.latency_size() == 0) {
    AddRow(report, candidate, dense, nullptr, rows);
  }
}

std::string TimingName(const LatencyRecord& latency) {
  static constexpr const char* kShort[] = {
      "?", "single", "multi", "offline", "server", "prefill", "decode"};
  const size_t scenario = static_cast<size_t>(latency.scenario());
  return absl::StrCat(kShort[scenario < std::size(kShort) ? scenario : 0], " ",
                      latency.precision(), " b", latency.batch(),
                      TimingSuffix(latency));
}

std::string PercentileCell(const LatencyRecord& latency, double fraction) {
  if (!HasValue(latency.availability())) {
    return fraction == 0.5
               ? Availability::State_Name(latency.availability().state())
               : "";
  }
  const PercentileRecord* p = FindPercentile(latency, fraction);
  return p == nullptr ? "" : PercentileText(*p);
}

std::string EnergyCell(const EnergyRecord& energy) {
  if (!HasValue(energy.availability())) {
    return Availability::State_Name(energy.availability().state());
  }
  return absl::StrCat(HumanJoules(energy.gross_joules_per_sample()), "/sample");
}

std::string StatusCell(const Outcome& outcome) {
  const std::string status = Outcome::Status_Name(outcome.status());
  if (outcome.status() == Outcome::OK) return status;
  return absl::StrCat(status, " (", Outcome::Stage_Name(outcome.stage()), ")");
}

constexpr size_t kStatusColumn = 16;

std::vector<std::string> Cells(const SummaryRow& row) {
  const RunIdentity& id = row.report->identity();
  std::vector<std::string> cells = {id.task(),
                                    row.dense ? "dense" : MethodName(id),
                                    row.dense ? "" : absl::StrCat(id.seed())};
  if (row.candidate == nullptr) {
    cells.resize(kStatusColumn);
    cells.push_back(StatusCell(row.report->outcome()));
    return cells;
  }
  cells.push_back(row.dense ? "" : row.candidate->name());
  cells.push_back(row.quality != nullptr ? QualityText(*row.quality) : "");
  cells.push_back(
      row.against_dense != nullptr
          ? DifferenceText(row.against_dense->difference(), row.quality->unit())
          : "");
  const CostRecord& cost = row.candidate->cost();
  if (HasValue(cost.availability())) {
    cells.push_back(HumanCount(static_cast<double>(cost.parameters())));
    cells.push_back(absl::StrFormat("%.3f", cost.density()));
    cells.push_back(HumanCount(static_cast<double>(cost.macs())));
    cells.push_back(HumanSize(static_cast<double>(cost.bytes_on_disk())));
  } else {
    cells.resize(cells.size() + 4);
  }
  if (row.latency != nullptr) {
    cells.push_back(TimingName(*row.latency));
    for (double fraction : {0.5, 0.9, 0.99}) {
      cells.push_back(PercentileCell(*row.latency, fraction));
    }
  } else {
    cells.resize(cells.size() + 4);
  }
  cells.push_back(row.gain != nullptr && HasValue(row.gain->availability())
                      ? absl::StrFormat("%.2f", row.gain->realised_gain())
                      : "");
  cells.push_back(row.energy != nullptr ? EnergyCell(*row.energy) : "");
  cells.push_back(row.dense ? "" : StatusCell(row.report->outcome()));
  return cells;
}

}  // namespace

std::string MethodName(const RunIdentity& identity) {
  if (identity.label().empty() || identity.label() == identity.method()) {
    return identity.method();
  }
  return absl::StrCat(identity.method(), "/", identity.label());
}

std::vector<SummaryRow> Summarise(absl::Span<const Report> reports) {
  std::vector<const Report*> order;
  for (const Report& report : reports) order.push_back(&report);
  const auto key = [](const Report* report) {
    const RunIdentity& id = report->identity();
    return std::make_tuple(id.task(), id.backend(), id.method(), id.label(),
                           id.seed());
  };
  std::stable_sort(
      order.begin(), order.end(),
      [&](const Report* a, const Report* b) { return key(a) < key(b); });
  std::vector<SummaryRow> rows;
  for (const Report* report : order) {
    if (report->has_dense()) AddRows(*report, report->dense(), true, &rows);
    for (const CandidateRecord& candidate : report->candidates()) {
      AddRows(*report, candidate, false, &rows);
    }
    if (report->candidates_size() == 0) {
      SummaryRow row;
      row.report = report;
      rows.push_back(row);
    }
  }
  return rows;
}

TextTable SummaryTable(absl::Span<const SummaryRow> rows) {
  TextTable table({{"task"},
                   {"method"},
                   {"seed", true},
                   {"budget"},
                   {"quality"},
                   {"vs dense", true},
                   {"params", true},
                   {"density", true},
                   {"MACs", true},
                   {"on disk", true},
                   {"timing"},
                   {"p50", true},
                   {"p90", true},
                   {"p99", true},
                   {"gain", true},
                   {"energy"},
                   {"status"}});
  std::set<std::string> dense_shown;
  std::string task;
  for (const SummaryRow& row : rows) {
    const RunIdentity& id = row.report->identity();
    if (row.dense) {
      const std::string timing =
          row.latency != nullptr ? TimingName(*row.latency) : "";
      if (!dense_shown
               .insert(absl::StrCat(id.task(), " ", id.backend(), " ", timing))
               .second) {
        continue;
      }
    }
    if (!table.empty() && id.task() != task) table.AddRule();
    task = id.task();
    table.Add(Cells(row));
  }
  return table;
}

}  // namespace assay
