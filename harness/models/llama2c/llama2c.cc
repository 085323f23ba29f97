#include "harness/models/llama2c/llama2c.h"

#include <array>
#include <cstring>
#include <utility>

#include "absl/base/internal/endian.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/core/tensor.h"

namespace assay {
namespace {

// Numbers from the front of the bytes; the caller has counted them.
class Reader {
 public:
  explicit Reader(absl::string_view bytes) : bytes_(bytes) {}

  int32_t Int() { return static_cast<int32_t>(Word()); }

  float Float() {
    const uint32_t word = Word();
    float value;
    std::memcpy(&value, &word, sizeof(value));
    return value;
  }

  Tensor Floats(Shape shape) {
    Tensor tensor(DType::kF32, std::move(shape));
    for (float& value : tensor.span<float>()) value = Float();
    return tensor;
  }

  absl::string_view Bytes(size_t count) {
    const absl::string_view bytes = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return bytes;
  }

  size_t left() const { return bytes_.size(); }

 private:
  uint32_t Word() { return absl::little_endian::Load32(Bytes(4).data()); }

  absl::string_view bytes_;
};

// From (2i, 2i + 1) turning together within each head to (i, i + D / 2).
Tensor NeighboursToHalves(const Tensor& weights, int64_t heads) {
  const int64_t columns = weights.shape()[1];
  const int64_t extent = weights.shape()[0] / heads;
  Tensor out(DType::kF32, weights.shape());
  for (int64_t row = 0; row < weights.shape()[0]; ++row) {
    const int64_t i = row % extent;
    const int64_t to = row - i + i / 2 + (i % 2) * (extent / 2);
    std::memcpy(out.data<float>() + to * columns,
                weights.data<float>() + row * columns,
                static_cast<size_t>(columns) * sizeof(float));
  }
  return out;
}

absl::StatusOr<LmdOptions> ReadHeader(Reader& reader, absl::string_view where) {
  constexpr const char* kNames[] = {"features", "hidden",     "layers", "heads",
                                    "kv_heads", "vocabulary", "context"};
  constexpr int32_t kLargest[] = {1 << 20, 1 << 20, 1 << 10, 1 << 10,
                                  1 << 10, 1 << 20, 1 << 20};
  std::array<int32_t, 7> values;
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = reader.Int();
    if (values[i] < 1 || values[i] > kLargest[i]) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, ": ", kNames[i], ": expected 1 to ", kLargest[i],
                       ", got ", values[i]));
    }
  }
  LmdOptions options;
  options.name = "llama2c";
  options.features = values[0];
  options.hidden = values[1];
  options.layers = values[2];
  options.heads = values[3];
  options.kv_heads = values[4];
  options.vocabulary = values[5];
  options.context = values[6];
  if (options.heads % options.kv_heads != 0 ||
      options.features % (2 * options.heads) != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        where, ": expected heads that kv_heads divides, and an even number of ",
        "features for each, got ", options.features, " features, ",
        options.heads, " heads, ", options.kv_heads, " kv_heads"));
  }
  return options;
}

// One kind of weights, in all layers, as the file has them together.
struct Kind {
  std::string name;  // after "layers.<i>."
  Shape shape;
  int64_t rotated_heads = 0;
};

std::vector<Kind> KindsOf(const LmdOptions& o) {
  const int64_t keys = o.features / o.heads * o.kv_heads;
  return {{"norm1.scale", {o.features}},
          {"attention.query.weights", {o.features, o.features}, o.heads},
          {"attention.key.weights", {keys, o.features}, o.kv_heads},
          {"attention.value.weights", {keys, o.features}},
          {"attention.output.weights", {o.features, o.features}},
          {"norm2.scale", {o.features}},
          {"mlp.gate.weights", {o.hidden, o.features}},
          {"mlp.down.weights", {o.features, o.hidden}},
          {"mlp.up.weights", {o.hidden, o.features}}};
}

// Floats after the header. The header's bounds keep it below 2^53.
int64_t FloatsOf(const LmdOptions& o) {
  int64_t layer = 0;
  for (const Kind& kind : KindsOf(o)) layer += ElementCount(kind.shape);
  return o.vocabulary * o.features + o.layers * layer + o.features +
         o.context * (o.features / o.heads);
}

}  // namespace

absl::StatusOr<Llama2cModel> ReadLlama2c(absl::string_view bytes,
                                         absl::string_view where) {
  constexpr size_t kHeader = 7 * sizeof(int32_t);
  if (bytes.size() < kHeader) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": expected a header of ", kHeader, " bytes, got ",
                     bytes.size()));
  }
  Reader reader(bytes);
  Llama2cModel model;
  ASSAY_ASSIGN_OR_RETURN(model.options, ReadHeader(reader, where));
  const int64_t expected = FloatsOf(model.options) * 4;
  if (static_cast<int64_t>(reader.left()) != expected) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": expected ", expected,
                     " bytes after the header, got ", reader.left()));
  }
  const LmdOptions& options = model.options;
  model.parameters.Set("embedding.weights",
                       reader.Floats({options.vocabulary, options.features}));
  for (const Kind& kind : KindsOf(options)) {
    for (int64_t layer = 0; layer < options.layers; ++layer) {
      Tensor weights = reader.Floats(kind.shape);
      if (kind.rotated_heads > 0) {
        weights = NeighboursToHalves(weights, kind.rotated_heads);
      }
      model.parameters.Set(absl::StrCat("layers.", layer, ".", kind.name),
                           std::move(weights));
    }
  }
  model.parameters.Set("norm.scale", reader.Floats({options.features}));
  return model;
}

absl::StatusOr<std::vector<std::string>> ReadLlama2cTokens(
    absl::string_view bytes, absl::string_view where, int64_t vocabulary) {
  Reader reader(bytes);
  std::vector<std::string> pieces;
  if (reader.left() >= 4) reader.Int();  // the longest piece
  while (reader.left() >= 8 &&
         static_cast<int64_t>(pieces.size()) < vocabulary) {
    reader.Float();  // how likely the piece is, which only splitting needs
    const int32_t length = reader.Int();
    if (length < 0 || static_cast<size_t>(length) > reader.left()) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, ": token ", pieces.size(), ": expected at most ",
                       reader.left(), " bytes, got a length of ", length));
    }
    pieces.emplace_back(reader.Bytes(static_cast<size_t>(length)));
  }
  if (static_cast<int64_t>(pieces.size()) != vocabulary || reader.left() != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": expected ", vocabulary, " tokens, got ",
                     pieces.size(), " and ", reader.left(), " bytes more"));
  }
  return pieces;
}

std::string Llama2cText(absl::Span<const std::string> pieces,
                        absl::Span<const int32_t> tokens) {
  std::string text;
  for (size_t i = 1; i < tokens.size(); ++i) {
    if (tokens[i] < 0 || static_cast<size_t>(tokens[i]) >= pieces.size()) {
      continue;
    }
    absl::string_view piece = pieces[static_cast<size_t>(tokens[i])];
    uint32_t byte = 0;
    if (piece.size() == 6 && absl::StartsWith(piece, "<0x") &&
        absl::SimpleHexAtoi(piece.substr(3, 2), &byte)) {
      text.push_back(static_cast<char>(byte));
      continue;
    }
    if (i == 1 && absl::StartsWith(piece, " ")) piece.remove_prefix(1);
    absl::StrAppend(&text, piece);
  }
  return text;
}

}  // namespace assay
