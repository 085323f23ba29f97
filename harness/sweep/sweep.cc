#include "harness/sweep/sweep.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/file.h"
#include "harness/core/hash.h"
#include "harness/core/status_macros.h"
#include "harness/report/report_file.h"
#include "harness/sweep/status_file.h"
#include "harness/sweep/suite.h"

namespace assay {
namespace {

// An exclusive lock that ends with its owner, or with the process.
class FolderLock {
 public:
  static absl::StatusOr<FolderLock> Take(const std::string& folder) {
    ASSAY_RETURN_IF_ERROR(MakeFolders(folder));
    const std::string path = JoinPath(folder, ".lock");
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
      return absl::UnavailableError(
          absl::StrCat("cannot open ", path, ": ", std::strerror(errno)));
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
      close(fd);
      return absl::UnavailableError(
          absl::StrCat("another sweep works in ", folder));
    }
    return FolderLock(fd);
  }
  FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~FolderLock() {
    if (fd_ >= 0) close(fd_);
  }

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_;
};

bool Stopped(const SweepOptions& options) {
  return options.stop != nullptr && options.stop->load();
}

bool IsDone(const Report& report, const SweepOptions& options) {
  const Outcome::Status status = report.outcome().status();
  if (options.fresh || status == Outcome::ABORTED) return false;
  return status == Outcome::OK || !options.retry;
}

// Twelve digits of a hash of the runs in order: the same sweep, started again,
// has the same id.
std::string SweepId(absl::Span<const RunSpec> specs) {
  std::string ids;
  for (const RunSpec& spec : specs) absl::StrAppend(&ids, RunId(spec), "\n");
  return Sha256Hex(ids).substr(0, 12);
}

absl::Status Tell(StatusFile& file, size_t index, const SweepRow& row) {
  return row.state == SweepRow::kNoReport
             ? file.EndedWithoutReport(index, row.failure)
             : file.Ended(index, row.report, row.state == SweepRow::kHadRun);
}

void RunOne(const SweepOptions& options, Executor& executor, SweepRow* row) {
  auto before = ReadReport(row->report_path);
  if (before.ok() && IsDone(*before, options)) {
    row->state = SweepRow::kHadRun;
    row->report = *std::move(before);
    return;
  }
  auto report = executor.Execute(row->spec);
  if (report.ok()) {
    row->report = *std::move(report);
  } else {
    row->state = SweepRow::kNoReport;
    row->failure = report.status();
  }
}

}  // namespace

absl::StatusOr<std::vector<SweepRow>> RunSweep(absl::Span<const RunSpec> specs,
                                               const SweepOptions& options,
                                               Executor& executor) {
  ASSAY_ASSIGN_OR_RETURN(FolderLock lock, FolderLock::Take(options.folder));
  const std::string id = SweepId(specs);
  StatusFile status_file(options.folder, specs);
  absl::Status told;  // the first time that it could not be written
  bool stopped = false;
  std::vector<SweepRow> rows(specs.size());
  for (size_t i = 0; i < specs.size(); ++i) {
    SweepRow& row = rows[i];
    row.spec = specs[i];
    row.spec.set_output_dir(JoinPath(options.folder, RunFolder(row.spec)));
    row.spec.set_sweep(id);
    row.spec.set_sweep_index(i);
    row.report_path = JoinPath(row.spec.output_dir(), "report.pb");
    if (Stopped(options)) {
      row.state = SweepRow::kStopped;
      stopped = true;
      continue;
    }
    if (options.on_start) options.on_start(i, specs.size(), row.spec);
    told.Update(status_file.Started(i));
    RunOne(options, executor, &row);
    told.Update(Tell(status_file, i, row));
    if (options.on_end) options.on_end(i, specs.size(), row);
  }
  told.Update(status_file.Finished(stopped || Stopped(options)));
  if (!told.ok() && options.on_warning) options.on_warning(told);
  return rows;
}

}  // namespace assay
