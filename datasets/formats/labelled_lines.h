// Text classification as tab-separated lines: sentence TAB label.
#ifndef ASSAY_DATASETS_FORMATS_LABELLED_LINES_H_
#define ASSAY_DATASETS_FORMATS_LABELLED_LINES_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assay {

struct LabelledLine {
  absl::string_view text;  // into the bytes given
  int32_t label = 0;
};

// One sample for each line; the last newline may be missing. There is no
// header. A line is text, one tab, and a label that is one digit below
// `classes` (at most 10).
//
// DATA_LOSS names offset and line: no tab, a second tab, another label, an
// empty file.
absl::StatusOr<std::vector<LabelledLine>> ParseLabelledLines(
    absl::string_view bytes, int classes, absl::string_view path);

}  // namespace assay

#endif  // ASSAY_DATASETS_FORMATS_LABELLED_LINES_H_
