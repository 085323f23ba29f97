// Writes the data of a page: one class, whose members are defined by what they
// write, in run_data.cc, network_data.cc and page_data.cc.
#ifndef ASSAY_HARNESS_REPORT_FORMATS_HTML_PAGE_WRITER_H_
#define ASSAY_HARNESS_REPORT_FORMATS_HTML_PAGE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "harness/report/compare.h"
#include "harness/report/formats/html/json_writer.h"
#include "harness/report/report.pb.h"

namespace assay::formats::html {

inline constexpr size_t kShortHash = 12;

// Values that many runs share, each written once.
class Shared {
 public:
  uint64_t IndexOf(const std::string& json);
  std::string Array() const;

 private:
  std::map<std::string, uint64_t> index_;
  std::vector<std::string> values_;
};

// The page takes an interval without a confidence for one of 95 %.
void WriteInterval(const char* key, bool present, const Interval& interval,
                   JsonWriter* out);

// One page's worth of writing: the runs, and what they share.
class PageWriter {
 public:
  std::string Write(absl::Span<const Report* const> reports,
                    const Comparison* comparison);

 private:
  void WriteRun(const Report& report);
  void WriteIdentity(const Report& report);
  void WriteOutcome(const Outcome& outcome);
  void WriteMachineState(const MachineRecord& machine);
  void WriteNetwork(const CandidateRecord& network, bool dense);
  void WriteBudgets(const CandidateRecord& network);
  void WriteQuality(const CandidateRecord& network);
  using Comparisons = google::protobuf::RepeatedPtrField<QualityComparison>;
  void WriteVersus(const char* key, const Comparisons& comparisons,
                   const QualityRecord& quality);
  void WriteCost(const CostRecord& cost);
  void WritePaths(const PathCosts& paths);
  void WriteMaterialisation(const MaterialisationRecord& record);
  void WriteMemory(const MemoryRecord& memory);
  void WriteTiming(const CandidateRecord& network,
                   const LatencyRecord& latency);
  void WritePercentiles(const LatencyRecord& latency);
  void WriteGain(const GainRecord& gain);
  void WriteHistogram(const LatencySamples& samples);
  void WritePayback(const PaybackRecord& payback);
  void WriteTuned(const TunedDense& tuned);
  void WriteTrace(const EnergyTrace& trace, JsonWriter* out);
  void WriteLedger(const char* key, const LedgerRecord& ledger);
  void WritePhases(const OverheadRecord& overhead);
  void WriteClaims(const Report& report);
  void WriteChanges(absl::Span<const Report* const> reports);
  void WriteComparison(const Comparison& comparison);

  // Whether there is a value; else, and for estimates, says so. Members that
  // follow belong to the same object.
  bool Known(const Availability& availability, JsonWriter* out);
  bool Known(const Availability& availability) {
    return Known(availability, &out_);
  }
  void Sentence(const char* key, const std::string& text, JsonWriter* out);
  void Sentence(const char* key, const std::string& text) {
    Sentence(key, text, &out_);
  }
  uint64_t MachineOf(const Provenance& provenance);
  uint64_t EnergyOf(const EnergyRecord& energy);

  JsonWriter out_;
  Shared texts_, machines_, energies_, kinds_;
  std::map<std::string, int> ids_;
  std::vector<std::string> anchors_;  // of the runs, in their order
};

}  // namespace assay::formats::html

#endif  // ASSAY_HARNESS_REPORT_FORMATS_HTML_PAGE_WRITER_H_
