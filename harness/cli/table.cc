#include "harness/cli/table.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "harness/report/formats/text_table.h"

namespace assay {

absl::StatusOr<Format> ParseFormat(absl::string_view name) {
  if (name == "text") return Format::kText;
  if (name == "json") return Format::kJson;
  return absl::InvalidArgumentError(
      absl::StrCat("--format expects text or json, got '", name, "'"));
}

std::string Table::Render(Format format) const {
  return format == Format::kText ? Text() : Json();
}

std::string Table::Text() const {
  std::vector<TextColumn> columns;
  for (const std::string& title : header_) columns.push_back({title});
  TextTable table(columns);
  for (const auto& row : rows_) table.Add(row);
  return table.Text();
}

std::string Table::Json() const {
  std::vector<std::string> objects;
  for (const auto& row : rows_) {
    std::vector<std::string> fields;
    for (size_t i = 0; i < row.size(); ++i) {
      fields.push_back(
          absl::StrCat(JsonString(header_[i]), ": ", JsonString(row[i])));
    }
    objects.push_back(absl::StrCat("  {", absl::StrJoin(fields, ", "), "}"));
  }
  if (objects.empty()) return "[]\n";
  return absl::StrCat("[\n", absl::StrJoin(objects, ",\n"), "\n]\n");
}

std::string JsonString(absl::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      absl::StrAppend(&out, "\\", std::string(1, c));
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned char>(c));
    } else {
      out.push_back(c);
    }
  }
  return absl::StrCat(out, "\"");
}

}  // namespace assay
