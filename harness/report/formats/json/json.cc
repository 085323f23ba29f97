#include "harness/report/formats/json/json.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/report/formats/flat_row.h"
#include "harness/report/report_file.h"

namespace assay::formats::json {
namespace {

std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      absl::StrAppend(&out, "\\", std::string(1, c));
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&out, "\\u%04x", c);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string Value(const FlatCell& cell) {
  switch (cell.kind) {
    case FlatCell::kNumber:
      return PlainNumber(cell.number);
    case FlatCell::kText:
      return Quoted(cell.text);
    case FlatCell::kNothing:
      break;
  }
  return "null";
}

template <typename Rows>
std::string Array(const Rows& rows) {
  std::string out = "[";
  const char* comma = "\n";
  for (const auto& row : rows) {
    absl::StrAppend(&out, comma, "  {");
    const char* inner = "";
    for (const FlatCell& cell : FlatRow(row)) {
      absl::StrAppend(&out, inner, "\"", cell.name, "\": ", Value(cell));
      inner = ", ";
    }
    absl::StrAppend(&out, "}");
    comma = ",\n";
  }
  return out + "\n]";
}

std::string Strings(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    absl::StrAppend(&out, out.size() > 1 ? ", " : "", Quoted(text));
  }
  return out + "]";
}

absl::StatusOr<std::string> One(const Report& report) {
  return EncodeReport(report, ReportEncoding::kJson);
}

absl::StatusOr<std::string> Many(absl::Span<const Report> reports) {
  return absl::StrCat(Array(Summarise(reports)), "\n");
}

absl::StatusOr<std::string> Compared(const Comparison& comparison) {
  return absl::StrCat(
      "{\"exit_code\": ", comparison.ExitCode(),
      ", \"matched\": ", comparison.matched,
      ",\n\"only_in_baseline\": ", Strings(comparison.only_in_baseline),
      ",\n\"only_in_new\": ", Strings(comparison.only_in_new),
      ",\n\"changes\": ", Array(comparison.changes), "}\n");
}

}  // namespace

const ReportFormat& Format() {
  static constexpr ReportFormat kFormat = {
      "json", "all of one report, or rows of plain numbers", One, Many,
      Compared};
  return kFormat;
}

}  // namespace assay::formats::json
