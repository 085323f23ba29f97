// Reports over time: an index of report files in an SQLite database, and the
// series in it. The database holds nothing that the reports do not; it can be
// deleted and made anew.
#ifndef ASSAY_HARNESS_REPORT_HISTORY_HISTORY_H_
#define ASSAY_HARNESS_REPORT_HISTORY_HISTORY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace assay {

struct IndexCounts {
  int64_t read = 0;       // new or changed files
  int64_t unchanged = 0;  // of the same size and time as when last read
  int64_t gone = 0;       // files below the folder that are there no longer
  // Files that cannot be read, with the reason; the others are indexed.
  std::vector<std::string> problems;
};

// One report in a series.
struct SeriesPoint {
  double value = 0.0;
  int64_t finished_seconds = 0;  // since 1970, UTC
  std::string revision;          // of the source, as the report states it
  bool modified = false;
  std::string path;  // of the report
};

// One metric of one network of one experiment, on machines of one fingerprint:
// another machine starts another series.
struct Series {
  std::string experiment;  // ExperimentKey
  std::string candidate, metric, unit;
  bool less_is_better = true;
  std::string machine;              // fingerprint
  std::string device;               // in words
  std::vector<SeriesPoint> points;  // in the order they finished
};

// Empty texts match all; the others what contains them.
struct SeriesFilter {
  std::string metric, experiment, candidate, machine;
};

// Not thread-safe; several processes may use one database.
class History {
 public:
  // Makes the file and its folder where there is none. UNAVAILABLE: it cannot
  // be opened, or is busy for 10 s; FAILED_PRECONDITION: no database, or of
  // another version of this program.
  static absl::StatusOr<History> Open(const std::string& path);
  // As Open, for those who only read: NOT_FOUND where there is no file, and
  // none is made.
  static absl::StatusOr<History> OpenExisting(const std::string& path);
  History(History&&) noexcept;
  History& operator=(History&&) noexcept;
  ~History();

  // Reads the report files in and below `folder` (those that OpenReports would
  // find) that are new or changed, and forgets those that are gone. One
  // transaction: after an error or a kill the database is as before.
  absl::StatusOr<IndexCounts> IndexFolder(const std::string& folder);

  // Ordered by experiment, candidate, metric and machine.
  absl::StatusOr<std::vector<Series>> Find(const SeriesFilter& filter) const;

  struct MetricCount {
    std::string metric;
    int64_t series = 0, points = 0;
  };
  absl::StatusOr<std::vector<MetricCount>> Metrics() const;

 private:
  struct Database;
  explicit History(std::unique_ptr<Database> database);
  std::unique_ptr<Database> database_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_HISTORY_HISTORY_H_
