#include "harness/cli/verification_table.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace assay {
namespace {

// The first digits of a hash tell it apart.
std::string Shortened(const std::string& value) {
  const bool hash =
      value.size() == 64 && std::all_of(value.begin(), value.end(), [](char c) {
        return absl::ascii_isxdigit(static_cast<unsigned char>(c));
      });
  return hash ? value.substr(0, 12) : value;
}

}  // namespace

std::string VerificationText(const Verification& verification, Format format,
                             bool all) {
  const bool text = format == Format::kText;
  Table table({"agreement", "part", "what", "first", "second", "note"});
  size_t shown = 0;
  const auto add = [&](const char* part, const std::vector<VerifyRow>& rows) {
    for (const VerifyRow& row : rows) {
      if (text && !all && row.agreement == Agreement::kEqual) continue;
      ++shown;
      table.Add({AgreementName(row.agreement), part, row.what,
                 text ? Shortened(row.first) : row.first,
                 text ? Shortened(row.second) : row.second, row.note});
    }
  };
  add("input", verification.inputs);
  add("result", verification.results);
  if (!text) return table.Render(format);
  return absl::StrCat(
      shown > 0 ? table.Render(format) + "\n" : "",
      "results: ", verification.Count(Agreement::kEqual), " equal to the bit, ",
      verification.Count(Agreement::kWithin), " the same within the margin, ",
      verification.Count(Agreement::kOpen), " open, ",
      verification.Count(Agreement::kDiffers), " different\n");
}

}  // namespace assay
