// What MNIST and the data sets made in its image share: four IDX.gz files.
#ifndef ASSAY_DATASETS_IDX_IMAGES_IDX_IMAGES_H_
#define ASSAY_DATASETS_IDX_IMAGES_IDX_IMAGES_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "datasets/dataset_info.h"

namespace assay {

// Opens {train,t10k}-{images-idx3,labels-idx1}-ubyte.gz of `info`: grey images
// of one size, f32 [1, height, width] in [0, 1], a class below class_names'
// size for each. The t10k files are the test split; validation is a tenth of
// the train files by CarveValidation().
//
// DATA_LOSS: besides what DatasetInfo::open says, images and labels that differ
// in number, images larger than 1024 x 1024, a label that is no class.
absl::StatusOr<std::unique_ptr<Dataset>> OpenIdxImages(
    const DatasetInfo& info, const DatasetArgs& args,
    std::vector<std::string> class_names);

}  // namespace assay

#endif  // ASSAY_DATASETS_IDX_IMAGES_IDX_IMAGES_H_
