// Reports as files: written whole, read with suspicion.
#ifndef ASSAY_HARNESS_REPORT_REPORT_FILE_H_
#define ASSAY_HARNESS_REPORT_REPORT_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/report/report.pb.h"

namespace assay {

enum class ReportEncoding {
  kBinary,  // .pb: a serialized Report that ends with its own SHA-256
  kText,    // .textproto
  kJson,    // .json
};

// By the end of the name; INVALID_ARGUMENT lists the known ones.
absl::StatusOr<ReportEncoding> EncodingOfPath(absl::string_view path);

// The bytes of a report. INVALID_ARGUMENT where CheckReport refuses it.
absl::StatusOr<std::string> EncodeReport(const Report& report,
                                         ReportEncoding encoding);

// `name` is what errors call the bytes. DATA_LOSS: truncated or changed
// (binary) or not parsable (all), with line and column for text; or the code of
// CheckWellFormed. Any bytes are safe to pass.
absl::StatusOr<Report> DecodeReport(absl::string_view bytes,
                                    ReportEncoding encoding,
                                    const std::string& name);

// Atomically, in the encoding that the name ends with.
absl::Status WriteReport(const std::string& path, const Report& report);

// RESOURCE_EXHAUSTED where the file is larger than `max_bytes`; NOT_FOUND,
// UNAVAILABLE, or what DecodeReport says.
absl::StatusOr<Report> ReadReport(const std::string& path,
                                  size_t max_bytes = size_t{64} << 20);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_REPORT_FILE_H_
