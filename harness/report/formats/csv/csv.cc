#include "harness/report/formats/csv/csv.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "harness/report/formats/flat_row.h"

namespace assay::formats::csv {
namespace {

// RFC 4180: quotes around what holds a comma, a quote or a line end.
std::string Quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

std::string Cell(const FlatCell& cell) {
  if (cell.kind == FlatCell::kNumber) return PlainNumber(cell.number);
  return Quoted(cell.text);
}

template <typename Rows>
std::string Table(const Rows& rows) {
  std::string titles, out;
  for (const auto& row : rows) {
    std::string line;
    titles.clear();
    for (const FlatCell& cell : FlatRow(row)) {
      const char* comma = titles.empty() ? "" : ",";
      absl::StrAppend(&titles, comma, cell.name);
      absl::StrAppend(&line, comma, Cell(cell));
    }
    absl::StrAppend(&out, line, "\n");
  }
  return titles.empty() ? "" : absl::StrCat(titles, "\n", out);
}

absl::StatusOr<std::string> Many(absl::Span<const Report> reports) {
  return Table(Summarise(reports));
}

absl::StatusOr<std::string> One(const Report& report) {
  return Many(absl::MakeSpan(&report, 1));
}

absl::StatusOr<std::string> Compared(const Comparison& comparison) {
  return Table(comparison.changes);
}

}  // namespace

const ReportFormat& Format() {
  static constexpr ReportFormat kFormat = {
      "csv", "one line per network and timing, plain numbers", One, Many,
      Compared};
  return kFormat;
}

}  // namespace assay::formats::csv
