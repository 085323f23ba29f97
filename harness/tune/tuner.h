// Choosing among named alternatives by measurement, within a stated time.
#ifndef ASSAY_HARNESS_TUNE_TUNER_H_
#define ASSAY_HARNESS_TUNE_TUNER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/measure/clock.h"

namespace assay {

// Something that can be made in several ways. values[0] is what the rules say.
struct Alternative {
  std::string name;
  std::vector<std::string> values;
};

// A value for each alternative, by its name.
using Choices = std::map<std::string, std::string>;

Choices RulesOf(absl::Span<const Alternative> alternatives);

// What choices make. Run comes after Prepare, which may take long.
class TunedVariant {
 public:
  virtual ~TunedVariant() = default;
  // Equal for variants between which there is nothing to choose.
  virtual std::string Key() const = 0;
  virtual absl::Status Prepare() = 0;
  virtual absl::Status Run() = 0;
};

class VariantMaker {
 public:
  virtual ~VariantMaker() = default;
  virtual absl::StatusOr<std::unique_ptr<TunedVariant>> Make(
      const Choices& choices) = 0;
};

struct TuneLimits {
  double seconds = 2;         // for all of it
  double least_gain = 0.03;   // of time; below it the rules' value stays
  int64_t rounds = 15;        // of a comparison, each a run of both
  double least_round = 1e-3;  // seconds of one side of a round
};

struct TuneResult {
  Choices choices;
  double seconds = 0;  // that it took
  int64_t comparisons = 0;
  // "name=value" for which no time was left.
  std::vector<std::string> unmeasured;
};

// From the rules' values, one alternative after the other: a value that is
// faster by `least_gain` (the median over interleaved rounds of the ratio of
// times) takes its place. Ends before `limits.seconds` but for the step under
// way: making a variant or one round. A value that Make or Prepare finds
// UNIMPLEMENTED is not there. Errors are those of the rules' variant and of
// runs.
absl::StatusOr<TuneResult> Tune(absl::Span<const Alternative> alternatives,
                                VariantMaker& maker, Clock& clock,
                                const TuneLimits& limits);

}  // namespace assay

#endif  // ASSAY_HARNESS_TUNE_TUNER_H_
