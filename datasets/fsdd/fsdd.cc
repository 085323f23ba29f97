#include "datasets/fsdd/fsdd.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "datasets/array_dataset.h"
#include "datasets/audio/front_end.h"
#include "datasets/data_files.h"
#include "datasets/formats/format_error.h"
#include "datasets/formats/wav.h"
#include "harness/core/status_macros.h"

namespace assay::datasets::fsdd {
namespace {

constexpr char kFolder[] = "recordings/";
constexpr int64_t kRate = 8000;
constexpr int kTestIndices = 5;  // recordings 0 to 4
const char* const kSpeakers[] = {"george",  "jackson", "lucas",
                                 "nicolas", "theo",    "yweweler"};

// What a file name, DIGIT_SPEAKER_INDEX.wav, says.
struct Label {
  int digit = 0, index = 0;
  std::string speaker;
};

absl::StatusOr<Label> ParseName(absl::string_view name,
                                const std::string& path) {
  Label label;
  absl::string_view stem = name;
  const std::vector<std::string> parts =
      absl::ConsumeSuffix(&stem, ".wav")
          ? std::vector<std::string>(absl::StrSplit(stem, '_'))
          : std::vector<std::string>();
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &label.digit) ||
      label.digit < 0 || label.digit > 9 ||
      !absl::SimpleAtoi(parts[2], &label.index) || label.index < 0) {
    return absl::DataLossError(absl::StrCat(
        path, ": expected a name like 7_jackson_32.wav, got ", name));
  }
  label.speaker = parts[1];
  return label;
}

// All recordings as features, and what their names say.
struct Recordings {
  std::shared_ptr<const Pool> pool;
  std::vector<Label> labels;
};

absl::StatusOr<Recordings> Read(const DatasetArgs& args,
                                const FrontEnd& front_end,
                                std::vector<std::string>* digests) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<NamedBytes> files,
                         ReadDataFolder(Info(), args, kFolder, digests));
  Shape shape = front_end.shape();
  const auto elements = static_cast<size_t>(ElementCount(shape));
  const auto count = static_cast<int64_t>(files.size());
  shape.insert(shape.begin(), count);
  auto pool = std::make_shared<Pool>(
      Pool{Tensor(DType::kF32, shape), Tensor(DType::kS32, {count})});
  absl::Span<float> features = pool->features.span<float>();
  Recordings all;
  for (const NamedBytes& file : files) {
    const std::string path =
        PathOf(Info(), args.data_dir, absl::StrCat(kFolder, file.name));
    ASSAY_ASSIGN_OR_RETURN(Label label, ParseName(file.name, path));
    ASSAY_ASSIGN_OR_RETURN(const Wav wav, ParseWav(file.bytes, path));
    if (wav.rate != kRate) {
      return FormatError(path, 24, "8000 samples per second",
                         absl::StrCat(wav.rate));
    }
    const size_t row = all.labels.size();
    front_end.Extract(wav.samples, features.subspan(row * elements, elements));
    pool->labels.data<int32_t>()[row] = label.digit;
    all.labels.push_back(std::move(label));
  }
  all.pool = std::move(pool);
  return all;
}

// Rows that train (and validate), and rows that test.
struct Parts {
  std::vector<int64_t> rest, test;
};

Parts SplitBySpeaker(const std::vector<Label>& labels,
                     const std::string& holdout) {
  Parts parts;
  for (size_t row = 0; row < labels.size(); ++row) {
    const bool test = holdout == "none" ? labels[row].index < kTestIndices
                                        : labels[row].speaker == holdout;
    (test ? parts.test : parts.rest).push_back(static_cast<int64_t>(row));
  }
  return parts;
}

std::vector<int64_t> Pick(const std::vector<int64_t>& rows,
                          const std::vector<int64_t>& which) {
  std::vector<int64_t> picked;
  for (int64_t i : which) picked.push_back(rows[static_cast<size_t>(i)]);
  return picked;
}

absl::StatusOr<std::unique_ptr<Dataset>> Open(const DatasetArgs& args) {
  ASSAY_ASSIGN_OR_RETURN(
      const DatasetOptions options,
      ResolveOptions(Info().name, Info().options, args.options));
  const FrontEnd front_end(FrontEndFromOption(options, kRate));
  std::vector<std::string> digests;
  ASSAY_ASSIGN_OR_RETURN(const Recordings all, Read(args, front_end, &digests));
  const Parts parts = SplitBySpeaker(all.labels, options.at("holdout_speaker"));
  const auto rest = static_cast<int64_t>(parts.rest.size());
  if (rest < 10 || parts.test.empty()) {
    return absl::DataLossError(
        absl::StrCat(PathOf(Info(), args.data_dir, kFolder),
                     ": expected recordings to "
                     "train (10 or more) and to test (1 or more), got ",
                     rest, " and ", parts.test.size()));
  }
  const Carved carved = CarveValidation(rest, rest / 10);

  DatasetSpec spec;
  spec.name = Info().name;
  spec.domain = Info().domain;
  spec.form = Form::kAudio;
  spec.sample_shape = front_end.shape();
  spec.classes = 10;
  spec.class_names = {"zero", "one", "two",   "three", "four",
                      "five", "six", "seven", "eight", "nine"};
  spec.fingerprint = Fingerprint(spec.name, options, digests);
  Rows train{all.pool, Pick(parts.rest, carved.train)};
  MeasureChannels(train, &spec);
  return MakeArrayDataset(
      std::move(spec),
      {std::move(train), Rows{all.pool, Pick(parts.rest, carved.validation)},
       Rows{all.pool, parts.test}});
}

DatasetInfo MakeInfo() {
  DatasetInfo info;
  info.name = "fsdd";
  info.domain = Domain::kSpeech;
  info.summary = "spoken digits of six speakers, 8 kHz, 10 classes";
  info.licence = "CC BY-SA 4.0";
  info.folder = "fsdd";
  info.files = {
      {kFolder, 21128848,
       "1801eae019c063377d98f831d3f93574f259475df7332bb0e3d1b080fb5e69"
       "59",
       ""}};
  info.archive = {
      "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/"
      "26eb9aaf76e81b692f806f9140c2d2777410d7a1.tar.gz",
      "", 100 << 20,
      "free-spoken-digit-dataset-26eb9aaf76e81b692f806f9140c2d2777410d7a1/"
      "recordings/",
      kFolder};
  OptionDoc holdout = {"holdout_speaker",
                       "none",
                       "the speaker whose recordings are the test split",
                       {"none"}};
  holdout.choices.insert(holdout.choices.end(), std::begin(kSpeakers),
                         std::end(kSpeakers));
  info.options = {FrontEndOption(), holdout};
  info.open = Open;
  return info;
}

}  // namespace

const DatasetInfo& Info() {
  static const auto* const info = new DatasetInfo(MakeInfo());
  return *info;
}

}  // namespace assay::datasets::fsdd
