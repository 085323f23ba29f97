// The log of a child: a file of bounded size and its last lines.
#ifndef ASSAY_HARNESS_HOST_PROCESS_LOG_TAIL_H_
#define ASSAY_HARNESS_HOST_PROCESS_LOG_TAIL_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace assay {

// Keeps the last `capacity` lines of a stream of bytes. Control characters
// become '?', lines are cut at 500 bytes.
class LogTail {
 public:
  explicit LogTail(size_t capacity) : capacity_(capacity) {}
  void Append(absl::string_view bytes);
  // The lines so far, an unfinished last one included.
  std::vector<std::string> Lines() const;

 private:
  size_t capacity_;
  std::deque<std::string> lines_;
  std::string open_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_PROCESS_LOG_TAIL_H_
