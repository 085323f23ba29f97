#include "datasets/cifar10/cifar10.h"

#include <cstring>
#include <future>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "datasets/array_dataset.h"
#include "datasets/data_files.h"
#include "datasets/formats/format_error.h"
#include "harness/core/status_macros.h"

namespace assay::datasets::cifar10 {
namespace {

// A record is one label byte, then the red, green and blue planes of 32 x 32.
constexpr size_t kPixels = 3 * 32 * 32;
constexpr size_t kRecord = 1 + kPixels;
constexpr int64_t kClasses = 10;
constexpr char kFolder[] = "cifar-10-batches-bin/";

struct Records {
  std::string path, bytes, digest;
  int64_t count() const { return static_cast<int64_t>(bytes.size() / kRecord); }
};

absl::StatusOr<Records> ReadRecords(const DatasetArgs& args,
                                    const std::string& name) {
  const std::string file = absl::StrCat(kFolder, name, ".bin");
  Records records;
  records.path = PathOf(Info(), args.data_dir, file);
  std::vector<std::string> digests;
  ASSAY_ASSIGN_OR_RETURN(records.bytes,
                         ReadDataFile(Info(), args, file, &digests));
  records.digest = std::move(digests.front());
  const size_t rest = records.bytes.size() % kRecord;
  if (records.bytes.empty() || rest != 0) {
    return FormatError(records.path, records.bytes.size(),
                       absl::StrCat("whole records of ", kRecord, " bytes"),
                       absl::StrCat(rest, " bytes of one"));
  }
  return records;
}

// Copies records to rows [row, row + records.count()) of the pool.
absl::Status Unpack(const Records& records, int64_t row, Pool* pool) {
  uint8_t* pixels =
      pool->features.data<uint8_t>() + row * static_cast<int64_t>(kPixels);
  int32_t* label = pool->labels.data<int32_t>() + row;
  for (size_t at = 0; at < records.bytes.size(); at += kRecord) {
    *label = static_cast<unsigned char>(records.bytes[at]);
    if (*label >= kClasses) {
      return FormatError(records.path, at, "a label below 10",
                         absl::StrCat(*label));
    }
    std::memcpy(pixels, &records.bytes[at + 1], kPixels);
    pixels += kPixels;
    ++label;
  }
  return absl::OkStatus();
}

// All files at once: most of the time goes into their SHA-256.
absl::StatusOr<std::vector<Records>> ReadFiles(
    const DatasetArgs& args, const std::vector<std::string>& names) {
  std::vector<std::future<absl::StatusOr<Records>>> readers;
  for (const std::string& name : names) {
    readers.push_back(std::async(std::launch::async,
                                 [&] { return ReadRecords(args, name); }));
  }
  std::vector<Records> files;
  absl::Status status;
  for (auto& reader : readers) {
    absl::StatusOr<Records> records = reader.get();
    status.Update(records.status());
    if (status.ok()) files.push_back(*std::move(records));
  }
  if (!status.ok()) return status;
  return files;
}

absl::StatusOr<std::shared_ptr<const Pool>> MakePool(
    absl::Span<const Records> files) {
  int64_t count = 0;
  for (const Records& records : files) count += records.count();
  auto pool = std::make_shared<Pool>(Pool{
      Tensor(DType::kU8, {count, 3, 32, 32}), Tensor(DType::kS32, {count})});
  int64_t row = 0;
  for (const Records& records : files) {
    ASSAY_RETURN_IF_ERROR(Unpack(records, row, pool.get()));
    row += records.count();
  }
  return pool;
}

absl::StatusOr<std::unique_ptr<Dataset>> Open(const DatasetArgs& args) {
  ASSAY_ASSIGN_OR_RETURN(
      const DatasetOptions options,
      ResolveOptions(Info().name, Info().options, args.options));
  ASSAY_ASSIGN_OR_RETURN(
      const std::vector<Records> files,
      ReadFiles(args, {"data_batch_1", "data_batch_2", "data_batch_3",
                       "data_batch_4", "data_batch_5", "test_batch"}));
  const absl::Span<const Records> all = files;
  ASSAY_ASSIGN_OR_RETURN(const std::shared_ptr<const Pool> train,
                         MakePool(all.first(all.size() - 1)));
  ASSAY_ASSIGN_OR_RETURN(const std::shared_ptr<const Pool> test,
                         MakePool(all.last(1)));
  std::vector<std::string> digests;
  for (const Records& records : files) digests.push_back(records.digest);
  DatasetSpec spec;
  spec.name = Info().name;
  spec.domain = Info().domain;
  spec.form = Form::kImage;
  spec.sample_shape = {3, 32, 32};
  spec.classes = kClasses;
  spec.class_names = {"airplane", "automobile", "bird",  "cat",  "deer",
                      "dog",      "frog",       "horse", "ship", "truck"};
  spec.fingerprint = Fingerprint(spec.name, options, digests);
  const int64_t n = train->labels.size();
  Carved carved = CarveValidation(n, n / 10);
  Rows rows{train, std::move(carved.train)};
  MeasureChannels(rows, &spec);
  return MakeArrayDataset(
      std::move(spec),
      {std::move(rows), Rows{train, std::move(carved.validation)},
       AllRows(test)});
}

DataFile Batch(absl::string_view name, absl::string_view sha256) {
  return {absl::StrCat(kFolder, name, ".bin"), 30730000, std::string(sha256),
          ""};
}

DatasetInfo MakeInfo() {
  DatasetInfo info;
  info.name = "cifar10";
  info.domain = Domain::kVision;
  info.summary = "photographs, 32 x 32 RGB, 10 classes";
  info.licence = "none stated; published for research, citation requested";
  info.folder = "cifar-10";
  info.files = {Batch("data_batch_1",
                      "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874"
                      "d45b261883ada5"),
                Batch("data_batch_2",
                      "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f"
                      "51ada8b3fa57ed"),
                Batch("data_batch_3",
                      "bbe8596564c0f86427f876058170b84dac6670ddf06d794028"
                      "99d93ceea26f67"),
                Batch("data_batch_4",
                      "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a0"
                      "9d710285ff4e48"),
                Batch("data_batch_5",
                      "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029"
                      "a08a39453a9add"),
                Batch("test_batch",
                      "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab676"
                      "8acf480273f65b")};
  info.archive = {"https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                  "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bc"
                  "a1dd",
                  170052171, kFolder, kFolder};
  info.open = Open;
  return info;
}

}  // namespace

const DatasetInfo& Info() {
  static const auto* const info = new DatasetInfo(MakeInfo());
  return *info;
}

}  // namespace assay::datasets::cifar10
