// How sure an exit must be: from what each exit says about each sample of a
// split, thresholds that spare the most work for a given loss of accuracy, or
// lose the least accuracy for given work.
#ifndef ASSAY_PLUGINS_EARLY_EXIT_THRESHOLDS_H_
#define ASSAY_PLUGINS_EARLY_EXIT_THRESHOLDS_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace assay::early_exit {

// A threshold that no sample reaches: the exit is left out, its head too.
constexpr double kNever = std::numeric_limits<double>::infinity();

// By exit, then by sample; what stands last in `right` and `trunk_macs` is the
// end of the network.
struct Answers {
  std::vector<std::vector<double>> confidence;  // higher is surer
  std::vector<std::vector<uint8_t>> right;      // 1 where the answer is
  std::vector<double> trunk_macs;               // up to there
  std::vector<double> head_macs;

  size_t exits() const { return confidence.size(); }
  size_t samples() const { return right.back().size(); }
};

struct Outcome {
  double accuracy = 0;
  double macs = 0;       // mean
  double deviation = 0;  // of accuracy less the end's: standard error
  std::vector<double>
      shares;  // of the samples that leave there, the end's last
};

// A sample leaves by the first exit whose confidence is at least its threshold.
Outcome Follow(const Answers& answers, const std::vector<double>& thresholds);

// One threshold per exit. At least `accuracy` after `caution` standard errors
// are taken off, since thresholds that fit these samples do worse on others;
// then the least work. Where nothing reaches that, the most accurate.
std::vector<double> ThresholdsForAccuracy(const Answers& answers,
                                          double accuracy, double caution);
// At most `macs` on average, then the most accurate; where everything costs
// more, the cheapest.
std::vector<double> ThresholdsForMacs(const Answers& answers, double macs);

}  // namespace assay::early_exit

#endif  // ASSAY_PLUGINS_EARLY_EXIT_THRESHOLDS_H_
