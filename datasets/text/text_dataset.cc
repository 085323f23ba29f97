#include "datasets/text/text_dataset.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "datasets/array_dataset.h"
#include "datasets/text/word_pieces.h"

namespace assay {
namespace {

constexpr int32_t kWordPieces = 8192;
constexpr int32_t kBytes = 256;

using Encode = std::function<std::vector<int32_t>(absl::string_view)>;

std::vector<int32_t> EncodeBytes(absl::string_view text) {
  std::vector<int32_t> tokens;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    tokens.push_back(byte < 32 ? kUnknown : byte);
  }
  return tokens;
}

Encode EncodeByWordPieces(const std::vector<LabelledLine>& train) {
  std::vector<absl::string_view> texts;
  for (const LabelledLine& line : train) texts.push_back(line.text);
  auto pieces = std::make_shared<const WordPieces>(texts, kWordPieces);
  return [pieces](absl::string_view text) {
    std::vector<int32_t> tokens;
    for (const std::string& word : SplitWords(text)) {
      const std::vector<int32_t> ids = pieces->EncodeWord(word);
      tokens.insert(tokens.end(), ids.begin(), ids.end());
    }
    return tokens;
  };
}

Rows MakeRows(const std::vector<LabelledLine>& lines, int64_t length,
              const Encode& encode) {
  const auto count = static_cast<int64_t>(lines.size());
  auto pool =
      std::make_shared<Pool>(Pool{Tensor::Zeros(DType::kS32, {count, length}),
                                  Tensor(DType::kS32, {count})});
  int32_t* row = pool->features.data<int32_t>();
  int32_t* label = pool->labels.data<int32_t>();
  for (const LabelledLine& line : lines) {
    std::vector<int32_t> tokens = encode(line.text);
    tokens.resize(std::min(tokens.size(), static_cast<size_t>(length) - 2));
    row[0] = kBegin;
    int32_t* end = std::copy(tokens.begin(), tokens.end(), row + 1);
    *end = kEnd;
    row += length;
    *label++ = line.label;
  }
  return AllRows(std::move(pool));
}

}  // namespace

std::vector<OptionDoc> TextOptions() {
  return {{"tokens", "wp8192", "word pieces or bytes", {"wp8192", "bytes"}},
          {"length", "64", "tokens of a sample", {}, 4, 4096}};
}

std::unique_ptr<Dataset> MakeTextDataset(
    DatasetSpec spec, const DatasetOptions& resolved,
    const std::array<std::vector<LabelledLine>, 3>& lines) {
  const bool bytes = resolved.at("tokens") == "bytes";
  const int64_t length = IntOption(resolved, "length");
  const Encode encode =
      bytes ? Encode(EncodeBytes) : EncodeByWordPieces(lines[0]);
  spec.form = Form::kText;
  spec.dtype = DType::kS32;
  spec.sample_shape = {length};
  spec.vocabulary = bytes ? kBytes : kWordPieces;
  return MakeArrayDataset(
      std::move(spec),
      {MakeRows(lines[0], length, encode), MakeRows(lines[1], length, encode),
       MakeRows(lines[2], length, encode)});
}

}  // namespace assay
