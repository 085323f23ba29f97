#include "datasets/syllables/syllables.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "datasets/array_dataset.h"
#include "datasets/audio/front_end.h"
#include "datasets/data_files.h"
#include "datasets/syllables/synthesis.h"
#include "harness/core/random.h"
#include "harness/core/status_macros.h"

namespace assay::datasets::syllables {
namespace {

constexpr uint64_t kSeed = 1;
constexpr int64_t kCounts[] = {2000, 400, 1000};

Rows Generate(Split split, const FrontEnd& front_end) {
  const int64_t count = kCounts[static_cast<size_t>(split)];
  Shape shape = front_end.shape();
  const auto elements = static_cast<size_t>(ElementCount(shape));
  shape.insert(shape.begin(), count);
  auto pool = std::make_shared<Pool>(
      Pool{Tensor(DType::kF32, shape), Tensor(DType::kS32, {count})});
  RandomStream stream(kSeed, absl::StrCat("syllables/", Name(split)));
  absl::Span<float> features = pool->features.span<float>();
  for (int64_t i = 0; i < count; ++i) {
    const int label = static_cast<int>(i % kClasses);
    pool->labels.data<int32_t>()[i] = label;
    front_end.Extract(
        Synthesise(label, stream),
        features.subspan(static_cast<size_t>(i) * elements, elements));
  }
  return AllRows(std::move(pool));
}

absl::StatusOr<std::unique_ptr<Dataset>> Open(const DatasetArgs& args) {
  ASSAY_ASSIGN_OR_RETURN(
      const DatasetOptions options,
      ResolveOptions(Info().name, Info().options, args.options));
  const FrontEnd front_end(FrontEndFromOption(options, kRate));
  DatasetSpec spec;
  spec.name = Info().name;
  spec.domain = Info().domain;
  spec.form = Form::kAudio;
  spec.sample_shape = front_end.shape();
  spec.classes = kClasses;
  spec.class_names.assign(kClassNames.begin(), kClassNames.end());
  // Raise the revision whenever the sounds or the front end change.
  spec.fingerprint = Fingerprint(spec.name, options, {"revision 1"});
  std::array<Rows, 3> splits =
      GenerateSplits([&](Split split) { return Generate(split, front_end); });
  MeasureChannels(splits[static_cast<size_t>(Split::kTrain)], &spec);
  return MakeArrayDataset(std::move(spec), std::move(splits));
}

DatasetInfo MakeInfo() {
  DatasetInfo info;
  info.name = "syllables";
  info.domain = Domain::kSpeech;
  info.summary = "synthesised syllables, 8 kHz, 10 classes, embedded";
  info.licence = "same as this project";
  info.options = {FrontEndOption()};
  info.open = Open;
  return info;
}

}  // namespace

const DatasetInfo& Info() {
  static const auto* const info = new DatasetInfo(MakeInfo());
  return *info;
}

}  // namespace assay::datasets::syllables
