#include "harness/report/formats/html/json_writer.h"

#include <cmath>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace assay::formats::html {
namespace {

bool IsTail(absl::string_view text, size_t at, unsigned char low,
            unsigned char high) {
  if (at >= text.size()) return false;
  const auto byte = static_cast<unsigned char>(text[at]);
  return byte >= low && byte <= high;
}

// Bytes of the character of more than one byte that begins there; 0 where
// there is none (RFC 3629: no overlong forms, no surrogates).
size_t CharacterAt(absl::string_view text, size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead >= 0xc2 && lead <= 0xdf) {
    return IsTail(text, at + 1, 0x80, 0xbf) ? 2 : 0;
  }
  if (lead >= 0xe0 && lead <= 0xef) {
    const unsigned char low = lead == 0xe0 ? 0xa0 : 0x80;
    const unsigned char high = lead == 0xed ? 0x9f : 0xbf;
    return IsTail(text, at + 1, low, high) && IsTail(text, at + 2, 0x80, 0xbf)
               ? 3
               : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const unsigned char low = lead == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = lead == 0xf4 ? 0x8f : 0xbf;
    return IsTail(text, at + 1, low, high) &&
                   IsTail(text, at + 2, 0x80, 0xbf) &&
                   IsTail(text, at + 3, 0x80, 0xbf)
               ? 4
               : 0;
  }
  return 0;
}

// Whether it changes the direction of what follows: U+202A to U+202E, U+2066 to
// U+2069. A name with one could make the rest of a line read otherwise.
bool TurnsText(absl::string_view character) {
  return (character >= "\u202a" && character <= "\u202e") ||
         (character >= "\u2066" && character <= "\u2069");
}

void AppendAscii(char c, std::string* out) {
  if (c == '"' || c == '\\') {
    out->push_back('\\');
    out->push_back(c);
  } else if (static_cast<unsigned char>(c) < 0x20 || c == '<' || c == '>' ||
             c == '&' || c == 0x7f) {
    absl::StrAppendFormat(out, "\\u%04x", static_cast<unsigned char>(c));
  } else {
    out->push_back(c);
  }
}

}  // namespace

std::string JsonLiteral(absl::string_view text) {
  std::string out = "\"";
  for (size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      AppendAscii(text[at++], &out);
      continue;
    }
    const size_t length = CharacterAt(text, at);
    const absl::string_view character = text.substr(at, length);
    if (length == 0 || TurnsText(character)) {
      out += "\\ufffd";
    } else if (character == "\u2028" || character == "\u2029") {
      out += character == "\u2028" ? "\\u2028" : "\\u2029";
    } else {
      absl::StrAppend(&out, character);
    }
    at += length == 0 ? 1 : length;
  }
  out += '"';
  return out;
}

void JsonWriter::Separate() {
  if (json_.empty()) return;
  const char last = json_.back();
  if (last != '{' && last != '[' && last != ':') json_ += ',';
}

JsonWriter& JsonWriter::Open(char bracket) {
  Separate();
  json_ += bracket;
  return *this;
}

JsonWriter& JsonWriter::Close(char bracket) {
  json_ += bracket;
  return *this;
}

JsonWriter& JsonWriter::Key(absl::string_view key) {
  Separate();
  absl::StrAppend(&json_, "\"", key, "\":");
  return *this;
}

JsonWriter& JsonWriter::Raw(absl::string_view json) {
  Separate();
  absl::StrAppend(&json_, json);
  return *this;
}

JsonWriter& JsonWriter::Text(absl::string_view text) {
  return Raw(JsonLiteral(text));
}

JsonWriter& JsonWriter::Number(double value) {
  if (!std::isfinite(value)) return Raw("null");
  return Raw(absl::StrFormat("%.5g", value));
}

JsonWriter& JsonWriter::Count(uint64_t value) {
  return Raw(absl::StrCat(value));
}

JsonWriter& JsonWriter::Int(int64_t value) { return Raw(absl::StrCat(value)); }

JsonWriter& JsonWriter::Bool(bool value) {
  return Raw(value ? "true" : "false");
}

}  // namespace assay::formats::html
