#include "harness/report/report_file.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/json_util.h"
#include "harness/core/file.h"
#include "harness/core/hash.h"
#include "harness/core/status_macros.h"
#include "harness/report/check.h"

namespace assay {
namespace {

constexpr size_t kHashBytes = 32;

// The last field's tag and length, as protobuf writes them:
// (2047 << 3 | 2) as a varint, then 32.
constexpr char kTrailer[] = {'\xfa', '\x7f', static_cast<char>(kHashBytes)};
constexpr size_t kTrailerBytes = sizeof(kTrailer) + kHashBytes;
static_assert(Report::kFileSha256FieldNumber == 2047);

std::string Trailer(absl::string_view payload) {
  return absl::StrCat(absl::string_view(kTrailer, sizeof(kTrailer)),
                      absl::HexStringToBytes(Sha256Hex(payload)));
}

absl::Status Damaged(absl::string_view name, absl::string_view what) {
  return absl::DataLossError(absl::StrCat("report ", name, ": ", what));
}

std::string SerializeBinary(const Report& report) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(true);
    report.SerializeToCodedStream(&out);
  }
  return absl::StrCat(bytes, Trailer(bytes));
}

absl::StatusOr<Report> ParseBinary(absl::string_view bytes,
                                   const std::string& name) {
  if (bytes.size() < kTrailerBytes) {
    return Damaged(name, absl::StrCat("expected at least ", kTrailerBytes,
                                      " bytes, got ", bytes.size()));
  }
  const size_t size = bytes.size() - kTrailerBytes;
  const absl::string_view payload = bytes.substr(0, size);
  const absl::string_view trailer = bytes.substr(size);
  if (!absl::StartsWith(trailer,
                        absl::string_view(kTrailer, sizeof(kTrailer)))) {
    return Damaged(name, absl::StrCat("no checksum at offset ", size,
                                      ": the file is truncated, or not a "
                                      "binary report"));
  }
  if (trailer != Trailer(payload)) {
    return Damaged(
        name,
        absl::StrCat("changed after it was written: SHA-256 of the first ",
                     size, " bytes is ", Sha256Hex(payload), ", expected ",
                     absl::BytesToHexString(trailer.substr(sizeof(kTrailer)))));
  }
  Report report;
  if (!report.ParseFromArray(payload.data(), static_cast<int>(size))) {
    return Damaged(name, "not a serialized assay.Report");
  }
  report.clear_file_sha256();
  return report;
}

class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    if (text_.empty()) {
      text_ = absl::StrCat("line ", line + 1, ", column ", column + 1, ": ",
                           message);
    }
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

absl::StatusOr<Report> ParseText(absl::string_view bytes,
                                 const std::string& name) {
  FirstError error;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  parser.SetRecursionLimit(100);
  Report report;
  if (!parser.ParseFromString(std::string(bytes), &report)) {
    return Damaged(name, error.text());
  }
  return report;
}

absl::StatusOr<Report> ParseJson(absl::string_view bytes,
                                 const std::string& name) {
  Report report;
  const auto status =
      google::protobuf::util::JsonStringToMessage(std::string(bytes), &report);
  if (!status.ok()) return Damaged(name, std::string(status.message()));
  return report;
}

absl::StatusOr<Report> Parse(absl::string_view bytes, ReportEncoding encoding,
                             const std::string& name) {
  switch (encoding) {
    case ReportEncoding::kBinary:
      return ParseBinary(bytes, name);
    case ReportEncoding::kText:
      return ParseText(bytes, name);
    case ReportEncoding::kJson:
      return ParseJson(bytes, name);
  }
  return absl::InvalidArgumentError("unknown encoding");
}

}  // namespace

absl::StatusOr<ReportEncoding> EncodingOfPath(absl::string_view path) {
  if (absl::EndsWith(path, ".pb")) return ReportEncoding::kBinary;
  if (absl::EndsWith(path, ".textproto")) return ReportEncoding::kText;
  if (absl::EndsWith(path, ".json")) return ReportEncoding::kJson;
  return absl::InvalidArgumentError(absl::StrCat(
      "report ", path, ": expected a name ending in .pb, .textproto or .json"));
}

absl::StatusOr<std::string> EncodeReport(const Report& report,
                                         ReportEncoding encoding) {
  Report copy = report;
  copy.clear_file_sha256();
  ASSAY_RETURN_IF_ERROR(CheckReport(copy));
  std::string bytes;
  switch (encoding) {
    case ReportEncoding::kBinary:
      return SerializeBinary(copy);
    case ReportEncoding::kText:
      google::protobuf::TextFormat::PrintToString(copy, &bytes);
      return absl::StrCat(
          "# proto-file: harness/report/report.proto\n"
          "# proto-message: assay.Report\n\n",
          bytes);
    case ReportEncoding::kJson:
      google::protobuf::util::JsonPrintOptions options;
      options.add_whitespace = true;
      options.preserve_proto_field_names = true;
      const auto status =
          google::protobuf::util::MessageToJsonString(copy, &bytes, options);
      if (!status.ok()) {
        return absl::InternalError(
            absl::StrCat("report as JSON: ", std::string(status.message())));
      }
      return bytes;
  }
  return absl::InvalidArgumentError("unknown encoding");
}

absl::StatusOr<Report> DecodeReport(absl::string_view bytes,
                                    ReportEncoding encoding,
                                    const std::string& name) {
  ASSAY_ASSIGN_OR_RETURN(Report report, Parse(bytes, encoding, name));
  const absl::Status status = CheckWellFormed(report);
  if (status.ok()) return report;
  return absl::Status(status.code(),
                      absl::StrCat("report ", name, ": ", status.message()));
}

absl::Status WriteReport(const std::string& path, const Report& report) {
  ASSAY_ASSIGN_OR_RETURN(const ReportEncoding encoding, EncodingOfPath(path));
  ASSAY_ASSIGN_OR_RETURN(const std::string bytes,
                         EncodeReport(report, encoding));
  return WriteFileAtomically(path, bytes);
}

absl::StatusOr<Report> ReadReport(const std::string& path, size_t max_bytes) {
  ASSAY_ASSIGN_OR_RETURN(const ReportEncoding encoding, EncodingOfPath(path));
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path, error);
  if (!error && size > max_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("report ", path, ": expected at most ", max_bytes,
                     " bytes, got ", size));
  }
  ASSAY_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
  return DecodeReport(bytes, encoding, path);
}

}  // namespace assay
