#include "harness/ops/random/random_uniform.h"

#include <algorithm>

#include "harness/core/random.h"
#include "harness/core/status_macros.h"
#include "harness/ops/support/infer.h"

namespace assay {
namespace {

uint32_t Low(uint64_t x) { return static_cast<uint32_t>(x); }
uint32_t High(uint64_t x) { return static_cast<uint32_t>(x >> 32); }

absl::Status InferRandomUniform(InferContext& context) {
  ASSAY_RETURN_IF_ERROR(Operand(context, 0, "step").Has(DType::kS64, {}));
  return SetResults(context,
                    {{DType::kF32, context.attributes.Ints("shape", {})}});
}

absl::Status RandomUniformReference(ReferenceContext& context) {
  const uint64_t key = static_cast<uint64_t>(context.attributes.Int("key", 0));
  const uint64_t step =
      static_cast<uint64_t>(*context.inputs[0]->data<int64_t>());
  const absl::Span<float> dst = context.outputs[0]->span<float>();
  for (size_t e = 0; e < dst.size(); e += 4) {
    const uint64_t block = e / 4;
    const std::array<uint32_t, 4> words =
        Philox4x32({Low(block), High(block), Low(step), High(step)},
                   {Low(key), High(key)});
    const size_t count = std::min<size_t>(4, dst.size() - e);
    for (size_t i = 0; i < count; ++i) {
      dst[e + i] = static_cast<float>(words[i] >> 8) * 0x1p-24f;
    }
  }
  return absl::OkStatus();
}

}  // namespace

OpSchema RandomUniformSchema() {
  return {.name = "random_uniform",
          .operands = "step",
          .attributes = {{"key", "int"}, {"shape", "ints"}},
          .infer = InferRandomUniform,
          .reference = RandomUniformReference};
}

}  // namespace assay
