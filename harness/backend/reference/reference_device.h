// The `reference` backend: every op by its readable reference, in host memory,
// in the calling thread. f32, f64 and bf16 (computed in f32 and rounded once
// per op). The oracle of other backends, and the way to compute in f64.
#ifndef ASSAY_HARNESS_BACKEND_REFERENCE_REFERENCE_DEVICE_H_
#define ASSAY_HARNESS_BACKEND_REFERENCE_REFERENCE_DEVICE_H_

#include <memory>

#include "harness/backend/device.h"

namespace assay {

// Work runs before the call that queues it returns; an error of a run comes
// with the stream's next Synchronize.
std::unique_ptr<Device> MakeReferenceDevice();

}  // namespace assay

#endif  // ASSAY_HARNESS_BACKEND_REFERENCE_REFERENCE_DEVICE_H_
