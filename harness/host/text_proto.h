// Text that people wrote, as a message.
#ifndef ASSAY_HARNESS_HOST_TEXT_PROTO_H_
#define ASSAY_HARNESS_HOST_TEXT_PROTO_H_

#include <string>

#include "absl/status/status.h"

namespace google::protobuf {
class Message;
}

namespace assay {

// INVALID_ARGUMENT: "name: line 3, column 7: what was expected".
absl::Status ParseTextProto(const std::string& text, const std::string& name,
                            google::protobuf::Message* message);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_TEXT_PROTO_H_
