#include "harness/report/formats/text_table.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace assay {
namespace {

std::string Padded(const std::string& text, size_t width, bool right) {
  const std::string blanks(width - std::min(width, text.size()), ' ');
  return right ? blanks + text : text + blanks;
}

}  // namespace

void TextTable::Add(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::vector<bool> TextTable::Used() const {
  std::vector<bool> used(columns_.size());
  for (const auto& row : rows_) {
    for (size_t c = 0; c < row.size(); ++c) {
      if (!row[c].empty()) used[c] = true;
    }
  }
  return used;
}

std::string TextTable::Text(int indent) const {
  const std::vector<bool> used = Used();
  std::vector<size_t> widths(columns_.size());
  size_t total = 0;
  for (size_t c = 0; c < columns_.size(); ++c) {
    if (!used[c]) continue;
    widths[c] = columns_[c].title.size();
    for (const auto& row : rows_) {
      widths[c] = std::max(widths[c], row[c].size());
    }
    total += widths[c] + (total > 0 ? 2 : 0);
  }
  const std::string margin(static_cast<size_t>(indent), ' ');
  std::string out;
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text = margin;
    bool first = true;
    for (size_t c = 0; c < columns_.size(); ++c) {
      if (!used[c]) continue;
      absl::StrAppend(&text, first ? "" : "  ",
                      Padded(cells[c], widths[c], columns_[c].right));
      first = false;
    }
    absl::StripTrailingAsciiWhitespace(&text);
    absl::StrAppend(&out, text, "\n");
  };
  std::vector<std::string> titles;
  for (const TextColumn& column : columns_) titles.push_back(column.title);
  line(titles);
  for (size_t r = 0; r < rows_.size(); ++r) {
    if (std::count(rules_.begin(), rules_.end(), r) > 0) {
      absl::StrAppend(&out, margin, std::string(total, '-'), "\n");
    }
    line(rows_[r]);
  }
  return out;
}

std::string TextTable::Markdown() const {
  const std::vector<bool> used = Used();
  std::string titles = "|", marks = "|", out;
  for (size_t c = 0; c < columns_.size(); ++c) {
    if (!used[c]) continue;
    absl::StrAppend(&titles, " ", columns_[c].title, " |");
    absl::StrAppend(&marks, columns_[c].right ? "---:|" : "---|");
  }
  absl::StrAppend(&out, titles, "\n", marks, "\n");
  for (const auto& row : rows_) {
    absl::StrAppend(&out, "|");
    for (size_t c = 0; c < columns_.size(); ++c) {
      if (!used[c]) continue;
      absl::StrAppend(&out, " ",
                      absl::StrReplaceAll(row[c], {{"|", "\\|"}, {"\n", " "}}),
                      " |");
    }
    absl::StrAppend(&out, "\n");
  }
  return out;
}

}  // namespace assay
