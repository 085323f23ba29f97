// Tokens of the text forms, with errors that say line and column.
#ifndef ASSAY_HARNESS_GRAPH_TEXT_SCANNER_H_
#define ASSAY_HARNESS_GRAPH_TEXT_SCANNER_H_

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assay {

// Moves forward only; every call is linear in what it consumes.
class TextScanner {
 public:
  explicit TextScanner(absl::string_view text) : text_(text) { SkipSpace(); }

  bool AtEnd() const { return position_ == text_.size(); }
  size_t position() const { return position_; }

  // Whether `c` comes next; Try consumes it then.
  bool Peek(char c) const { return !AtEnd() && text_[position_] == c; }
  bool Try(char c);
  absl::Status Expect(char c);

  // The longest run of letters, digits and "_./-+" (may be empty).
  absl::string_view Word();
  // "..." with C escapes, without the quotes.
  absl::StatusOr<std::string> Quoted();
  // A word that is wholly a number of type T and in its range.
  template <typename T>
  absl::StatusOr<T> Number(absl::string_view what) {
    const size_t start = position_;
    const absl::string_view word = Word();
    T value{};
    const char* end = word.data() + word.size();
    const auto result = std::from_chars(word.data(), end, value);
    if (result.ec == std::errc() && result.ptr == end && !word.empty()) {
      return value;
    }
    return ErrorAt(start, what);
  }

  // INVALID_ARGUMENT "line 3, column 14: expected WHAT, got 'x...'".
  absl::Status Error(absl::string_view expected) const {
    return ErrorAt(position_, expected);
  }
  absl::Status ErrorAt(size_t position, absl::string_view expected) const;
  // "line 3, column 14".
  std::string Where(size_t position) const;

 private:
  void SkipSpace();

  absl::string_view text_;
  size_t position_ = 0;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_TEXT_SCANNER_H_
