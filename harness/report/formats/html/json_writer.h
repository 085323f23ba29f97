// JSON that may stand inside a page.
#ifndef ASSAY_HARNESS_REPORT_FORMATS_HTML_JSON_WRITER_H_
#define ASSAY_HARNESS_REPORT_FORMATS_HTML_JSON_WRITER_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace assay::formats::html {

// A string literal that is inert wherever it stands in a page: besides what
// JSON asks for, '<', '>', '&', U+2028 and U+2029 are escaped; each byte that
// is no UTF-8 and each character that turns the direction of text becomes
// U+FFFD.
std::string JsonLiteral(absl::string_view text);

// Writes one value, piece by piece, without blanks. Keys are ours and need no
// escapes. Not thread-safe.
class JsonWriter {
 public:
  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }
  JsonWriter& Key(absl::string_view key);

  JsonWriter& Text(absl::string_view text);
  // Five significant digits: the page shows no more. Not finite: null.
  JsonWriter& Number(double value);
  JsonWriter& Count(uint64_t value);
  JsonWriter& Int(int64_t value);
  JsonWriter& Bool(bool value);
  // A value that is JSON already.
  JsonWriter& Raw(absl::string_view json);

  // Members of an object; those with `If` are left out where there is nothing
  // to say.
  JsonWriter& Text(absl::string_view key, absl::string_view text) {
    return Key(key).Text(text);
  }
  JsonWriter& TextIf(absl::string_view key, absl::string_view text) {
    return text.empty() ? *this : Key(key).Text(text);
  }
  JsonWriter& Number(absl::string_view key, double value) {
    return Key(key).Number(value);
  }
  JsonWriter& NumberIf(absl::string_view key, double value) {
    return value == 0 ? *this : Key(key).Number(value);
  }
  JsonWriter& Count(absl::string_view key, uint64_t value) {
    return Key(key).Count(value);
  }
  JsonWriter& CountIf(absl::string_view key, uint64_t value) {
    return value == 0 ? *this : Key(key).Count(value);
  }
  JsonWriter& Bool(absl::string_view key, bool value) {
    return Key(key).Bool(value);
  }

  const std::string& json() const { return json_; }

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  // The comma before a key or an element.
  void Separate();

  std::string json_;
};

}  // namespace assay::formats::html

#endif  // ASSAY_HARNESS_REPORT_FORMATS_HTML_JSON_WRITER_H_
