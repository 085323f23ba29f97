#include "harness/sweep/status_file.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "google/protobuf/util/json_util.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"
#include "harness/host/run_spec.pb.h"
#include "harness/report/check.h"
#include "harness/report/report.pb.h"
#include "harness/sweep/status.pb.h"
#include "harness/sweep/suite.h"

namespace assay {
namespace {

namespace json = google::protobuf::util;

void Stamp(google::protobuf::Timestamp* time) {
  const int64_t ns = absl::ToUnixNanos(absl::Now());
  time->set_seconds(ns / 1000000000);
  time->set_nanos(static_cast<int32_t>(ns % 1000000000));
}

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof(name) - 1) == 0 ? name : "";
}

const QualityRecord* TestQuality(const CandidateRecord& candidate) {
  for (const QualityRecord& quality : candidate.quality()) {
    if (quality.split() == "test" && HasValue(quality.availability())) {
      return &quality;
    }
  }
  return nullptr;
}

void Summarise(const Report& report, RunStatus* run) {
  const Outcome& outcome = report.outcome();
  run->set_status(Outcome::Status_Name(outcome.status()));
  if (outcome.status() != Outcome::OK) {
    run->set_stage(Outcome::Stage_Name(outcome.stage()));
    run->set_message(outcome.message());
  }
  const MachineRecord& machine = report.machine();
  if (machine.verdict() != MachineRecord::VERDICT_UNSPECIFIED) {
    run->set_verdict(MachineRecord::Verdict_Name(machine.verdict()));
  }
  for (const MachineReason& reason : machine.reasons()) {
    run->add_reasons(reason.code());
  }
  for (const CandidateRecord& candidate : report.candidates()) {
    const QualityRecord* quality = TestQuality(candidate);
    if (quality == nullptr) continue;
    NetworkStatus* network = run->add_candidates();
    network->set_name(candidate.name());
    network->set_metric(quality->metric());
    network->set_unit(quality->unit());
    network->set_value(quality->value());
    network->set_low(quality->interval().low());
    network->set_high(quality->interval().high());
    network->set_budgets_met(
        std::all_of(candidate.budgets().begin(), candidate.budgets().end(),
                    [](const BudgetRecord& budget) { return budget.met(); }));
  }
}

template <typename Message>
absl::StatusOr<Message> ReadJson(const std::string& path) {
  ASSAY_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  json::JsonParseOptions options;
  options.ignore_unknown_fields = true;  // of a newer program
  Message message;
  const auto parsed = json::JsonStringToMessage(text, &message, options);
  if (parsed.ok()) return message;
  return absl::DataLossError(
      absl::StrCat(path, ": ", std::string(parsed.message())));
}

}  // namespace

StatusFile::StatusFile(std::string folder, absl::Span<const RunSpec> specs)
    : folder_(std::move(folder)), status_(std::make_unique<SweepStatus>()) {
  status_->set_state(SweepStatus::RUNNING);
  status_->set_host(HostName());
  status_->set_pid(getpid());
  Stamp(status_->mutable_started());
  for (const RunSpec& spec : specs) {
    status_->set_suite(spec.suite());
    RunStatus* run = status_->add_runs();
    run->set_name(absl::StrCat(spec.label(), " on ", spec.task(), ", seed ",
                               spec.seed()));
    run->set_folder(RunFolder(spec));
    run->set_state(RunStatus::WAITING);
  }
}

StatusFile::~StatusFile() = default;

absl::Status StatusFile::Started(size_t run) {
  RunStatus* status = status_->mutable_runs(static_cast<int>(run));
  status->set_state(RunStatus::RUNNING);
  Stamp(status->mutable_started());
  return Write();
}

absl::Status StatusFile::Ended(size_t run, const Report& report,
                               bool had_report) {
  RunStatus* status = status_->mutable_runs(static_cast<int>(run));
  status->set_state(had_report ? RunStatus::HAD_REPORT : RunStatus::ENDED);
  Stamp(status->mutable_finished());
  Summarise(report, status);
  return Write();
}

absl::Status StatusFile::EndedWithoutReport(size_t run,
                                            const absl::Status& why) {
  RunStatus* status = status_->mutable_runs(static_cast<int>(run));
  status->set_state(RunStatus::NO_REPORT);
  Stamp(status->mutable_finished());
  status->set_message(std::string(why.message()));
  return Write();
}

absl::Status StatusFile::Finished(bool stopped) {
  status_->set_state(stopped ? SweepStatus::STOPPED : SweepStatus::DONE);
  return Write();
}

absl::Status StatusFile::Write() {
  Stamp(status_->mutable_updated());
  json::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string text;
  const auto printed = json::MessageToJsonString(*status_, &text, options);
  if (!printed.ok()) {
    return absl::InternalError(
        absl::StrCat(kStatusFile, ": ", std::string(printed.message())));
  }
  return WriteFileAtomically(JoinPath(folder_, kStatusFile), text);
}

absl::StatusOr<SweepStatus> ReadSweepStatus(const std::string& folder) {
  return ReadJson<SweepStatus>(JoinPath(folder, kStatusFile));
}

absl::StatusOr<PhaseStatus> ReadPhaseStatus(const std::string& folder) {
  return ReadJson<PhaseStatus>(JoinPath(folder, kProgressFile));
}

}  // namespace assay
