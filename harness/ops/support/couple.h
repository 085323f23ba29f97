// Channel couplings that many ops share; see harness/graph/channel_groups.h.
#ifndef ASSAY_HARNESS_OPS_SUPPORT_COUPLE_H_
#define ASSAY_HARNESS_OPS_SUPPORT_COUPLE_H_

#include <cstdint>

#include "harness/graph/channel_groups.h"

namespace assay {

// Every operand is coupled with the first result where NumPy's broadcasting
// aligns their axes and the extents agree; axes of extent 1 that are stretched
// stay untouched. Also right for elementwise ops of one operand.
void CoupleBroadcast(ChannelCoupler& coupler);

// For ops of one operand whose result has its shape: every axis goes on, but
// the one that attribute `axis` (default -1) names is frozen.
void CoupleFreezingAxis(ChannelCoupler& coupler);

// Couples axes [0, count) of a and b pairwise.
void CoupleLeading(ChannelCoupler& coupler, ValueId a, ValueId b,
                   int64_t count);

// Freezes every axis of `v` but those below `from`; nothing when v is absent.
void FreezeFrom(ChannelCoupler& coupler, ValueId v, int64_t from);

// Produces(v, axis) when v is a parameter; nothing otherwise.
void ProducesIfParameter(ChannelCoupler& coupler, ValueId v, int64_t axis);

int64_t RankOf(const ChannelCoupler& coupler, ValueId v);

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_SUPPORT_COUPLE_H_
