#include "harness/dynamic/compare.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

double FirstDifference(const Path& want, const Path& got) {
  for (size_t i = 0; i < std::min(want.size(), got.size()); ++i) {
    if (want[i].site != got[i].site || want[i].holds != got[i].holds) {
      return want[i].distance;
    }
  }
  return HUGE_VAL;
}

}  // namespace

int64_t Agreement::real_mismatches() const {
  return std::count_if(
      mismatches.begin(), mismatches.end(),
      [](const PathMismatch& m) { return m.distance >= kNumericTie; });
}

absl::StatusOr<Agreement> CompareDynamic(const DynamicResult& want,
                                         const DynamicResult& got,
                                         const std::string& output) {
  const auto wanted = want.outputs.find(output);
  const auto gotten = got.outputs.find(output);
  if (wanted == want.outputs.end() || gotten == got.outputs.end()) {
    return absl::InvalidArgumentError(absl::StrCat("no output '", output, "'"));
  }
  const Tensor& a = wanted->second;
  const Tensor& b = gotten->second;
  const bool alike = a.dtype() == b.dtype() && a.shape() == b.shape();
  const int64_t samples = a.rank() == 0 ? 0 : a.dim(0);
  if (!alike || samples < 1 ||
      static_cast<int64_t>(want.paths.size()) != samples ||
      static_cast<int64_t>(got.paths.size()) != samples) {
    return absl::InvalidArgumentError(
        absl::StrCat("output '", output, "': expected ", a.TypeString(),
                     " with ", samples, " paths, got ", b.TypeString(),
                     ", paths ", want.paths.size(), " and ", got.paths.size()));
  }
  Agreement agreement;
  agreement.samples = samples;
  const Tensor w = a.Cast(DType::kF64), g = b.Cast(DType::kF64);
  const int64_t row = w.size() / samples;
  double largest = 0;
  for (int64_t i = 0; i < w.size(); ++i) {
    const double apart = std::abs(w.data<double>()[i] - g.data<double>()[i]);
    if (!(apart <= largest)) largest = apart;  // a NaN stays
  }
  agreement.delta = std::log10(largest + 1e-10);
  int64_t differ = 0;
  for (int64_t s = 0; s < samples; ++s) {
    const double* x = w.data<double>() + s * row;
    const double* y = g.data<double>() + s * row;
    differ +=
        std::max_element(x, x + row) - x != std::max_element(y, y + row) - y;
    const size_t at = static_cast<size_t>(s);
    const std::string wanted_path = PathText(want.paths[at]);
    const std::string got_path = PathText(got.paths[at]);
    if (wanted_path == got_path) continue;
    agreement.mismatches.push_back(
        {s, wanted_path, got_path,
         FirstDifference(want.paths[at], got.paths[at])});
  }
  agreement.eta = static_cast<double>(differ) / static_cast<double>(samples);
  return agreement;
}

}  // namespace assay
