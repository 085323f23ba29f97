#include "harness/graph/text_scanner.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace assay {
namespace {

bool InWord(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' ||
         c == '.' || c == '/' || c == '-' || c == '+';
}

}  // namespace

void TextScanner::SkipSpace() {
  while (!AtEnd()) {
    const char c = text_[position_];
    if (c == '#') {
      position_ = std::min(text_.find('\n', position_), text_.size());
    } else if (absl::ascii_isspace(static_cast<unsigned char>(c))) {
      ++position_;
    } else {
      return;
    }
  }
}

bool TextScanner::Try(char c) {
  if (!Peek(c)) return false;
  ++position_;
  SkipSpace();
  return true;
}

absl::Status TextScanner::Expect(char c) {
  if (Try(c)) return absl::OkStatus();
  return Error(absl::StrCat("'", absl::string_view(&c, 1), "'"));
}

absl::string_view TextScanner::Word() {
  const size_t start = position_;
  while (!AtEnd() && InWord(text_[position_])) ++position_;
  const absl::string_view word = text_.substr(start, position_ - start);
  SkipSpace();
  return word;
}

absl::StatusOr<std::string> TextScanner::Quoted() {
  if (!Peek('"')) return Error("'\"'");
  const size_t start = position_++;
  const size_t body = position_;
  while (!AtEnd() && text_[position_] != '"' && text_[position_] != '\n') {
    position_ += text_[position_] == '\\' ? 2 : 1;
    position_ = std::min(position_, text_.size());
  }
  std::string value;
  if (!Peek('"') ||
      !absl::CUnescape(text_.substr(body, position_ - body), &value)) {
    return ErrorAt(start, "a string with C escapes that ends on its line");
  }
  ++position_;
  SkipSpace();
  return value;
}

std::string TextScanner::Where(size_t position) const {
  const absl::string_view before = text_.substr(0, position);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t newline = before.rfind('\n');
  const size_t column =
      newline == absl::string_view::npos ? position + 1 : position - newline;
  return absl::StrCat("line ", line, ", column ", column);
}

absl::Status TextScanner::ErrorAt(size_t position,
                                  absl::string_view expected) const {
  constexpr size_t kShown = 20;
  absl::string_view rest = text_.substr(position);
  rest = rest.substr(0, std::min({rest.find('\n'), rest.size(), kShown}));
  return absl::InvalidArgumentError(
      absl::StrCat(Where(position), ": expected ", expected, ", got ",
                   position == text_.size()
                       ? "the end"
                       : absl::StrCat("'", absl::CHexEscape(rest), "'")));
}

}  // namespace assay
