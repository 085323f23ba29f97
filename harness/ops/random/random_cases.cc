#include "harness/ops/random/random_cases.h"

namespace assay {

OpCases RandomCases() {
  using Ints = std::vector<int64_t>;
  OpCases cases;
  for (const double step : {0, 7}) {
    cases.accepted.push_back(
        {"random_uniform",
         {Given(DType::kS64, {}, {step})},
         {{"key", int64_t{0x123456789abcdef}}, {"shape", Ints{3, 7}}},
         0});
  }
  const TensorType step{DType::kS64, {}};
  cases.refused = {
      {"random_uniform",
       {{DType::kS32, {}}},
       {{"shape", Ints{2}}},
       "step: expected s64[], got s32[]"},
      {"random_uniform",
       {step},
       {{"shape", Ints{2, 0}}},
       "result: expected extents of at least 1"},
  };
  return cases;
}

}  // namespace assay
