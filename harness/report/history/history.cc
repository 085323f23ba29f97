#include "harness/report/history/history.h"

#include <sqlite3.h>

#include <chrono>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"
#include "harness/report/history/metric_values.h"
#include "harness/report/index.h"
#include "harness/report/report.pb.h"
#include "harness/report/report_file.h"

namespace assay {
namespace {

// In the database's user_version. Raised when a table changes, or what is read
// from a report.
constexpr int kVersion = 2;

constexpr char kTables[] = R"(
  CREATE TABLE reports (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    bytes INTEGER NOT NULL,
    changed INTEGER NOT NULL,      -- nanoseconds, the file system's clock
    experiment TEXT NOT NULL,
    machine TEXT NOT NULL,
    device TEXT NOT NULL,
    revision TEXT NOT NULL,
    modified INTEGER NOT NULL,
    finished INTEGER NOT NULL,     -- seconds since 1970
    finished_nanos INTEGER NOT NULL
  );
  CREATE TABLE metrics (
    report INTEGER NOT NULL REFERENCES reports(id) ON DELETE CASCADE,
    candidate TEXT NOT NULL,
    metric TEXT NOT NULL,
    unit TEXT NOT NULL,
    less_is_better INTEGER NOT NULL,
    value REAL NOT NULL
  );
  CREATE INDEX metrics_by_report ON metrics(report);
  CREATE INDEX metrics_by_name ON metrics(metric);
)";

absl::Status Failure(sqlite3* db, absl::string_view what) {
  const std::string message = absl::StrCat(what, ": ", sqlite3_errmsg(db));
  switch (sqlite3_errcode(db)) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return absl::FailedPreconditionError(message);
    default:
      return absl::UnavailableError(message);
  }
}

absl::Status Execute(sqlite3* db, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK) {
    return absl::OkStatus();
  }
  return Failure(db, "history");
}

// A prepared statement. Values are bound and columns read from left to right.
class Statement {
 public:
  Statement(sqlite3* db, const char* sql) : db_(db) {
    prepared_ = sqlite3_prepare_v2(db, sql, -1, &statement_, nullptr);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  void Bind(absl::string_view text) {
    sqlite3_bind_text(statement_, ++bound_, text.data(),
                      static_cast<int>(text.size()), SQLITE_TRANSIENT);
  }
  void Bind(int64_t value) { sqlite3_bind_int64(statement_, ++bound_, value); }
  void Bind(double value) { sqlite3_bind_double(statement_, ++bound_, value); }

  // The next row; false after the last.
  absl::StatusOr<bool> Next() {
    if (prepared_ != SQLITE_OK) return Failure(db_, "history");
    column_ = -1;
    switch (sqlite3_step(statement_)) {
      case SQLITE_ROW:
        return true;
      case SQLITE_DONE:
        return false;
      default:
        return Failure(db_, "history");
    }
  }

  std::string Text() {
    const auto* text = sqlite3_column_text(statement_, ++column_);
    return text == nullptr ? "" : reinterpret_cast<const char*>(text);
  }
  int64_t Integer() { return sqlite3_column_int64(statement_, ++column_); }
  double Real() { return sqlite3_column_double(statement_, ++column_); }

  // Ready for the next values.
  void Reset() {
    sqlite3_reset(statement_);
    bound_ = 0;
  }

  // A statement without rows, with what is bound; then Reset.
  absl::Status Run() {
    const auto row = Next();
    Reset();
    return row.status();
  }

 private:
  sqlite3* const db_;
  sqlite3_stmt* statement_ = nullptr;
  int prepared_ = SQLITE_OK;
  int bound_ = 0, column_ = -1;
};

// Undone unless it is committed.
class Transaction {
 public:
  explicit Transaction(sqlite3* db) : db_(db) {}
  ~Transaction() {
    if (open_) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  absl::Status Begin() {
    ASSAY_RETURN_IF_ERROR(Execute(db_, "BEGIN IMMEDIATE"));
    open_ = true;
    return absl::OkStatus();
  }
  absl::Status Commit() {
    ASSAY_RETURN_IF_ERROR(Execute(db_, "COMMIT"));
    open_ = false;
    return absl::OkStatus();
  }

 private:
  sqlite3* const db_;
  bool open_ = false;
};

struct Stamp {
  int64_t bytes = 0, changed = 0;
};

absl::StatusOr<Stamp> StampOf(const std::string& path) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  if (!error) {
    const auto time = std::filesystem::last_write_time(path, error);
    if (!error) {
      return Stamp{static_cast<int64_t>(bytes),
                   std::chrono::duration_cast<std::chrono::nanoseconds>(
                       time.time_since_epoch())
                       .count()};
    }
  }
  return absl::UnavailableError(absl::StrCat(path, ": ", error.message()));
}

// The folder's reports go in and out of the tables; one object per call.
class Indexer {
 public:
  explicit Indexer(sqlite3* db)
      : db_(db),
        known_(db, "SELECT bytes, changed FROM reports WHERE path = ?"),
        forget_(db, "DELETE FROM reports WHERE path = ?"),
        add_report_(db,
                    "INSERT INTO reports (path, bytes, changed, experiment, "
                    "machine, device, revision, modified, finished, "
                    "finished_nanos) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
        add_metric_(db,
                    "INSERT INTO metrics (report, candidate, metric, unit, "
                    "less_is_better, value) VALUES (?, ?, ?, ?, ?, ?)") {}

  absl::Status File(const std::string& path, IndexCounts* counts) {
    const auto stamp = StampOf(path);
    if (!stamp.ok()) return Problem(path, stamp.status(), counts);
    ASSAY_ASSIGN_OR_RETURN(const bool same, IsKnown(path, *stamp));
    if (same) {
      ++counts->unchanged;
      return absl::OkStatus();
    }
    forget_.Bind(path);
    ASSAY_RETURN_IF_ERROR(forget_.Run());
    const auto report = ReadReport(path);
    if (!report.ok()) return Problem(path, report.status(), counts);
    ++counts->read;
    return Add(path, *stamp, *report);
  }

  absl::Status Forget(const std::string& path) {
    forget_.Bind(path);
    return forget_.Run();
  }

 private:
  static absl::Status Problem(const std::string& path,
                              const absl::Status& status, IndexCounts* counts) {
    counts->problems.push_back(absl::StrCat(path, ": ", status.message()));
    return absl::OkStatus();
  }

  absl::StatusOr<bool> IsKnown(const std::string& path, const Stamp& stamp) {
    known_.Bind(path);
    ASSAY_ASSIGN_OR_RETURN(const bool row, known_.Next());
    const bool same = row && known_.Integer() == stamp.bytes &&
                      known_.Integer() == stamp.changed;
    known_.Reset();
    return same;
  }

  absl::Status Add(const std::string& path, const Stamp& stamp,
                   const Report& report) {
    add_report_.Bind(path);
    add_report_.Bind(stamp.bytes);
    add_report_.Bind(stamp.changed);
    add_report_.Bind(ExperimentKey(report.identity()));
    add_report_.Bind(report.provenance().machine_fingerprint());
    add_report_.Bind(report.identity().device());
    add_report_.Bind(report.provenance().assay_revision());
    add_report_.Bind(int64_t{report.provenance().assay_modified()});
    add_report_.Bind(int64_t{report.finished().seconds()});
    add_report_.Bind(int64_t{report.finished().nanos()});
    ASSAY_RETURN_IF_ERROR(add_report_.Run());
    const int64_t id = sqlite3_last_insert_rowid(db_);
    for (const MetricValue& value : MetricValues(report)) {
      add_metric_.Bind(id);
      add_metric_.Bind(value.candidate);
      add_metric_.Bind(value.metric);
      add_metric_.Bind(value.unit);
      add_metric_.Bind(int64_t{value.less_is_better});
      add_metric_.Bind(value.value);
      ASSAY_RETURN_IF_ERROR(add_metric_.Run());
    }
    return absl::OkStatus();
  }

  sqlite3* const db_;
  Statement known_, forget_, add_report_, add_metric_;
};

// A pattern of LIKE for "contains", with its own characters taken literally.
std::string Containing(const std::string& text) {
  std::string pattern = "%";
  for (char c : text) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

bool SameSeries(const Series& a, const Series& b) {
  return a.experiment == b.experiment && a.candidate == b.candidate &&
         a.metric == b.metric && a.machine == b.machine;
}

}  // namespace

struct History::Database {
  sqlite3* db = nullptr;
  ~Database() { sqlite3_close(db); }

  absl::Status Prepare(const std::string& path) {
    sqlite3_busy_timeout(db, 10000);
    ASSAY_RETURN_IF_ERROR(Execute(db, "PRAGMA foreign_keys = ON"));
    Transaction transaction(db);
    ASSAY_RETURN_IF_ERROR(transaction.Begin());
    int64_t version = 0, tables = 0;
    {
      Statement ask(db,
                    "SELECT user_version, (SELECT count(*) FROM sqlite_master) "
                    "FROM pragma_user_version");
      ASSAY_ASSIGN_OR_RETURN(const bool row, ask.Next());
      if (row) {
        version = ask.Integer();
        tables = ask.Integer();
      }
    }
    if (tables == 0) {
      ASSAY_RETURN_IF_ERROR(Execute(db, kTables));
      ASSAY_RETURN_IF_ERROR(Execute(
          db, absl::StrCat("PRAGMA user_version = ", kVersion).c_str()));
    } else if (version != kVersion) {
      return absl::FailedPreconditionError(absl::StrCat(
          path, ": expected a history of version ", kVersion, ", got ", version,
          "; delete it and index the reports again"));
    }
    return transaction.Commit();
  }
};

absl::StatusOr<History> History::Open(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) ASSAY_RETURN_IF_ERROR(MakeFolders(folder));
  auto database = std::make_unique<Database>();
  if (sqlite3_open_v2(path.c_str(), &database->db,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                      nullptr) != SQLITE_OK) {
    return Failure(database->db, absl::StrCat("cannot open ", path));
  }
  ASSAY_RETURN_IF_ERROR(database->Prepare(path));
  return History(std::move(database));
}

absl::StatusOr<History> History::OpenExisting(const std::string& path) {
  if (!FileExists(path)) {
    return absl::NotFoundError(absl::StrCat(path, ": there is no history"));
  }
  return Open(path);
}

History::History(std::unique_ptr<Database> database)
    : database_(std::move(database)) {}
History::History(History&&) noexcept = default;
History& History::operator=(History&&) noexcept = default;
History::~History() = default;

absl::StatusOr<IndexCounts> History::IndexFolder(const std::string& folder) {
  IndexCounts counts;
  std::error_code error;
  const std::string root =
      std::filesystem::weakly_canonical(folder, error).string();
  ASSAY_ASSIGN_OR_RETURN(const std::vector<std::string> paths,
                         FindReportFiles(root, &counts.problems));
  Transaction transaction(database_->db);
  ASSAY_RETURN_IF_ERROR(transaction.Begin());
  Indexer indexer(database_->db);
  for (const std::string& path : paths) {
    ASSAY_RETURN_IF_ERROR(indexer.File(path, &counts));
  }
  const std::set<std::string> present(paths.begin(), paths.end());
  std::vector<std::string> gone;
  {
    Statement all(database_->db,
                  "SELECT path FROM reports WHERE substr(path, 1, ?) = ?");
    const std::string below = absl::StrCat(root, "/");
    all.Bind(static_cast<int64_t>(below.size()));
    all.Bind(below);
    for (;;) {
      ASSAY_ASSIGN_OR_RETURN(const bool row, all.Next());
      if (!row) break;
      std::string path = all.Text();
      if (present.count(path) == 0) gone.push_back(std::move(path));
    }
  }
  for (const std::string& path : gone) {
    ASSAY_RETURN_IF_ERROR(indexer.Forget(path));
  }
  counts.gone = static_cast<int64_t>(gone.size());
  ASSAY_RETURN_IF_ERROR(transaction.Commit());
  return counts;
}

absl::StatusOr<std::vector<Series>> History::Find(
    const SeriesFilter& filter) const {
  Statement select(
      database_->db,
      "SELECT experiment, candidate, metric, unit, less_is_better, machine, "
      "device, value, finished, revision, modified, path "
      "FROM metrics JOIN reports ON reports.id = metrics.report "
      "WHERE metric LIKE ? ESCAPE '\\' AND experiment LIKE ? ESCAPE '\\' "
      "AND candidate LIKE ? ESCAPE '\\' AND machine LIKE ? ESCAPE '\\' "
      "ORDER BY experiment, candidate, metric, machine, finished, "
      "finished_nanos, path");
  for (const std::string* text : {&filter.metric, &filter.experiment,
                                  &filter.candidate, &filter.machine}) {
    select.Bind(Containing(*text));
  }
  std::vector<Series> found;
  for (;;) {
    ASSAY_ASSIGN_OR_RETURN(const bool row, select.Next());
    if (!row) return found;
    Series series;
    series.experiment = select.Text();
    series.candidate = select.Text();
    series.metric = select.Text();
    series.unit = select.Text();
    series.less_is_better = select.Integer() != 0;
    series.machine = select.Text();
    series.device = select.Text();
    SeriesPoint point;
    point.value = select.Real();
    point.finished_seconds = select.Integer();
    point.revision = select.Text();
    point.modified = select.Integer() != 0;
    point.path = select.Text();
    if (found.empty() || !SameSeries(found.back(), series)) {
      found.push_back(std::move(series));
    }
    found.back().points.push_back(std::move(point));
  }
}

absl::StatusOr<std::vector<History::MetricCount>> History::Metrics() const {
  Statement select(
      database_->db,
      "SELECT metric, count(DISTINCT experiment || char(10) || candidate || "
      "char(10) || machine), count(*) "
      "FROM metrics JOIN reports ON reports.id = metrics.report "
      "GROUP BY metric ORDER BY metric");
  std::vector<MetricCount> counts;
  for (;;) {
    ASSAY_ASSIGN_OR_RETURN(const bool row, select.Next());
    if (!row) return counts;
    MetricCount& count = counts.emplace_back();
    count.metric = select.Text();
    count.series = select.Integer();
    count.points = select.Integer();
  }
}

}  // namespace assay
