// A data set in memory, in three splits: what tasks draw samples from.
#ifndef ASSAY_DATASETS_DATASET_H_
#define ASSAY_DATASETS_DATASET_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "harness/core/dtype.h"
#include "harness/core/shape.h"
#include "harness/core/tensor.h"

namespace assay {

// Methods see kTrain and kValidation. kTest is for scoring alone.
enum class Split : uint8_t { kTrain, kValidation, kTest };
inline constexpr std::array<Split, 3> kSplits = {
    Split::kTrain, Split::kValidation, Split::kTest};

enum class Domain : uint8_t { kVision, kSpeech, kLanguage };

// What one sample is, and what its label is.
enum class Form : uint8_t {
  kImage,   // f32 [channels, height, width] in [0, 1]; a class
  kAudio,   // f32 [1, frames, bands], spectral features; a class
  kText,    // s32 [length] tokens, 0 pads the end; a class
  kStream,  // s32 [window] tokens; the next token at each position
};

// "train", "validation", "test" / "vision", "speech", "language" / "image", ...
absl::string_view Name(Split split);
absl::string_view Name(Domain domain);
absl::string_view Name(Form form);

struct DatasetSpec {
  std::string name;  // as in the registry
  Domain domain = Domain::kVision;
  Form form = Form::kImage;
  DType dtype = DType::kF32;  // of features
  Shape sample_shape;         // of one sample's features
  Shape label_shape;    // of one sample's label: [], or [window] (kStream)
  int64_t classes = 0;  // labels are s32 in [0, classes)
  std::vector<std::string> class_names;  // empty for kStream

  int64_t vocabulary = 0;  // kText, kStream: tokens are in [0, vocabulary)
  // kStream: words in each split, for perplexity per word; 0 where the text
  // has no agreed count.
  std::array<int64_t, 3> words = {0, 0, 0};

  // kImage, kAudio: of the training samples, one value per channel, for tasks
  // that standardise. Features themselves are not standardised.
  std::vector<float> mean, stddev;

  // 64 hexadecimal digits that change with the content: files, options, split
  // rules, front end. Caches of trained networks use it as a key.
  std::string fingerprint;
};

// Thread-safe: nothing changes after opening, but for ForgetTest and Relabel.
class Dataset {
 public:
  explicit Dataset(DatasetSpec spec) : spec_(std::move(spec)) {}
  virtual ~Dataset() = default;
  Dataset(const Dataset&) = delete;
  Dataset& operator=(const Dataset&) = delete;

  const DatasetSpec& spec() const { return spec_; }

  // Samples in `split`. A stream of n tokens has n - window of them: sample i
  // is the window that starts at token i.
  virtual int64_t size(Split split) const = 0;

  // Overwrites the test split in memory and leaves it empty: for a process that
  // goes on to hold foreign code. Nobody else may use the data set meanwhile.
  virtual void ForgetTest() = 0;

  // Class c is called order[c] from now on, in labels and names: the same data
  // as another data set would have them. `order` is a permutation of the
  // classes, over the names as they are; labels of one class per sample only
  // (both asserted). Nobody else may use the data set meanwhile.
  void Relabel(absl::Span<const int32_t> order);

  // Gathers samples: `features` becomes [indices, sample_shape...] and `labels`
  // s32 [indices, label_shape...]. A tensor that has this type and shape
  // already is overwritten in place (its other handles see it); any other is
  // replaced. OUT_OF_RANGE, tensors untouched, names the first bad index.
  absl::Status Batch(Split split, absl::Span<const int64_t> indices,
                     Tensor* features, Tensor* labels) const;

 private:
  // Writes one sample; `index` is in range.
  virtual void Sample(Split split, int64_t index, void* features,
                      int32_t* label) const = 0;

  DatasetSpec spec_;
  std::vector<int32_t> names_;  // of the classes as they were; empty: the same
};

// Tokens before the padding of each row: s32 [N] of s32 [N, length].
Tensor TokenLengths(const Tensor& tokens);

}  // namespace assay

#endif  // ASSAY_DATASETS_DATASET_H_
