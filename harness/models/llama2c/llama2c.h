// Decoders in the checkpoint format of llama2.c (github.com/karpathy/llama2.c,
// its first version), and the tokenizer that lies beside them.
#ifndef ASSAY_HARNESS_MODELS_LLAMA2C_LLAMA2C_H_
#define ASSAY_HARNESS_MODELS_LLAMA2C_LLAMA2C_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "harness/graph/parameter_store.h"
#include "harness/models/lmd/lmd.h"

namespace assay {

// What Lmd() builds the graph from, and its parameters.
struct Llama2cModel {
  LmdOptions options;  // context: the longest that it was trained for
  ParameterStore parameters;
};

// A little-endian file: seven int32 (features, hidden, layers, heads, kv_heads,
// vocabulary, context), then f32 tables: embedding, norms, attention and MLP
// weights of all layers kind by kind, the last norm, two tables of angles that
// are not read. Queries and keys are reordered from rotation of neighbours to
// rotation of halves, which gives the same scores.
//
// INVALID_ARGUMENT with `where`, expected and got: extents out of range (1 to
// 2^20, or 2^10 layers and heads), another number of bytes, a negative
// vocabulary (an output matrix of its own, which Lmd() does not have).
absl::StatusOr<Llama2cModel> ReadLlama2c(absl::string_view bytes,
                                         absl::string_view where);

// The text of each token, by id. INVALID_ARGUMENT: bytes that are not
// `vocabulary` tokens.
absl::StatusOr<std::vector<std::string>> ReadLlama2cTokens(
    absl::string_view bytes, absl::string_view where, int64_t vocabulary);

// What the tokens after the first, which begins the text and says nothing, read
// together: "<0x0A>" is that byte, a blank that opens the text is none.
// Out-of-range ids are left out.
std::string Llama2cText(absl::Span<const std::string> pieces,
                        absl::Span<const int32_t> tokens);

inline constexpr int32_t kLlama2cBegin = 1;

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_LLAMA2C_LLAMA2C_H_
