// The files of a run's folder: their names, and how they are read and written.
#ifndef ASSAY_HARNESS_HOST_RUN_FILES_H_
#define ASSAY_HARNESS_HOST_RUN_FILES_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace google::protobuf {
class Message;
}

namespace assay {

class RunSpec;

constexpr char kSpecFile[] = "spec.textproto";
constexpr char kTrainResultFile[] = "train_result.pb";
constexpr char kCompressResultFile[] = "compress_result.pb";
constexpr char kScoreRequestFile[] = "score_request.pb";
constexpr char kScoreResultFile[] = "score_result.pb";
constexpr char kArtifactsFolder[] = "artifacts";
constexpr char kTwinFolder[] = "twin";  // of an audit's second compress process
constexpr char kReportFile[] = "report.pb";

constexpr int64_t kLargestMessage = int64_t{64} << 20;

// All of a file that foreign code may have put there: a regular one, no link,
// of at most `largest` bytes. NOT_FOUND, INVALID_ARGUMENT (another kind),
// RESOURCE_EXHAUSTED or UNAVAILABLE with the path, expected and got.
absl::StatusOr<std::string> ReadRegularFile(const std::string& path,
                                            int64_t largest);

// Binary protocol buffers. Any bytes are safe to read; DATA_LOSS where they are
// no such message.
absl::Status ReadMessage(const std::string& path,
                         google::protobuf::Message* message);
absl::Status WriteMessage(const std::string& path,
                          const google::protobuf::Message& message);

// Their text form, for what people read. INVALID_ARGUMENT names the path, line,
// column and what was expected there.
absl::StatusOr<RunSpec> ReadRunSpec(const std::string& path);
absl::Status WriteRunSpec(const std::string& path, const RunSpec& spec);

// A child's exit code: 0, or 1 after an error that is now in its log.
int ExitCodeOf(const absl::Status& status);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_RUN_FILES_H_
