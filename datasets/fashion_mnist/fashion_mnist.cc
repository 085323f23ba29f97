#include "datasets/fashion_mnist/fashion_mnist.h"

#include "datasets/idx_images/idx_images.h"

namespace assay::datasets::fashion_mnist {
namespace {

absl::StatusOr<std::unique_ptr<Dataset>> Open(const DatasetArgs& args) {
  return OpenIdxImages(Info(), args,
                       {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                        "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"});
}

DatasetInfo MakeInfo() {
  DatasetInfo info;
  info.name = "fashion_mnist";
  info.domain = Domain::kVision;
  info.summary = "articles of clothing, 28 x 28 grey, 10 classes";
  info.licence = "MIT";
  info.folder = "fashion-mnist";
  info.files = {
      {"train-images-idx3-ubyte.gz", 26421880,
       "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
       "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
       "train-images-idx3-ubyte.gz"},
      {"train-labels-idx1-ubyte.gz", 29515,
       "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
       "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
       "train-labels-idx1-ubyte.gz"},
      {"t10k-images-idx3-ubyte.gz", 4422102,
       "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
       "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
       "t10k-images-idx3-ubyte.gz"},
      {"t10k-labels-idx1-ubyte.gz", 5148,
       "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
       "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
       "t10k-labels-idx1-ubyte.gz"}};
  info.open = Open;
  return info;
}

}  // namespace

const DatasetInfo& Info() {
  static const auto* const info = new DatasetInfo(MakeInfo());
  return *info;
}

}  // namespace assay::datasets::fashion_mnist
