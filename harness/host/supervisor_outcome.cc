#include "harness/host/supervisor_outcome.h"

#include <signal.h>
#include <string.h>

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/host/compress_result.pb.h"
#include "harness/host/run_files.h"
#include "harness/host/stage.h"
#include "harness/report/check.h"

namespace assay {
namespace {

// Bytes of the UTF-8 character at the start of `text`; 0 when there is none.
size_t CharacterLength(absl::string_view text) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto follows = [&](size_t i) { return (byte(i) & 0xc0u) == 0x80u; };
  const unsigned first = byte(0);
  if (first < 0x80u) return 1;
  if (first >= 0xc2u && first <= 0xdfu) return follows(1) ? 2 : 0;
  if (first >= 0xe0u && first <= 0xefu) {
    const bool overlong = first == 0xe0u && byte(1) < 0xa0u;
    const bool surrogate = first == 0xedu && byte(1) > 0x9fu;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xf0u && first <= 0xf4u) {
    const bool overlong = first == 0xf0u && byte(1) < 0x90u;
    const bool beyond = first == 0xf4u && byte(1) > 0x8fu;
    return follows(1) && follows(2) && follows(3) && !overlong && !beyond ? 4
                                                                          : 0;
  }
  return 0;
}

std::string SignalName(int signal) {
  const char* name = sigabbrev_np(signal);
  return name == nullptr ? absl::StrCat("signal ", signal)
                         : absl::StrCat("SIG", name);
}

// The words with which memory that is gone is announced: by the C++ library,
// by the system, by Tensor.
bool SpeaksOfMemory(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    for (const char* words :
         {"bad_alloc", "out of memory", "Out of memory", "memory is exhausted",
          "memory exhausted", "Cannot allocate memory"}) {
      if (absl::StrContains(line, words)) return true;
    }
  }
  return false;
}

void Place(const ChildResult& child, Outcome::Stage stage, Outcome* outcome) {
  StagePlace place = ParseStage(child.stage);
  outcome->set_stage(place.stage == Outcome::STAGE_UNSPECIFIED ? stage
                                                               : place.stage);
  outcome->set_hook(Printable(place.hook, 200));
}

void AddLines(const ChildResult& child, Outcome* outcome) {
  outcome->clear_last_log_lines();
  for (const std::string& line : child.last_lines) {
    outcome->add_last_log_lines(Printable(line));
  }
}

// Endings that say the same of every process. False: it exited with code 0.
bool EndedEarly(absl::string_view process, const ChildResult& child,
                Outcome* outcome) {
  const auto say = [&](Outcome::Status status) {
    outcome->set_status(status);
    outcome->set_message(
        Printable(absl::StrCat("the ", process, " process ", Describe(child))));
  };
  switch (child.end) {
    case ChildEnd::kStopped:
      say(Outcome::ABORTED);
      return true;
    case ChildEnd::kTimedOut:
      say(Outcome::TIMED_OUT);
      return true;
    case ChildEnd::kSignalled:
      outcome->set_signal(child.signal);
      outcome->set_signal_name(SignalName(child.signal));
      // The supervisor sends SIGKILL after a limit or a stop only; otherwise
      // it is the kernel's answer to memory that is gone.
      say(child.signal == SIGKILL || SpeaksOfMemory(child.last_lines)
              ? Outcome::OUT_OF_MEMORY
              : Outcome::CRASHED);
      return true;
    case ChildEnd::kExited:
      break;
  }
  if (child.exit_code == 0) return false;
  outcome->set_exit_code(child.exit_code);
  say(Outcome::EXITED);
  return true;
}

bool IsCompressStatus(Outcome::Status status) {
  switch (status) {
    case Outcome::OK:
    case Outcome::METHOD_ERROR:
    case Outcome::INVALID_SUBMISSION:
    case Outcome::UNSUPPORTED:
    case Outcome::ABORTED:
    case Outcome::OUT_OF_MEMORY:
    case Outcome::HARNESS_ERROR:
      return true;
    default:
      return false;
  }
}

absl::Status CheckFolderName(const Submission& submission) {
  const std::string& folder = submission.folder();
  const std::string prefix = absl::StrCat(kArtifactsFolder, "/");
  const absl::string_view name = folder;
  const bool good =
      absl::StartsWith(folder, prefix) && folder.size() > prefix.size() &&
      folder.size() < 200 && folder.find('\0') == std::string::npos &&
      !absl::StrContains(name.substr(prefix.size()), "/") &&
      name.substr(prefix.size()) != ".." && name.substr(prefix.size()) != ".";
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "submission for budget ", submission.budget(), ": expected a folder \"",
      prefix, "NAME\", got \"", Printable(folder, 100), "\""));
}

// What of the result goes into the report, as a report of its own.
absl::Status CheckNumbers(const CompressResult& result) {
  Report report;
  report.set_schema(kReportSchema);
  report.mutable_identity()->set_method("method");
  report.mutable_identity()->set_task("task");
  *report.mutable_outcome() = result.outcome();
  *report.mutable_ledger() = result.ledger();
  *report.mutable_overhead()->mutable_phases() = result.phases();
  for (const PhaseRecord& phase : result.phases()) {
    if (phase.seconds() < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("phase ", phase.name(), ": expected seconds >= 0, got ",
                       phase.seconds()));
    }
  }
  return CheckWellFormed(report);
}

}  // namespace

absl::Status CheckCompressResult(const CompressResult& result,
                                 int budget_count) {
  if (!IsCompressStatus(result.outcome().status())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the compress process may not state ",
        Outcome::Status_Name(result.outcome().status()), " of itself"));
  }
  ASSAY_RETURN_IF_ERROR(CheckNumbers(result));
  std::set<int> seen;
  for (const Submission& submission : result.submissions()) {
    ASSAY_RETURN_IF_ERROR(CheckFolderName(submission));
    const int last = std::max(budget_count, 1) - 1;
    if (submission.budget() < 0 || submission.budget() > last) {
      return absl::InvalidArgumentError(absl::StrCat("submission for budget ",
                                                     submission.budget(),
                                                     ": expected 0 to ", last));
    }
    if (!seen.insert(submission.budget()).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("two submissions for budget ", submission.budget()));
    }
  }
  return absl::OkStatus();
}

Outcome CompressOutcome(const ChildResult& child, const absl::Status& read,
                        const CompressResult& result, int budget_count) {
  Outcome outcome;
  Place(child, Outcome::LOAD, &outcome);
  AddLines(child, &outcome);
  if (EndedEarly("compress", child, &outcome)) return outcome;
  if (absl::IsNotFound(read)) {
    outcome.set_status(Outcome::EXITED);
    outcome.set_message(
        "the compress process exited with code 0 and left no result; a plugin "
        "must return, not exit");
    return outcome;
  }
  if (!read.ok()) {
    outcome.set_status(Outcome::INVALID_SUBMISSION);
    outcome.set_stage(Outcome::SUBMIT);
    outcome.set_message(Printable(read.message()));
    outcome.set_code(absl::StatusCodeToString(read.code()));
    return outcome;
  }
  outcome = result.outcome();
  AddLines(child, &outcome);
  const int expected = std::max(budget_count, 1);
  if (outcome.status() == Outcome::OK && result.submissions_size() < expected) {
    outcome.set_status(Outcome::INVALID_SUBMISSION);
    outcome.set_stage(Outcome::SUBMIT);
    outcome.set_message(absl::StrCat(
        "the method returned without error: expected a candidate for each of ",
        expected, " budgets, got ", result.submissions_size()));
  }
  return outcome;
}

Outcome TrustedOutcome(const ChildResult& child, const absl::Status& read,
                       const Outcome& said, Outcome::Stage stage) {
  Outcome outcome;
  const absl::string_view process =
      stage == Outcome::PREPARE ? "train" : "score";
  const bool early = EndedEarly(process, child, &outcome);
  if (!early && read.ok()) {
    outcome = said;
  } else if (!early) {
    outcome.set_status(Outcome::HARNESS_ERROR);
    outcome.set_code(absl::StatusCodeToString(read.code()));
    outcome.set_message(Printable(read.message()));
  } else if (outcome.status() == Outcome::CRASHED ||
             outcome.status() == Outcome::EXITED) {
    outcome.set_status(Outcome::HARNESS_ERROR);
  }
  if (early || !read.ok()) Place(child, stage, &outcome);
  if (outcome.status() != Outcome::OK) AddLines(child, &outcome);
  return outcome;
}

Outcome OutcomeOf(const absl::Status& error, Outcome::Status status,
                  Outcome::Stage stage) {
  Outcome outcome;
  outcome.set_status(status);
  if (absl::IsCancelled(error)) outcome.set_status(Outcome::ABORTED);
  if (absl::IsUnimplemented(error)) outcome.set_status(Outcome::UNSUPPORTED);
  outcome.set_stage(stage);
  outcome.set_message(Printable(error.message()));
  outcome.set_code(absl::StatusCodeToString(error.code()));
  return outcome;
}

std::string Printable(absl::string_view text, size_t longest) {
  std::string good;
  while (!text.empty() && good.size() < longest) {
    const size_t length = CharacterLength(text);
    if (length == 0) {
      good += '?';
      text.remove_prefix(1);
    } else {
      good.append(text.data(), length);
      text.remove_prefix(length);
    }
  }
  return good;
}

}  // namespace assay
