#include "datasets/token_dataset.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

class TokenDataset final : public Dataset {
 public:
  TokenDataset(DatasetSpec spec, std::array<std::string, 3> streams)
      : Dataset(std::move(spec)),
        window_(this->spec().sample_shape[0]),
        streams_(std::move(streams)) {}

  int64_t size(Split split) const override {
    return std::max<int64_t>(
        0, static_cast<int64_t>(stream(split).size()) - window_);
  }

  void ForgetTest() override {
    std::string& test = streams_[static_cast<size_t>(Split::kTest)];
    std::fill(test.begin(), test.end(), '\0');
    test.clear();
  }

 private:
  const std::string& stream(Split split) const {
    return streams_[static_cast<size_t>(split)];
  }

  void Sample(Split split, int64_t index, void* features,
              int32_t* label) const override {
    const char* bytes = stream(split).data() + index;
    int32_t* tokens = static_cast<int32_t*>(features);
    for (int64_t i = 0; i < window_; ++i) {
      tokens[i] = static_cast<unsigned char>(bytes[i]);
      label[i] = static_cast<unsigned char>(bytes[i + 1]);
    }
  }

  const int64_t window_;
  std::array<std::string, 3> streams_;
};

}  // namespace

OptionDoc WindowOption() {
  return {"window", "128", "tokens in a window", {}, 1, 1 << 16};
}

absl::StatusOr<std::unique_ptr<Dataset>> MakeTokenDataset(
    DatasetSpec spec, int64_t window, std::array<std::string, 3> streams) {
  for (Split split : kSplits) {
    const size_t size = streams[static_cast<size_t>(split)].size();
    if (size <= static_cast<size_t>(window)) {
      return absl::DataLossError(
          absl::StrCat(spec.name, ": split ", Name(split), " has ", size,
                       " bytes; expected more than the window of ", window));
    }
  }
  spec.form = Form::kStream;
  spec.dtype = DType::kS32;
  spec.sample_shape = spec.label_shape = {window};
  spec.classes = spec.vocabulary = 256;
  return std::make_unique<TokenDataset>(std::move(spec), std::move(streams));
}

int64_t CountWords(absl::string_view text) {
  int64_t words = 0;
  bool inside = false;
  for (char c : text) {
    if (c == ' ' || c == '\n') {
      inside = false;
      if (c == '\n') ++words;
    } else if (!inside) {
      inside = true;
      ++words;
    }
  }
  return words;
}

}  // namespace assay
