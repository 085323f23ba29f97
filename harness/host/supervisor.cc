#include "harness/host/supervisor.h"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "harness/core/file.h"
#include "harness/core/hash.h"
#include "harness/core/status_macros.h"
#include "harness/host/process/child_process.h"
#include "harness/host/process_energy.h"
#include "harness/host/provenance.h"
#include "harness/host/run_files.h"
#include "harness/host/supervisor_outcome.h"
#include "harness/host/supervisor_report.h"
#include "harness/host/trained_references.h"
#include "harness/measure/clock.h"
#include "harness/measure/energy/meter.h"
#include "harness/report/report_file.h"

namespace assay {
namespace {

absl::StatusOr<std::string> ExecutableOf(const SuperviseOptions& options) {
  if (!options.executable.empty()) return options.executable;
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  if (length <= 0 || length == sizeof(path)) {
    return absl::UnavailableError("cannot read the link /proc/self/exe");
  }
  return std::string(path, static_cast<size_t>(length));
}

absl::Status Remove(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot remove ", path, ": ", error.message()));
}

// What an earlier attempt left: a report there would count as this run's.
absl::Status ClearFolder(const std::string& folder) {
  ASSAY_RETURN_IF_ERROR(MakeFolders(folder));
  for (const char* name :
       {kReportFile, kSpecFile, kTrainResultFile, kCompressResultFile,
        kScoreRequestFile, kScoreResultFile, kArtifactsFolder, kTwinFolder}) {
    ASSAY_RETURN_IF_ERROR(Remove(JoinPath(folder, name)));
  }
  return MakeFolders(JoinPath(folder, kArtifactsFolder));
}

// The smaller of two limits of which 0 is none.
double Tighter(double a, double b) {
  if (a <= 0) return std::max(b, 0.0);
  return b <= 0 ? a : std::min(a, b);
}

class Run {
 public:
  Run(const RunSpec& spec, const SuperviseOptions& options,
      std::string executable)
      : options_(options), executable_(std::move(executable)) {
    record_.spec = spec;
    record_.started = absl::Now();
  }

  // Until a step ends the run; record().outcome says how.
  void Go() {
    record_.outcome.set_status(Outcome::OK);
    record_.outcome.set_stage(Outcome::DONE);
    record_.provenance = CollectProvenance(executable_);
    HashPlugin();
    if (good()) Train();
    if (good()) Compress();
    const Outcome::Status status = record_.outcome.status();
    const bool worth_scoring = record_.compress_believed &&
                               record_.compress.submissions_size() > 0 &&
                               (good() || status == Outcome::METHOD_ERROR ||
                                status == Outcome::INVALID_SUBMISSION);
    if (worth_scoring && record_.spec.measure().audit()) CompressTwin();
    if (worth_scoring) Score();
    record_.finished = absl::Now();
  }

  const RunRecord& record() const { return record_; }

 private:
  bool good() const { return record_.outcome.status() == Outcome::OK; }
  std::string In(const char* name) const {
    return JoinPath(record_.spec.output_dir(), name);
  }

  // Before foreign code runs, which could change its own file.
  void HashPlugin() {
    auto hash = Sha256OfFile(record_.spec.plugin_path());
    if (hash.ok()) {
      record_.plugin_sha256 = *std::move(hash);
      return;
    }
    record_.outcome = OutcomeOf(
        absl::Status(hash.status().code(),
                     absl::StrCat("plugin of method ", record_.spec.method(),
                                  ": ", hash.status().message())),
        Outcome::HARNESS_ERROR, Outcome::LOAD);
  }

  ChildOptions Child(const char* command, const char* argument,
                     const char* log) const {
    ChildOptions child;
    child.arguments = {executable_, command, In(argument)};
    child.log_path = In(log);
    child.stop = options_.stop;
    return child;
  }

  // Null when it could not even be started; the outcome then says so.
  const ChildResult* Start(const ChildOptions& child, Outcome::Stage stage,
                           std::optional<ChildResult>* result) {
    auto ended = RunChild(child);
    if (!ended.ok()) {
      record_.outcome =
          OutcomeOf(ended.status(), Outcome::HARNESS_ERROR, stage);
      return nullptr;
    }
    return &result->emplace(*std::move(ended));
  }

  void Train() {
    TrainedReferences* trained = options_.trained;
    if (trained != nullptr && trained->Find(record_.spec) != nullptr) {
      record_.train = *trained->Find(record_.spec);
    } else {
      TrainInProcess();
      if (trained != nullptr && good()) {
        trained->Remember(record_.spec, record_.train);
      }
    }
    if (good()) ShareVerifiedFiles();
  }

  // What the train process has verified, before foreign code ran, the next ones
  // need not hash; they see for themselves whether it has been touched since.
  void ShareVerifiedFiles() {
    *record_.spec.mutable_verified_files() = record_.train.verified_files();
    const absl::Status written = WriteRunSpec(In(kSpecFile), record_.spec);
    if (written.ok()) return;
    record_.outcome =
        OutcomeOf(written, Outcome::HARNESS_ERROR, Outcome::PREPARE);
  }

  void TrainInProcess() {
    ChildOptions child = Child("internal-train", kSpecFile, "train.log");
    child.seconds = options_.train_seconds;
    const ChildResult* ended =
        Start(child, Outcome::PREPARE, &record_.train_child);
    if (ended == nullptr) return;
    const absl::Status read = ReadMessage(In(kTrainResultFile), &record_.train);
    if (!read.ok()) record_.train.Clear();
    record_.outcome =
        TrustedOutcome(*ended, read, record_.train.outcome(), Outcome::PREPARE);
  }

  // Foreign code, under the run's limits; works in `folder`.
  ChildOptions CompressChild(const std::string& folder) const {
    const RunSpec& spec = record_.spec;
    ChildOptions child;
    child.arguments = {executable_, "internal-compress",
                       JoinPath(folder, kSpecFile)};
    child.log_path = JoinPath(folder, "compress.log");
    child.stop = options_.stop;
    child.seconds = Tighter(spec.limits().seconds(), spec.training().seconds());
    child.memory_bytes = spec.limits().memory_bytes();
    child.processes = spec.limits().processes();
    child.file_bytes = options_.file_bytes;
    return child;
  }

  void Compress() {
    const RunSpec& spec = record_.spec;
    const ChildOptions child = CompressChild(spec.output_dir());
    MeterEnvironment meters;
    meters.external.assign(spec.external_meters().begin(),
                           spec.external_meters().end());
    ProcessEnergy energy(OpenMeters(meters), MonotonicClock());
    const ChildResult* ended =
        Start(child, Outcome::LOAD, &record_.compress_child);
    energy.Finish(&record_.compress_energy);
    if (ended == nullptr) return;
    absl::Status read = ReadMessage(In(kCompressResultFile), &record_.compress);
    if (read.ok()) {
      read = CheckCompressResult(record_.compress, spec.budgets_size());
    }
    record_.compress_believed =
        read.ok() && ended->end == ChildEnd::kExited && ended->exit_code == 0;
    record_.outcome =
        CompressOutcome(*ended, read, record_.compress, spec.budgets_size());
    if (!record_.compress_believed) record_.compress.Clear();
  }

  // The method once more, on the task's twin. Whatever becomes of it is a
  // finding of the audit, not of the run.
  void CompressTwin() {
    TwinRun& twin = record_.twin.emplace();
    twin.set_folder(kTwinFolder);
    RunSpec spec = record_.spec;
    spec.set_output_dir(In(kTwinFolder));
    spec.set_twin(true);
    CompressResult result;
    *twin.mutable_outcome() = OutcomeOfTwin(spec, &result);
    if (twin.outcome().status() == Outcome::OK) {
      *twin.mutable_submissions() = result.submissions();
      *record_.twin_phases.mutable_phases() = result.phases();
    }
  }

  Outcome OutcomeOfTwin(const RunSpec& spec, CompressResult* result) {
    absl::Status written = ClearFolder(spec.output_dir());
    if (written.ok()) {
      written = WriteRunSpec(JoinPath(spec.output_dir(), kSpecFile), spec);
    }
    if (!written.ok()) {
      return OutcomeOf(written, Outcome::HARNESS_ERROR, Outcome::PREPARE);
    }
    auto ended = RunChild(CompressChild(spec.output_dir()));
    if (!ended.ok()) {
      return OutcomeOf(ended.status(), Outcome::HARNESS_ERROR, Outcome::LOAD);
    }
    record_.twin_child = *std::move(ended);
    absl::Status read =
        ReadMessage(JoinPath(spec.output_dir(), kCompressResultFile), result);
    if (read.ok()) read = CheckCompressResult(*result, spec.budgets_size());
    return CompressOutcome(*record_.twin_child, read, *result,
                           spec.budgets_size());
  }

  // An outcome that compressing left is kept: what was submitted before an
  // error is scored all the same.
  void Score() {
    ScoreRequest request;
    *request.mutable_spec() = record_.spec;
    *request.mutable_submissions() = record_.compress.submissions();
    *request.mutable_reference() = record_.train.reference();
    *request.mutable_spent() = record_.compress.ledger();
    if (record_.twin.has_value()) *request.mutable_twin() = *record_.twin;
    // Foreign code may have put files there under these names.
    absl::Status written = Remove(In(kScoreResultFile));
    if (written.ok()) written = Remove(In(kScoreRequestFile));
    if (written.ok()) written = WriteMessage(In(kScoreRequestFile), request);
    if (!written.ok()) {
      Settle(OutcomeOf(written, Outcome::HARNESS_ERROR, Outcome::SCORE));
      return;
    }
    ChildOptions child =
        Child("internal-score", kScoreRequestFile, "score.log");
    child.seconds = options_.score_seconds;
    child.memory_bytes = options_.score_memory_bytes;
    // Trusted code, which reads a meter over the network where one is named.
    child.network = record_.spec.external_meters_size() > 0;
    const Outcome before = record_.outcome;
    const ChildResult* ended =
        Start(child, Outcome::SCORE, &record_.score_child);
    if (ended == nullptr) return;
    const absl::Status read = ReadMessage(In(kScoreResultFile), &record_.score);
    if (!read.ok()) record_.score.Clear();
    record_.outcome = before;
    Settle(
        TrustedOutcome(*ended, read, record_.score.outcome(), Outcome::SCORE));
  }

  void Settle(const Outcome& scored) {
    const bool stopped = scored.status() == Outcome::ABORTED;
    if (!good() && !stopped) return;
    const auto lines = record_.outcome.last_log_lines();
    record_.outcome = scored;
    if (good()) *record_.outcome.mutable_last_log_lines() = lines;
  }

  const SuperviseOptions& options_;
  const std::string executable_;
  RunRecord record_;
};

}  // namespace

absl::StatusOr<Report> Supervise(const RunSpec& spec,
                                 const SuperviseOptions& options) {
  if (spec.method().empty() || spec.task().empty() ||
      spec.output_dir().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a run needs a method, a task and a folder; got \"", spec.method(),
        "\", \"", spec.task(), "\" and \"", spec.output_dir(), "\""));
  }
  ASSAY_ASSIGN_OR_RETURN(std::string executable, ExecutableOf(options));
  ASSAY_RETURN_IF_ERROR(ClearFolder(spec.output_dir()));
  ASSAY_RETURN_IF_ERROR(
      WriteRunSpec(JoinPath(spec.output_dir(), kSpecFile), spec));
  Run run(spec, options, std::move(executable));
  run.Go();
  Report report = MakeReport(run.record());
  const std::string path = JoinPath(spec.output_dir(), kReportFile);
  ASSAY_RETURN_IF_ERROR(Remove(path));
  ASSAY_RETURN_IF_ERROR(WriteReport(path, report));
  return report;
}

}  // namespace assay
