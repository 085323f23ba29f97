#include "harness/models/testing/golden_lines.h"

#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"

namespace assay {

absl::Status ReadGoldenLines(
    absl::string_view file,
    const std::function<void(const std::string& network,
                             absl::Span<const std::string> words)>& take) {
  ASSAY_ASSIGN_OR_RETURN(
      const std::string text,
      ReadFile(absl::StrCat("harness/models/testing/testdata/", file)));
  std::string network;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<std::string> words =
        absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (words.empty() || words[0] == "#") continue;
    if (words[0] == "network") {
      network = words.back();
    } else {
      take(network, words);
    }
  }
  return absl::OkStatus();
}

std::vector<double> NumbersOf(absl::Span<const std::string> words,
                              size_t first) {
  std::vector<double> numbers;
  for (size_t i = first; i < words.size(); ++i) {
    double number = NAN;
    if (!absl::SimpleAtod(words[i], &number)) number = NAN;
    numbers.push_back(number);
  }
  return numbers;
}

}  // namespace assay
