// Aligned columns on a terminal, or the same rows as JSON.
#ifndef ASSAY_HARNESS_CLI_TABLE_H_
#define ASSAY_HARNESS_CLI_TABLE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assay {

enum class Format { kText, kJson };

// "text" or "json"; INVALID_ARGUMENT otherwise.
absl::StatusOr<Format> ParseFormat(absl::string_view name);

// Rows under a header. As text, aligned columns; as JSON, one object per row
// with the header's words as keys.
class Table {
 public:
  explicit Table(std::vector<std::string> header)
      : header_(std::move(header)) {}
  // As many cells as the header has.
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string Render(Format format) const;

 private:
  std::string Text() const;
  std::string Json() const;

  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

// A JSON string literal with its quotes; bytes below 0x20 are escaped, UTF-8
// passes.
std::string JsonString(absl::string_view text);

}  // namespace assay

#endif  // ASSAY_HARNESS_CLI_TABLE_H_
