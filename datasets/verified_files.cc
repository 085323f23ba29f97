#include "datasets/verified_files.h"

#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/hash.h"

namespace assay {
namespace {

int64_t Nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

bool VerifiedFiles::Has(const std::string& stamp) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stamps_.count(stamp) != 0;
}

void VerifiedFiles::Add(std::string stamp) {
  const std::lock_guard<std::mutex> lock(mutex_);
  stamps_.insert(std::move(stamp));
}

std::vector<std::string> VerifiedFiles::stamps() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return {stamps_.begin(), stamps_.end()};
}

std::string StampOf(absl::Span<const std::string> paths,
                    absl::string_view sha256, double settled_seconds) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  const int64_t newest =
      Nanoseconds(now) - static_cast<int64_t>(settled_seconds * 1e9);
  Sha256 hash;
  hash.Update(absl::StrCat(sha256, "\n"));
  for (const std::string& path : paths) {
    struct stat info;
    if (stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return "";
    const int64_t content = Nanoseconds(info.st_mtim);
    const int64_t anything = Nanoseconds(info.st_ctim);
    if (std::max(content, anything) > newest) return "";
    hash.Update(absl::StrCat(path, "\n", info.st_dev, " ", info.st_ino, " ",
                             info.st_size, " ", content, " ", anything, "\n"));
  }
  return hash.Hex();
}

}  // namespace assay
