// Columns of text, aligned.
#ifndef ASSAY_HARNESS_REPORT_FORMATS_TEXT_TABLE_H_
#define ASSAY_HARNESS_REPORT_FORMATS_TEXT_TABLE_H_

#include <string>
#include <vector>

namespace assay {

struct TextColumn {
  std::string title;
  bool right = false;  // numbers
};

class TextTable {
 public:
  explicit TextTable(std::vector<TextColumn> columns)
      : columns_(std::move(columns)) {}

  // Missing cells at the end are empty.
  void Add(std::vector<std::string> cells);
  // A line across the table before the next row.
  void AddRule() { rules_.push_back(rows_.size()); }
  bool empty() const { return rows_.empty(); }

  // Titles, rows; two blanks between columns, `indent` before. Columns that are
  // empty in every row are left out.
  std::string Text(int indent = 0) const;
  // The same as a table of Markdown; rules are left out.
  std::string Markdown() const;

 private:
  std::vector<bool> Used() const;

  std::vector<TextColumn> columns_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<size_t> rules_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_FORMATS_TEXT_TABLE_H_
