// Which primitive a forward convolution becomes, by the program's options.
#ifndef ASSAY_HARNESS_OPS_CONV_CPU_CONV_WAYS_H_
#define ASSAY_HARNESS_OPS_CONV_CPU_CONV_WAYS_H_

#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "harness/backend/cpu/layout.h"
#include "harness/backend/cpu/program_builder.h"
#include "harness/ops/conv/cpu/conv_geometry.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace assay::cpu {

// How source and result lie.
struct ImageForms {
  dnnl::memory::desc src, dst;
  bool asked = false;  // by CpuOptions::layout
};

// The forms to try in turn: the one asked for, as the source lies, any. `dst`:
// what the primitive writes.
std::vector<ImageForms> FormsToTry(const ProgramBuilder& builder, ValueId src,
                                   const TensorType& dst);

bool IsAlgorithm(ConvAlgorithm algorithm, absl::string_view implementation);

// make(forms) gives a primitive descriptor, empty where oneDNN has
// none. Empty where there is none at all.
template <typename Make>
auto ChooseForward(ProgramBuilder& b, ValueId src, const TensorType& dst,
                   const Make& make) {
  const std::vector<ImageForms> forms = FormsToTry(b, src, dst);
  const ConvAlgorithm algorithm = b.options().algorithm;
  if (algorithm != ConvAlgorithm::kRule) {
    for (const ImageForms& f : forms) {
      auto pd = make(f);
      for (bool more = static_cast<bool>(pd); more; more = pd.next_impl()) {
        if (!IsAlgorithm(algorithm, pd.impl_info_str())) continue;
        b.taken().algorithm = true;
        b.taken().layout = b.taken().layout || f.asked;
        return pd;
      }
    }
  }
  for (const ImageForms& f : forms) {
    auto pd = make(f);
    if (!pd || !IsFast(pd.impl_info_str())) continue;
    b.taken().layout = b.taken().layout || f.asked;
    return pd;
  }
  return make(forms.back());
}

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_CONV_CPU_CONV_WAYS_H_
