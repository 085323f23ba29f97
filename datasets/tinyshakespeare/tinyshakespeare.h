// TinyShakespeare: 1,115,394 bytes of plays (char-rnn, Karpathy), a byte
// stream. The first 1,003,854 bytes train, the first half of the rest (55,770)
// is validation, the second half test. One token is one byte.
#ifndef ASSAY_DATASETS_TINYSHAKESPEARE_TINYSHAKESPEARE_H_
#define ASSAY_DATASETS_TINYSHAKESPEARE_TINYSHAKESPEARE_H_

#include "datasets/dataset_info.h"

namespace assay::datasets::tinyshakespeare {

const DatasetInfo& Info();

}  // namespace assay::datasets::tinyshakespeare

#endif  // ASSAY_DATASETS_TINYSHAKESPEARE_TINYSHAKESPEARE_H_
