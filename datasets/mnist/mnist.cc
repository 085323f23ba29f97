#include "datasets/mnist/mnist.h"

#include "datasets/idx_images/idx_images.h"

namespace assay::datasets::mnist {
namespace {

absl::StatusOr<std::unique_ptr<Dataset>> Open(const DatasetArgs& args) {
  return OpenIdxImages(Info(), args,
                       {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
}

DatasetInfo MakeInfo() {
  DatasetInfo info;
  info.name = "mnist";
  info.domain = Domain::kVision;
  info.summary = "handwritten digits, 28 x 28 grey, 10 classes";
  info.licence = "CC BY-SA 3.0";
  info.folder = "mnist";
  info.files = {
      {"train-images-idx3-ubyte.gz", 9912422,
       "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
       "https://ossci-datasets.s3.amazonaws.com/mnist/"
       "train-images-idx3-ubyte.gz"},
      {"train-labels-idx1-ubyte.gz", 28881,
       "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
       "https://ossci-datasets.s3.amazonaws.com/mnist/"
       "train-labels-idx1-ubyte.gz"},
      {"t10k-images-idx3-ubyte.gz", 1648877,
       "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
       "https://ossci-datasets.s3.amazonaws.com/mnist/"
       "t10k-images-idx3-ubyte.gz"},
      {"t10k-labels-idx1-ubyte.gz", 4542,
       "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
       "https://ossci-datasets.s3.amazonaws.com/mnist/"
       "t10k-labels-idx1-ubyte.gz"}};
  info.open = Open;
  return info;
}

}  // namespace

const DatasetInfo& Info() {
  static const auto* const info = new DatasetInfo(MakeInfo());
  return *info;
}

}  // namespace assay::datasets::mnist
