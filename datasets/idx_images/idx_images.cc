#include "datasets/idx_images/idx_images.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "datasets/array_dataset.h"
#include "datasets/data_files.h"
#include "datasets/formats/format_error.h"
#include "datasets/formats/gzip.h"
#include "datasets/formats/idx.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

constexpr int64_t kMostExtent = 1024;
constexpr size_t kMostBytes = size_t{1} << 30;

// The content of one file and the IDX in it, which points into the content.
struct Content {
  std::string bytes;
  Idx idx;
};

absl::StatusOr<Content> Read(const DatasetInfo& info, const DatasetArgs& args,
                             const std::string& file, int rank,
                             std::vector<std::string>* digests) {
  ASSAY_ASSIGN_OR_RETURN(const std::string packed,
                         ReadDataFile(info, args, file, digests));
  const std::string path = PathOf(info, args.data_dir, file);
  Content content;
  ASSAY_ASSIGN_OR_RETURN(content.bytes, Gunzip(packed, kMostBytes, path));
  ASSAY_ASSIGN_OR_RETURN(content.idx, ParseIdx(content.bytes, rank, path));
  return content;
}

absl::StatusOr<std::shared_ptr<const Pool>> ReadPool(
    const DatasetInfo& info, const DatasetArgs& args, const std::string& part,
    int64_t classes, std::vector<std::string>* digests) {
  const std::string image_file = part + "-images-idx3-ubyte.gz";
  const std::string label_file = part + "-labels-idx1-ubyte.gz";
  ASSAY_ASSIGN_OR_RETURN(const Content images,
                         Read(info, args, image_file, 3, digests));
  ASSAY_ASSIGN_OR_RETURN(const Content labels,
                         Read(info, args, label_file, 1, digests));
  const Shape& shape = images.idx.shape;
  if (shape[1] > kMostExtent || shape[2] > kMostExtent) {
    return FormatError(PathOf(info, args.data_dir, image_file), 8,
                       "images up to 1024 x 1024", ToString(shape));
  }
  if (shape[0] == 0 || labels.idx.shape[0] != shape[0]) {
    return FormatError(PathOf(info, args.data_dir, label_file), 4,
                       absl::StrCat("labels of ", shape[0], " images"),
                       absl::StrCat(labels.idx.shape[0]));
  }
  auto pool = std::make_shared<Pool>();
  pool->features = Tensor(DType::kU8, {shape[0], 1, shape[1], shape[2]});
  if (!images.idx.data.empty()) {
    std::memcpy(pool->features.raw(), images.idx.data.data(),
                images.idx.data.size());
  }
  pool->labels = Tensor(DType::kS32, {shape[0]});
  for (size_t i = 0; i < labels.idx.data.size(); ++i) {
    const auto label = static_cast<unsigned char>(labels.idx.data[i]);
    if (label >= classes) {
      return FormatError(PathOf(info, args.data_dir, label_file), 8 + i,
                         absl::StrCat("a label below ", classes),
                         absl::StrCat(label));
    }
    pool->labels.data<int32_t>()[i] = label;
  }
  return pool;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Dataset>> OpenIdxImages(
    const DatasetInfo& info, const DatasetArgs& args,
    std::vector<std::string> class_names) {
  ASSAY_ASSIGN_OR_RETURN(const DatasetOptions options,
                         ResolveOptions(info.name, info.options, args.options));
  const auto classes = static_cast<int64_t>(class_names.size());
  std::vector<std::string> digests;
  ASSAY_ASSIGN_OR_RETURN(const std::shared_ptr<const Pool> train,
                         ReadPool(info, args, "train", classes, &digests));
  ASSAY_ASSIGN_OR_RETURN(const std::shared_ptr<const Pool> test,
                         ReadPool(info, args, "t10k", classes, &digests));
  DatasetSpec spec;
  spec.name = info.name;
  spec.domain = info.domain;
  spec.form = Form::kImage;
  spec.sample_shape = {1, train->features.dim(2), train->features.dim(3)};
  if (Shape{test->features.dim(2), test->features.dim(3)} !=
      Shape{train->features.dim(2), train->features.dim(3)}) {
    return FormatError(PathOf(info, args.data_dir, "t10k-images-idx3-ubyte.gz"),
                       8, "images as in training",
                       ToString(test->features.shape()));
  }
  spec.classes = classes;
  spec.class_names = std::move(class_names);
  spec.fingerprint = Fingerprint(info.name, options, digests);
  const int64_t n = train->labels.size();
  Carved carved = CarveValidation(n, n / 10);
  Rows rows{train, std::move(carved.train)};
  MeasureChannels(rows, &spec);
  return MakeArrayDataset(
      std::move(spec),
      {std::move(rows), Rows{train, std::move(carved.validation)},
       AllRows(test)});
}

}  // namespace assay
