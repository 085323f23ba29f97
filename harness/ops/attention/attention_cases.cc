#include "harness/ops/attention/attention_cases.h"

namespace assay {

OpCases AttentionCases() {
  OpCases cases;
  const TensorType odd{DType::kF32, {1, 2, 3, 5}}, flat{DType::kF32, {3, 4}};
  cases.accepted = {
      {"rope", {F({2, 2, 3, 4})}, {}, 2, 2},
      {"rope",
       {F({1, 2, 4, 6})},
       {{"base", 100.0}, {"offset", int64_t{3}}},
       2,
       2},
      {"rope", {F({1, 1, 5, 2})}, {{"inverse", int64_t{1}}}, 2, 2},
      {"repeat_heads", {F({2, 2, 3, 4})}, {{"repeats", int64_t{3}}}, 2, 3},
      {"repeat_heads", {F({1, 2, 2, 2})}, {}},
  };
  cases.refused = {
      {"rope", {odd}, {}, "src: expected an even D on axis 3"},
      {"rope", {flat}, {}, "src: expected rank 4 [B,H,T,D]"},
      {"rope", {{DType::kF32, {1, 1, 1, 2}}}, {{"base", 0.0}}, "base"},
      {"repeat_heads", {flat}, {}, "src: expected rank 4 [B,KV,T,D]"},
      {"repeat_heads",
       {odd},
       {{"repeats", int64_t{0}}},
       "repeats: expected at least 1, got 0"},
  };
  return cases;
}

}  // namespace assay
