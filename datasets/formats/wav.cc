#include "datasets/formats/wav.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "datasets/formats/format_error.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

constexpr uint32_t kPcm = 1;

// Little-endian, 1 to 4 bytes.
uint32_t UintAt(absl::string_view bytes, size_t offset, size_t count) {
  uint32_t value = 0;
  for (size_t i = count; i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[offset + i]);
  }
  return value;
}

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::CHexEscape(text), "\"");
}

absl::Status ExpectTag(absl::string_view bytes, size_t offset,
                       absl::string_view tag, absl::string_view path) {
  if (bytes.size() < offset + 4) {
    return FormatError(path, bytes.size(), Quoted(tag), "the end of the file");
  }
  const absl::string_view got = bytes.substr(offset, 4);
  if (got == tag) return absl::OkStatus();
  return FormatError(path, offset, Quoted(tag), Quoted(got));
}

absl::Status ExpectField(absl::string_view name, uint32_t expected,
                         uint32_t got, size_t offset, absl::string_view path) {
  if (got == expected) return absl::OkStatus();
  return FormatError(path, offset, absl::StrCat(name, " ", expected),
                     absl::StrCat(got));
}

// Reads the body of a "fmt " chunk at `offset`; returns the sampling rate.
absl::StatusOr<int64_t> ParseFormat(absl::string_view bytes, size_t offset,
                                    size_t size, absl::string_view path) {
  if (size < 16) {
    return FormatError(path, offset, "a \"fmt \" chunk of 16 bytes or more",
                       absl::StrCat(size));
  }
  ASSAY_RETURN_IF_ERROR(ExpectField("format (PCM)", kPcm,
                                    UintAt(bytes, offset, 2), offset, path));
  ASSAY_RETURN_IF_ERROR(ExpectField("channels", 1, UintAt(bytes, offset + 2, 2),
                                    offset + 2, path));
  ASSAY_RETURN_IF_ERROR(ExpectField(
      "bits per sample", 16, UintAt(bytes, offset + 14, 2), offset + 14, path));
  const int64_t rate = UintAt(bytes, offset + 4, 4);
  if (rate == 0) return FormatError(path, offset + 4, "a sampling rate", "0");
  return rate;
}

absl::Status ParseData(absl::string_view bytes, size_t offset, size_t size,
                       absl::string_view path, Wav* wav) {
  if (size % 2 != 0) {
    return FormatError(path, offset - 4, "an even size of \"data\"",
                       absl::StrCat(size));
  }
  wav->samples.resize(size / 2);
  for (size_t i = 0; i < wav->samples.size(); ++i) {
    const auto pcm = static_cast<int16_t>(UintAt(bytes, offset + 2 * i, 2));
    wav->samples[i] = static_cast<float>(pcm) / 32768.0f;
  }
  return absl::OkStatus();
}

void Append(uint32_t value, size_t count, std::string* out) {
  for (size_t i = 0; i < count; ++i) {
    *out += static_cast<char>(value >> (8 * i) & 255);
  }
}

}  // namespace

absl::StatusOr<Wav> ParseWav(absl::string_view bytes, absl::string_view path) {
  ASSAY_RETURN_IF_ERROR(ExpectTag(bytes, 0, "RIFF", path));
  ASSAY_RETURN_IF_ERROR(ExpectTag(bytes, 8, "WAVE", path));
  Wav wav;
  size_t at = 12;
  while (at + 8 <= bytes.size()) {
    const absl::string_view tag = bytes.substr(at, 4);
    const size_t size = UintAt(bytes, at + 4, 4);
    const size_t body = at + 8;
    if (size > bytes.size() - body) {
      return FormatError(
          path, bytes.size(),
          absl::StrCat(size, " bytes in chunk ", Quoted(tag), " at ", at),
          absl::StrCat(bytes.size() - body));
    }
    if (tag == "fmt ") {
      ASSAY_ASSIGN_OR_RETURN(wav.rate, ParseFormat(bytes, body, size, path));
    } else if (tag == "data") {
      if (wav.rate == 0) return FormatError(path, at, "\"fmt \"", "\"data\"");
      ASSAY_RETURN_IF_ERROR(ParseData(bytes, body, size, path, &wav));
      return wav;
    }
    at = body + size + size % 2;  // chunks start at even offsets
  }
  return FormatError(path, std::min(at, bytes.size()),
                     wav.rate == 0 ? "a \"fmt \" chunk" : "a \"data\" chunk",
                     "the end of the file");
}

std::string WriteWav(absl::Span<const int16_t> samples, int64_t rate) {
  const auto bytes = static_cast<uint32_t>(2 * samples.size());
  const auto hertz = static_cast<uint32_t>(rate);
  std::string out = "RIFF";
  Append(36 + bytes, 4, &out);
  out += "WAVEfmt ";
  Append(16, 4, &out);
  Append(kPcm, 2, &out);
  Append(1, 2, &out);  // channels
  Append(hertz, 4, &out);
  Append(2 * hertz, 4, &out);  // bytes per second
  Append(2, 2, &out);          // bytes per frame
  Append(16, 2, &out);         // bits per sample
  out += "data";
  Append(bytes, 4, &out);
  for (int16_t s : samples) Append(static_cast<uint16_t>(s), 2, &out);
  return out;
}

}  // namespace assay
