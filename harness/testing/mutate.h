// Damaging files for fuzz tests.
#ifndef ASSAY_HARNESS_TESTING_MUTATE_H_
#define ASSAY_HARNESS_TESTING_MUTATE_H_

#include <cstdint>
#include <string>

#include "harness/core/random.h"

namespace assay {

// `bytes` after one to four changes: flipped bits, bytes of interest, cuts,
// repeated, removed and moved parts of up to 16 bytes.
std::string MutateBytes(std::string bytes, RandomStream* random);

// A number that readers stumble over: 0, -1, powers of two, the ends of the
// range.
int64_t OddInteger(RandomStream* random);

}  // namespace assay

#endif  // ASSAY_HARNESS_TESTING_MUTATE_H_
