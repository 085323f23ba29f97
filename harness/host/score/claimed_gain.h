// Whether what a budget asks for shows in what runs.
#ifndef ASSAY_HARNESS_HOST_SCORE_CLAIMED_GAIN_H_
#define ASSAY_HARNESS_HOST_SCORE_CLAIMED_GAIN_H_

#include "harness/report/report.pb.h"

namespace assay {

// Adds one ClaimedGain per budget to the candidate's materialisation, from the
// costs of both plans and the candidate's gains. Bits are shown by bytes or
// time, not by MACs; MACs and bytes by themselves.
void JudgeClaims(const CandidateRecord& dense, CandidateRecord* candidate);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SCORE_CLAIMED_GAIN_H_
