#include "datasets/formats/labelled_lines.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "datasets/formats/format_error.h"

namespace assay {

absl::StatusOr<std::vector<LabelledLine>> ParseLabelledLines(
    absl::string_view bytes, int classes, absl::string_view path) {
  std::vector<LabelledLine> lines;
  size_t at = 0;
  while (at < bytes.size()) {
    const absl::string_view line = bytes.substr(at, bytes.find('\n', at) - at);
    const size_t tab = line.find('\t');
    const std::string where = absl::StrCat(" in line ", lines.size() + 1);
    if (tab == absl::string_view::npos) {
      return FormatError(path, at + line.size(), absl::StrCat("a tab", where),
                         "the end of the line");
    }
    const absl::string_view label = line.substr(tab + 1);
    if (label.size() != 1 || label[0] < '0' || label[0] >= '0' + classes) {
      return FormatError(
          path, at + tab + 1,
          absl::StrCat("a label from 0 to ", classes - 1, where),
          absl::StrCat("\"", absl::CHexEscape(label.substr(0, 20)), "\""));
    }
    lines.push_back({line.substr(0, tab), label[0] - '0'});
    at += line.size() + 1;
  }
  if (lines.empty()) {
    return FormatError(path, 0, "a line", "the end of the file");
  }
  return lines;
}

}  // namespace assay
