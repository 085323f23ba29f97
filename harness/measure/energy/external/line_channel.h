// Lines of text to and from something outside the process.
#ifndef ASSAY_HARNESS_MEASURE_ENERGY_EXTERNAL_LINE_CHANNEL_H_
#define ASSAY_HARNESS_MEASURE_ENERGY_EXTERNAL_LINE_CHANNEL_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assay {

// Over a descriptor that can be read, written and polled. Not thread-safe.
class LineChannel {
 public:
  // "tcp:HOST:PORT" or "serial:PATH:BAUD" (115200, 9600, ...; raw, 8N1).
  // INVALID_ARGUMENT: another form. UNAVAILABLE: it does not answer; names the
  // address and the system's reason.
  static absl::StatusOr<std::unique_ptr<LineChannel>> Open(
      const std::string& address);

  ~LineChannel();
  LineChannel(const LineChannel&) = delete;
  LineChannel& operator=(const LineChannel&) = delete;

  // Sends `line` and returns the next line, both without their ends. What came
  // before the question is thrown away. UNAVAILABLE after `timeout_seconds`.
  absl::StatusOr<std::string> Ask(absl::string_view line,
                                  double timeout_seconds);

 private:
  LineChannel(std::string address, int fd)
      : address_(std::move(address)), fd_(fd) {}

  absl::Status Send(absl::string_view line);
  absl::Status Error(absl::string_view what) const;

  const std::string address_;
  const int fd_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_MEASURE_ENERGY_EXTERNAL_LINE_CHANNEL_H_
