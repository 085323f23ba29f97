#include "harness/report/index.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "harness/core/hash.h"
#include "harness/core/status_macros.h"
#include "harness/report/report_file.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

bool IsReportName(const std::string& name) {
  for (const char* ending : {"report.pb", "report.textproto", "report.json"}) {
    if (name == ending || absl::EndsWith(name, absl::StrCat(".", ending))) {
      return true;
    }
  }
  return false;
}

void Read(const std::string& path, ReportIndex* index) {
  auto report = ReadReport(path);
  if (report.ok()) {
    index->reports.push_back({path, *std::move(report)});
  } else {
    index->unread.push_back({path, report.status()});
  }
}

}  // namespace

absl::StatusOr<std::vector<std::string>> FindReportFiles(
    const std::string& folder, std::vector<std::string>* problems) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    return absl::NotFoundError(
        absl::StrCat(folder, ": expected a folder, found none"));
  }
  std::vector<std::string> paths;
  fs::recursive_directory_iterator it(
      folder, fs::directory_options::skip_permission_denied, error);
  for (const fs::recursive_directory_iterator end; !error && it != end;
       it.increment(error)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored) && !it->is_symlink(ignored) &&
        IsReportName(it->path().filename())) {
      paths.push_back(it->path());
    }
  }
  if (error) {
    problems->push_back(absl::StrCat("list ", folder, ": ", error.message()));
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

absl::StatusOr<ReportIndex> OpenReports(const std::string& path) {
  ReportIndex index;
  std::error_code error;
  if (fs::is_directory(path, error)) {
    std::vector<std::string> problems;
    ASSAY_ASSIGN_OR_RETURN(const std::vector<std::string> paths,
                           FindReportFiles(path, &problems));
    for (const std::string& one : paths) Read(one, &index);
    for (const std::string& problem : problems) {
      index.unread.push_back({path, absl::UnavailableError(problem)});
    }
    if (index.reports.empty() && index.unread.empty()) {
      return absl::NotFoundError(absl::StrCat(
          path,
          ": expected reports (report.pb, NAME.report.textproto, ...), "
          "found none"));
    }
    return index;
  }
  if (!fs::exists(path, error)) {
    return absl::NotFoundError(
        absl::StrCat(path, ": expected a report or a folder, found none"));
  }
  auto report = ReadReport(path);
  if (!report.ok()) return report.status();
  index.reports.push_back({path, *std::move(report)});
  return index;
}

std::string ExperimentKey(const RunIdentity& identity) {
  std::string asked;
  for (const KeyValue& setting : identity.method_settings()) {
    absl::StrAppend(&asked, setting.key(), "=", setting.value(), "\n");
  }
  for (const std::string& budget : identity.budgets()) {
    absl::StrAppend(&asked, budget, "\n");
  }
  if (!identity.network_sha256().empty()) {
    absl::StrAppend(&asked, "network ", identity.network_sha256(), "\n");
  }
  std::string method = identity.method();
  if (!identity.label().empty() && identity.label() != method) {
    absl::StrAppend(&method, "/", identity.label());
  }
  return absl::StrCat(method, " ", identity.task(), " ", identity.backend(),
                      " seed ", identity.seed(), " ",
                      Sha256Hex(asked).substr(0, 8));
}

}  // namespace assay
