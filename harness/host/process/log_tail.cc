#include "harness/host/process/log_tail.h"

namespace assay {

namespace {
constexpr size_t kLongestLine = 500;
}  // namespace

void LogTail::Append(absl::string_view bytes) {
  for (const char c : bytes) {
    if (c == '\n') {
      lines_.push_back(open_);
      if (lines_.size() > capacity_) lines_.pop_front();
      open_.clear();
    } else if (open_.size() < kLongestLine) {
      const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
      open_.push_back(control && c != '\t' ? '?' : c);
    }
  }
}

std::vector<std::string> LogTail::Lines() const {
  std::vector<std::string> lines(lines_.begin(), lines_.end());
  if (!open_.empty()) lines.push_back(open_);
  if (lines.size() > capacity_) lines.erase(lines.begin());
  return lines;
}

}  // namespace assay
