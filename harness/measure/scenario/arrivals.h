// What a block asks for, drawn before it starts.
#ifndef ASSAY_HARNESS_MEASURE_SCENARIO_ARRIVALS_H_
#define ASSAY_HARNESS_MEASURE_SCENARIO_ARRIVALS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace assay {

// `count` sample indices in [0, data_samples), with replacement. Depends on the
// seed and the block alone, so that every variant answers the same samples.
std::vector<int64_t> DrawSamples(uint64_t seed, int64_t block, int64_t count,
                                 int64_t data_samples);

// Arrival times in ns from the block's start, ascending: a Poisson process of
// `qps` arrivals per second. The same for every variant.
std::vector<int64_t> DrawPoissonArrivals(uint64_t seed, int64_t block,
                                         int64_t count, double qps);

// 0..variants-1 in random order, then reversed.
std::vector<size_t> DrawRound(uint64_t seed, int64_t round, size_t variants);

}  // namespace assay

#endif  // ASSAY_HARNESS_MEASURE_SCENARIO_ARRIVALS_H_
