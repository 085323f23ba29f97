// Whether two reports say the same: what of them is equal to the bit, and what
// differs beyond its interval.
#ifndef ASSAY_HARNESS_REPORT_VERIFY_H_
#define ASSAY_HARNESS_REPORT_VERIFY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "harness/report/compare.h"
#include "harness/report/report.pb.h"

namespace assay {

enum class Agreement {
  kEqual,    // to the bit
  kWithin,   // different numbers, shown to be the same within the margin
  kOpen,     // different numbers, and no interval decides
  kDiffers,  // different, or beyond the interval
};
const char* AgreementName(Agreement agreement);  // "EQUAL", "WITHIN", ...

struct VerifyRow {
  std::string what;  // "dataset file cifar-10/...", "dense: artifact"
  std::string first, second;
  Agreement agreement = Agreement::kEqual;
  std::string note;
};

struct Verification {
  // What the runs were made from: program, plugin, data, settings, machine. A
  // difference here explains others; it is none of the result's.
  std::vector<VerifyRow> inputs;
  // What they made: how they ended, artifacts, costs, ledgers, scores,
  // timings.
  std::vector<VerifyRow> results;

  int64_t Count(Agreement agreement) const;  // of the results
  // 0: no result differs; 1: one does. With `bits`, what is not equal to the
  // bit differs too, timings and energy excepted: clocks never repeat.
  int ExitCode(bool bits) const;
};

// A result that one report alone has differs; an input that one alone states is
// passed over. `options` holds the margins of timings and scores.
Verification VerifyReports(const Report& first, const Report& second,
                           const CompareOptions& options = {});

// The rows of Verification::inputs alone. `second` may be of a run yet to be
// made.
std::vector<VerifyRow> CompareInputs(const Report& first, const Report& second);

// Of a row of CompareInputs: whether it belongs to what must be equal for two
// runs to be the same run (settings, plugin, data, revision, compiler). The
// rest (machine, threads, libraries, ...) explains timings and last bits.
bool DecidesResults(const VerifyRow& input);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_VERIFY_H_
