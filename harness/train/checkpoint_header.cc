#include "harness/train/checkpoint_header.h"

#include <limits>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

constexpr int64_t kMaxRank = 16;

void AppendUtf8(uint32_t code, std::string* out) {
  const auto put = [out](uint32_t byte) {
    out->push_back(static_cast<char>(byte));
  };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | (code >> 6));
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3f));
    put(0x80 | ((code >> 6) & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

// Reads the subset of JSON that the format allows, one token at a time.
class Reader {
 public:
  Reader(absl::string_view json, int64_t file_offset, absl::string_view where)
      : json_(json), file_offset_(file_offset), where_(where) {}

  absl::Status Error(absl::string_view expected) const {
    const std::string got = at_ < json_.size()
                                ? absl::StrFormat("'%c'", Printable(json_[at_]))
                                : "the end of the header";
    return absl::InvalidArgumentError(absl::StrCat(where_, ": header, offset ",
                                                   Offset(), ": expected ",
                                                   expected, ", got ", got));
  }

  // An error that is about a value, not a character.
  absl::Status Reject(absl::string_view message) const {
    return absl::InvalidArgumentError(
        absl::StrCat(where_, ": header, offset ", Offset(), ": ", message));
  }

  void SkipSpace() {
    while (at_ < json_.size() && (json_[at_] == ' ' || json_[at_] == '\n' ||
                                  json_[at_] == '\r' || json_[at_] == '\t')) {
      ++at_;
    }
  }

  bool TryTake(char c) {
    SkipSpace();
    if (at_ >= json_.size() || json_[at_] != c) return false;
    ++at_;
    return true;
  }

  absl::Status Take(char c) {
    if (TryTake(c)) return absl::OkStatus();
    return Error(absl::StrFormat("'%c'", c));
  }

  absl::Status TakeEnd() {
    SkipSpace();
    if (at_ != json_.size()) return Error("nothing after the object");
    return absl::OkStatus();
  }

  absl::StatusOr<int64_t> Integer() {
    SkipSpace();
    const size_t start = at_;
    int64_t value = 0;
    for (; at_ < json_.size() &&
           absl::ascii_isdigit(static_cast<unsigned char>(json_[at_]));
         ++at_) {
      const int digit = json_[at_] - '0';
      if (value > (std::numeric_limits<int64_t>::max() - digit) / 10) {
        return Reject("the integer does not fit in 63 bits");
      }
      value = value * 10 + digit;
    }
    if (at_ == start) return Error("an unsigned integer");
    if (json_[start] == '0' && at_ - start > 1) {
      return Reject("an integer has a leading zero");
    }
    return value;
  }

  absl::StatusOr<std::string> String() {
    ASSAY_RETURN_IF_ERROR(Take('"'));
    std::string text;
    while (true) {
      if (at_ >= json_.size()) return Error("'\"' after a string");
      const char c = json_[at_++];
      if (c == '"') return text;
      if (static_cast<unsigned char>(c) < 0x20) {
        --at_;
        return Error("no control character in a string");
      }
      if (c != '\\') {
        text.push_back(c);
        continue;
      }
      ASSAY_RETURN_IF_ERROR(Escape(&text));
    }
  }

 private:
  static char Printable(char c) {
    return absl::ascii_isprint(static_cast<unsigned char>(c)) ? c : '?';
  }
  int64_t Offset() const { return file_offset_ + static_cast<int64_t>(at_); }

  absl::Status Escape(std::string* text) {
    if (at_ >= json_.size()) return Error("an escaped character");
    constexpr absl::string_view kNames = "\"\\/bfnrt";
    constexpr absl::string_view kValues = "\"\\/\b\f\n\r\t";
    const size_t k = kNames.find(json_[at_]);
    if (k != absl::string_view::npos) {
      text->push_back(kValues[k]);
      ++at_;
      return absl::OkStatus();
    }
    if (json_[at_] != 'u') return Error("a JSON escape");
    ++at_;
    ASSAY_ASSIGN_OR_RETURN(uint32_t code, Hex4());
    if (code >= 0xd800 && code < 0xdc00) {  // the first of a surrogate pair
      if (json_.substr(at_, 2) != "\\u") return Error("a low surrogate");
      at_ += 2;
      ASSAY_ASSIGN_OR_RETURN(const uint32_t low, Hex4());
      if (low < 0xdc00 || low > 0xdfff) return Reject("not a low surrogate");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code <= 0xdfff) {
      return Reject("a low surrogate without a high one");
    }
    AppendUtf8(code, text);
    return absl::OkStatus();
  }

  absl::StatusOr<uint32_t> Hex4() {
    uint32_t code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      if (at_ >= json_.size()) return Error("a hexadecimal digit");
      const char c =
          absl::ascii_tolower(static_cast<unsigned char>(json_[at_]));
      constexpr absl::string_view kDigits = "0123456789abcdef";
      const size_t digit = kDigits.find(c);
      if (digit == absl::string_view::npos) return Error("a hexadecimal digit");
      code = code * 16 + static_cast<uint32_t>(digit);
    }
    return code;
  }

  absl::string_view json_;
  int64_t file_offset_;
  absl::string_view where_;
  size_t at_ = 0;
};

absl::StatusOr<std::vector<int64_t>> ParseIntegers(Reader& reader) {
  ASSAY_RETURN_IF_ERROR(reader.Take('['));
  std::vector<int64_t> values;
  if (reader.TryTake(']')) return values;
  do {
    if (static_cast<int64_t>(values.size()) == kMaxRank) {
      return reader.Reject(absl::StrCat("a list is longer than ", kMaxRank));
    }
    ASSAY_ASSIGN_OR_RETURN(values.emplace_back(), reader.Integer());
  } while (reader.TryTake(','));
  ASSAY_RETURN_IF_ERROR(reader.Take(']'));
  return values;
}

absl::Status ParseField(Reader& reader, const std::string& key,
                        CheckpointEntry* entry) {
  if (key == "dtype") {
    ASSAY_ASSIGN_OR_RETURN(entry->dtype, reader.String());
    return absl::OkStatus();
  }
  if (key == "shape") {
    ASSAY_ASSIGN_OR_RETURN(entry->shape, ParseIntegers(reader));
    return absl::OkStatus();
  }
  if (key != "data_offsets") {
    return reader.Reject(absl::StrCat("tensor \"", entry->name,
                                      "\": unknown key \"", key, "\""));
  }
  ASSAY_ASSIGN_OR_RETURN(const std::vector<int64_t> offsets,
                         ParseIntegers(reader));
  if (offsets.size() != 2) {
    return reader.Reject(absl::StrCat("tensor \"", entry->name,
                                      "\": expected 2 data_offsets, got ",
                                      offsets.size()));
  }
  entry->begin = offsets[0];
  entry->end = offsets[1];
  return absl::OkStatus();
}

absl::StatusOr<CheckpointEntry> ParseEntry(Reader& reader, std::string name) {
  CheckpointEntry entry;
  entry.name = std::move(name);
  ASSAY_RETURN_IF_ERROR(reader.Take('{'));
  std::set<std::string> seen;
  do {
    ASSAY_ASSIGN_OR_RETURN(const std::string key, reader.String());
    ASSAY_RETURN_IF_ERROR(reader.Take(':'));
    ASSAY_RETURN_IF_ERROR(ParseField(reader, key, &entry));
    if (!seen.insert(key).second) {
      return reader.Reject(absl::StrCat("tensor \"", entry.name, "\": key \"",
                                        key, "\" stands twice"));
    }
  } while (reader.TryTake(','));
  ASSAY_RETURN_IF_ERROR(reader.Take('}'));
  if (seen.size() != 3) {
    return reader.Reject(absl::StrCat(
        "tensor \"", entry.name, "\": expected dtype, shape and data_offsets"));
  }
  return entry;
}

absl::StatusOr<std::map<std::string, std::string>> ParseMetadata(
    Reader& reader) {
  std::map<std::string, std::string> metadata;
  ASSAY_RETURN_IF_ERROR(reader.Take('{'));
  if (reader.TryTake('}')) return metadata;
  do {
    ASSAY_ASSIGN_OR_RETURN(std::string key, reader.String());
    ASSAY_RETURN_IF_ERROR(reader.Take(':'));
    ASSAY_ASSIGN_OR_RETURN(std::string value, reader.String());
    if (!metadata.emplace(std::move(key), std::move(value)).second) {
      return reader.Reject("a metadata key stands twice");
    }
  } while (reader.TryTake(','));
  ASSAY_RETURN_IF_ERROR(reader.Take('}'));
  return metadata;
}

}  // namespace

absl::StatusOr<CheckpointHeader> ParseCheckpointHeader(
    absl::string_view json, int64_t file_offset, absl::string_view where) {
  Reader reader(json, file_offset, where);
  CheckpointHeader header;
  std::set<std::string> names;
  ASSAY_RETURN_IF_ERROR(reader.Take('{'));
  if (!reader.TryTake('}')) {
    do {
      ASSAY_ASSIGN_OR_RETURN(std::string name, reader.String());
      ASSAY_RETURN_IF_ERROR(reader.Take(':'));
      if (!names.insert(name).second) {
        return reader.Reject(absl::StrCat("\"", name, "\" stands twice"));
      }
      if (name == "__metadata__") {
        ASSAY_ASSIGN_OR_RETURN(header.metadata, ParseMetadata(reader));
        continue;
      }
      ASSAY_ASSIGN_OR_RETURN(header.entries.emplace_back(),
                             ParseEntry(reader, std::move(name)));
    } while (reader.TryTake(','));
    ASSAY_RETURN_IF_ERROR(reader.Take('}'));
  }
  ASSAY_RETURN_IF_ERROR(reader.TakeEnd());
  return header;
}

std::string JsonQuote(absl::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned>(c));
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
  return out;
}

}  // namespace assay
