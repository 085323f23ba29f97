#include "harness/cli/bisect_run.h"

#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "harness/cli/git.h"
#include "harness/core/file.h"
#include "harness/core/hash.h"
#include "harness/core/status_macros.h"
#include "harness/host/process/child_process.h"

namespace assay {
namespace {

constexpr int kSkip = 125;  // as git bisect run has it
constexpr int kAbort = 128;

class Bisection {
 public:
  Bisection(const BisectRunOptions& options,
            absl::Span<const std::string> commits)
      : options_(options),
        commits_(commits),
        verdicts_(JoinPath(options.folder, "verdicts")),
        tree_(JoinPath(options.folder, "tree")),
        identity_(Sha256Hex(absl::StrCat(options.command, "\n",
                                         options.measured ? "metric" : "exit",
                                         "\n", absl::StrJoin(commits, "\n")))) {
  }

  absl::StatusOr<BisectStep> Run() {
    ASSAY_RETURN_IF_ERROR(MakeFolders(options_.folder));
    ASSAY_RETURN_IF_ERROR(ReadVerdicts());
    for (;;) {
      ASSAY_ASSIGN_OR_RETURN(const ValuesByCommit values, Values());
      std::string next = UnknownEnd(values);
      if (next.empty()) {
        ASSAY_ASSIGN_OR_RETURN(BisectStep step,
                               NextToMeasure(commits_, values, skipped_));
        if (step.next.empty()) {
          ASSAY_RETURN_IF_ERROR(Finish());
          return step;
        }
        options_.say(absl::StrCat(step.suspects, " suspects, next ",
                                  step.next.substr(0, 12)));
        next = step.next;
      }
      ASSAY_RETURN_IF_ERROR(Judge(next));
    }
  }

 private:
  // The file's first line says what is bisected; the others "COMMIT CODE".
  absl::Status ReadVerdicts() {
    if (!FileExists(verdicts_)) return absl::OkStatus();
    ASSAY_ASSIGN_OR_RETURN(const std::string text, ReadFile(verdicts_));
    std::vector<std::string> lines =
        absl::StrSplit(text, '\n', absl::SkipEmpty());
    if (lines.empty() || lines[0] != identity_) {
      return absl::FailedPreconditionError(absl::StrCat(
          verdicts_,
          ": of another command or other commits; remove its folder, or name "
          "another one with --work"));
    }
    for (size_t i = 1; i < lines.size(); ++i) {
      const std::vector<std::string> words = absl::StrSplit(lines[i], ' ');
      int code = 0;
      if (words.size() != 2 || !absl::SimpleAtoi(words[1], &code)) {
        return absl::DataLossError(absl::StrCat(
            verdicts_, ": expected a commit and a code, got '", lines[i], "'"));
      }
      Take(words[0], code);
    }
    return absl::OkStatus();
  }

  void Take(const std::string& commit, int code) {
    codes_[commit] = code;
    // A metric has no value where the command failed.
    if (code == kSkip || (options_.measured && code != 0)) {
      skipped_.insert(commit);
    }
  }

  absl::Status WriteVerdicts() const {
    std::string text = absl::StrCat(identity_, "\n");
    for (const auto& [commit, code] : codes_) {
      absl::StrAppend(&text, commit, " ", code, "\n");
    }
    return WriteFileAtomically(verdicts_, text);
  }

  absl::StatusOr<ValuesByCommit> Values() const {
    if (options_.measured) return options_.measured("");
    ValuesByCommit values;
    for (const auto& [commit, code] : codes_) {
      if (code != kSkip) values[commit] = {code == 0 ? 0.0 : 1.0};
    }
    values[commits_.front()] = {0.0};
    values[commits_.back()] = {1.0};
    return values;
  }

  // An end without a value, or empty.
  std::string UnknownEnd(const ValuesByCommit& values) const {
    for (const std::string& end : {commits_.front(), commits_.back()}) {
      if (values.count(end) == 0 && skipped_.count(end) == 0) return end;
    }
    return "";
  }

  absl::Status Judge(const std::string& commit) {
    ASSAY_RETURN_IF_ERROR(CheckOut(options_.repository, commit, tree_));
    const std::string reports = JoinPath(options_.folder, commit);
    ASSAY_RETURN_IF_ERROR(MakeFolders(reports));
    ChildOptions child;
    child.arguments = {"/bin/sh",
                       "-c",
                       "cd \"$1\" && export ASSAY_BISECT_OUT=\"$2\" && "
                       "eval \"$3\"",
                       "sh",
                       tree_,
                       reports,
                       options_.command};
    child.log_path = absl::StrCat(reports, ".log");
    child.network = true;
    child.stop = options_.stop;
    ASSAY_ASSIGN_OR_RETURN(const ChildResult ended, RunChild(child));
    if (ended.end == ChildEnd::kStopped) {
      return absl::CancelledError("interrupted; the same command goes on");
    }
    if (ended.end != ChildEnd::kExited || ended.exit_code >= kAbort) {
      return absl::FailedPreconditionError(
          absl::StrCat("the command at ", commit, " ", Describe(ended),
                       "; its output is in ", child.log_path));
    }
    if (options_.measured && ended.exit_code == 0) {
      ASSAY_ASSIGN_OR_RETURN(const ValuesByCommit values,
                             options_.measured(reports));
      if (values.count(commit) == 0) {
        return absl::FailedPreconditionError(
            absl::StrCat("the command at ", commit,
                         " ended well and left no report with "
                         "the metric in ",
                         reports, " ($ASSAY_BISECT_OUT)"));
      }
    }
    Take(commit, ended.exit_code);
    options_.say(absl::StrCat(commit.substr(0, 12), " exit code ",
                              ended.exit_code,
                              ended.exit_code == kSkip ? ", skipped" : ""));
    return WriteVerdicts();
  }

  absl::Status Finish() const {
    if (!FileExists(JoinPath(tree_, ".git"))) return absl::OkStatus();
    return RemoveTree(options_.repository, tree_);
  }

  const BisectRunOptions& options_;
  const absl::Span<const std::string> commits_;
  const std::string verdicts_, tree_, identity_;
  std::map<std::string, int> codes_;
  std::set<std::string> skipped_;
};

}  // namespace

absl::StatusOr<BisectStep> RunBisect(const BisectRunOptions& options,
                                     absl::Span<const std::string> commits) {
  return Bisection(options, commits).Run();
}

}  // namespace assay
