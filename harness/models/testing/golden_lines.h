// Files of PyTorch's figures: lines of words, by network.
#ifndef ASSAY_HARNESS_MODELS_TESTING_GOLDEN_LINES_H_
#define ASSAY_HARNESS_MODELS_TESTING_GOLDEN_LINES_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace assay {

// "network NAME", then lines "KIND WORD ..." until the next; # begins a
// comment. `take` gets each of the latter with its network.
absl::Status ReadGoldenLines(
    absl::string_view file,  // in testdata/
    const std::function<void(const std::string& network,
                             absl::Span<const std::string> words)>& take);

// Words from `first` on as numbers; NaN where one is none.
std::vector<double> NumbersOf(absl::Span<const std::string> words,
                              size_t first);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_TESTING_GOLDEN_LINES_H_
