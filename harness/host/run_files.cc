#include "harness/host/run_files.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "google/protobuf/message.h"
#include "google/protobuf/text_format.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"
#include "harness/host/run_spec.pb.h"
#include "harness/host/text_proto.h"

namespace assay {
absl::StatusOr<std::string> ReadRegularFile(const std::string& path,
                                            int64_t largest) {
  struct stat info = {};
  if (lstat(path.c_str(), &info) != 0) {
    return absl::NotFoundError(absl::StrCat(path, ": ", std::strerror(errno)));
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": expected a regular file"));
  }
  if (info.st_size > largest) {
    return absl::ResourceExhaustedError(
        absl::StrCat(path, ": expected at most ", largest, " bytes, got ",
                     int64_t{info.st_size}));
  }
  return ReadFile(path);
}

absl::Status ReadMessage(const std::string& path,
                         google::protobuf::Message* message) {
  ASSAY_ASSIGN_OR_RETURN(std::string bytes,
                         ReadRegularFile(path, kLargestMessage));
  if (message->ParseFromString(bytes)) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(path, ": expected a serialized ",
                                          message->GetTypeName(), ", got ",
                                          bytes.size(), " other bytes"));
}

absl::Status WriteMessage(const std::string& path,
                          const google::protobuf::Message& message) {
  return WriteFileAtomically(path, message.SerializeAsString());
}

absl::StatusOr<RunSpec> ReadRunSpec(const std::string& path) {
  ASSAY_ASSIGN_OR_RETURN(std::string text,
                         ReadRegularFile(path, kLargestMessage));
  RunSpec spec;
  ASSAY_RETURN_IF_ERROR(ParseTextProto(text, path, &spec));
  return spec;
}

absl::Status WriteRunSpec(const std::string& path, const RunSpec& spec) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(spec, &text);
  return WriteFileAtomically(path, text);
}

int ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}

}  // namespace assay
