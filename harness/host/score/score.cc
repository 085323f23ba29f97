#include "harness/host/score/score.h"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "datasets/dataset.h"
#include "datasets/registry.h"
#include "harness/backend/registry.h"
#include "harness/core/file.h"
#include "harness/core/hash.h"
#include "harness/core/status_macros.h"
#include "harness/graph/text.h"
#include "harness/host/artifact.h"
#include "harness/host/budget_limits.h"
#include "harness/host/budget_rules.h"
#include "harness/host/run_identity.h"
#include "harness/host/score/audit.h"
#include "harness/host/score/claimed_gain.h"
#include "harness/host/score/cost_record.h"
#include "harness/host/score/drift.h"
#include "harness/host/score/evaluation.h"
#include "harness/host/score/flow.h"
#include "harness/host/score/quality.h"
#include "harness/host/score/timing.h"
#include "harness/host/score/tuned_dense.h"
#include "harness/host/score/twin_audit.h"
#include "harness/host/stage.h"
#include "harness/host/supervisor_outcome.h"
#include "harness/host/tuned_plans.h"
#include "harness/host/twin.h"
#include "harness/measure/machine/machine_info.h"
#include "harness/measure/machine/machine_state.h"
#include "harness/measure/machine/machine_verdict.h"
#include "harness/measure/system_files.h"
#include "harness/ops/ops.h"
#include "harness/report/check.h"
#include "harness/train/checkpoint.h"

namespace assay {
namespace {

// A network that is scored: the reference or a candidate that passed
// verification.
struct Network {
  Graph graph;
  ParameterStore parameters;
  CandidateRecord* record;
  ScoresByPrecision scores;
  int budget = -1;  // that it was submitted for
  // With control flow; `graph` has its pieces.
  std::shared_ptr<const DynamicGraph> dynamic = nullptr;
  Footprint footprint = {};
  bool refused = false;

  Flow flow() const { return {dynamic.get(), &graph, &parameters}; }
};

std::string SplitHash(const Dataset& dataset, Split split) {
  return Sha256Hex(absl::StrCat(dataset.spec().fingerprint, "\n", Name(split),
                                "\n", dataset.size(split), "\n"));
}

BudgetRecord RecordOf(const BudgetFinding& finding) {
  BudgetRecord record;
  record.set_quantity(finding.quantity);
  record.set_relation(finding.at_least ? BudgetRecord::AT_LEAST
                                       : BudgetRecord::AT_MOST);
  record.set_asked(finding.asked);
  record.set_reached(finding.reached);
  record.set_tolerance(finding.tolerance);
  record.set_met(finding.met);
  *record.mutable_availability() = MakeAvailability(Availability::DERIVED);
  return record;
}

class Scorer {
 public:
  Scorer(const ScoreRequest& request, const RunSetup& setup,
         const ReferenceNetwork& reference, PhaseTimer* phases,
         ScoreResult* result)
      : request_(request),
        spec_(request.spec()),
        setup_(setup),
        reference_(reference),
        phases_(phases),
        result_(result) {}

  absl::Status Run() {
    result_->mutable_outcome()->set_status(Outcome::OK);
    result_->mutable_outcome()->set_stage(Outcome::DONE);
    FillTask();
    EnterStage(Outcome::SUBMIT);
    ASSAY_RETURN_IF_ERROR(AddReference());
    for (int i = 0; i < request_.submissions_size(); ++i) {
      result_->add_candidates();
    }
    for (int i = 0; i < request_.submissions_size(); ++i) {
      const absl::Status read =
          AddCandidate(request_.submissions(i), result_->mutable_candidates(i));
      if (!read.ok()) Refuse(read, result_->mutable_candidates(i));
    }
    EnterStage(Outcome::SCORE);
    ASSAY_RETURN_IF_ERROR(OpenDevices());
    ASSAY_RETURN_IF_ERROR(ScoreAll());
    ASSAY_RETURN_IF_ERROR(ScoreTunedDense());
    ASSAY_RETURN_IF_ERROR(AuditTwins());
    if (!spec_.measure().skip()) {
      EnterStage(Outcome::MEASURE);
      ASSAY_RETURN_IF_ERROR(MeasureAll());
    }
    for (Network& network : networks_) {
      if (&network == &networks_.front()) continue;
      JudgeClaims(*networks_.front().record, network.record);
    }
    return absl::OkStatus();
  }

 private:
  void FillTask() {
    RunIdentity* identity = result_->mutable_identity();
    const DatasetSpec& data = setup_.task->dataset().spec();
    identity->set_task_version(setup_.task->spec().version);
    identity->set_domain(std::string(Name(data.domain)));
    identity->set_device(setup_.device->description().hardware);
    DatasetRecord* dataset = identity->mutable_dataset();
    dataset->set_name(data.name);
    dataset->set_version(data.fingerprint);
    FillFiles(dataset);
    for (const Split split : kSplits) {
      SplitRecord* row = dataset->add_splits();
      row->set_name(std::string(Name(split)));
      row->set_items(static_cast<uint64_t>(setup_.task->dataset().size(split)));
      row->set_items_sha256(SplitHash(setup_.task->dataset(), split));
      row->set_reader(split == Split::kTest ? "host" : "plugin");
    }
    KeyValue* library = result_->mutable_provenance()->add_libraries();
    library->set_key(setup_.device->description().name);
    library->set_value(setup_.device->description().library);
    result_->mutable_provenance()->set_threads(
        static_cast<uint32_t>(UsableThreads()));
  }

  // As published: opening the task has verified them.
  static void FillFiles(DatasetRecord* dataset) {
    const auto info = FindDataset(dataset->name());
    if (!info.ok()) return;
    dataset->set_embedded((*info)->folder.empty());
    for (const DataFile& file : (*info)->files) {
      FileRecord* row = dataset->add_files();
      row->set_path(absl::StrCat((*info)->folder, "/", file.path));
      row->set_sha256(file.sha256);
      row->set_bytes(static_cast<uint64_t>(file.bytes));
    }
  }

  absl::Status AddReference() {
    const PhaseTimer::Scope scope(phases_, "cost", PhaseRecord::HARNESS);
    CandidateRecord* record = result_->mutable_dense();
    record->set_name("dense");
    ArtifactRecord* artifact = record->mutable_artifact();
    artifact->set_graph_sha256(request_.reference().graph_sha256());
    artifact->set_sha256(request_.reference().weights_sha256());
    artifact->set_nodes(static_cast<uint64_t>(reference_.graph.node_count()));
    FileRecord* weights = artifact->add_files();
    weights->set_path(
        std::string(absl::string_view(reference_.path)
                        .substr(reference_.path.find_last_of('/') + 1)));
    weights->set_sha256(request_.reference().weights_sha256());
    std::error_code unknown;
    const auto size = std::filesystem::file_size(reference_.path, unknown);
    weights->set_bytes(unknown ? 0 : size);
    // As many bytes as it would take as an artifact.
    ParameterStore stored = reference_.parameters;
    const std::string text = ToText(reference_.graph, &stored);
    Checkpoint checkpoint;
    checkpoint.parameters = std::move(stored);
    const uint64_t bytes = text.size() + SerializeCheckpoint(checkpoint).size();
    networks_.push_back({reference_.graph, reference_.parameters, record, {}});
    ASSAY_ASSIGN_OR_RETURN(
        *record->mutable_cost(),
        MakeCostRecord(reference_.graph, reference_.parameters, bytes));
    ASSAY_ASSIGN_OR_RETURN(
        footprint_, FootprintOf(reference_.graph, &reference_.parameters));
    return absl::OkStatus();
  }

  std::string NameOf(int budget) {
    const std::string name = budget < spec_.budgets_size()
                                 ? BudgetName(spec_.budgets(budget))
                                 : BudgetName(Budget());
    if (names_.insert(name).second) return name;
    return absl::StrCat(name, " #", budget);
  }

  absl::Status AddCandidate(const Submission& submission,
                            CandidateRecord* record) {
    const PhaseTimer::Scope scope(phases_, "verify artifact",
                                  PhaseRecord::HARNESS);
    record->set_name(NameOf(submission.budget()));
    ASSAY_ASSIGN_OR_RETURN(
        Artifact artifact,
        ReadArtifact(JoinPath(spec_.output_dir(), submission.folder()),
                     StandardOps(), {}, record->mutable_artifact()));
    for (FileRecord& file : *record->mutable_artifact()->mutable_files()) {
      file.set_path(JoinPath(submission.folder(), file.path()));
    }
    ASSAY_RETURN_IF_ERROR(CheckInterface(artifact));
    uint64_t bytes = 0;
    for (const FileRecord& file : record->artifact().files()) {
      bytes += file.bytes();
    }
    ASSAY_ASSIGN_OR_RETURN(
        *record->mutable_cost(),
        MakeCostRecord(artifact.graph, artifact.parameters, bytes));
    ASSAY_ASSIGN_OR_RETURN(const Footprint footprint,
                           FootprintOf(artifact.graph, &artifact.parameters));
    networks_.push_back({std::move(artifact.graph),
                         std::move(artifact.parameters),
                         record,
                         {},
                         submission.budget(),
                         std::move(artifact.dynamic),
                         footprint});
    // With control flow, when its paths are known.
    if (networks_.back().dynamic == nullptr) Judge(&networks_.back());
    return absl::OkStatus();
  }

  absl::Status CheckInterface(const Artifact& artifact) const {
    return artifact.dynamic == nullptr
               ? CheckSameInterface(artifact.graph, reference_.graph)
               : CheckSameInterface(*artifact.dynamic, reference_.graph);
  }

  void Judge(Network* network) {
    if (network->budget >= spec_.budgets_size()) return;
    const BudgetLimits limits = LimitsOf(spec_.budgets(network->budget));
    for (const BudgetFinding& finding :
         JudgeBudget(limits, footprint_, network->footprint)) {
      *network->record->add_budgets() = RecordOf(finding);
    }
  }

  void Refuse(const absl::Status& why, CandidateRecord* record) {
    *record->mutable_cost()->mutable_availability() =
        MakeAvailability(Availability::REFUSED, Printable(why.message()));
    *result_->mutable_outcome() = OutcomeOf(
        absl::Status(why.code(),
                     absl::StrCat(record->name(), ": ", why.message())),
        Outcome::INVALID_SUBMISSION, Outcome::SUBMIT);
  }

  bool Asked(const char* precision) const {
    const auto& asked = spec_.measure().precisions();
    return std::find(asked.begin(), asked.end(), precision) != asked.end();
  }

  // The run's own first.
  absl::Status OpenDevices() {
    devices_ = {{spec_.backend(), setup_.device.get()}};
    for (const std::string& backend : spec_.measure().other_backends()) {
      ASSAY_ASSIGN_OR_RETURN(others_.emplace_back(), MakeDevice(backend));
      devices_.push_back({backend, others_.back().get()});
    }
    return absl::OkStatus();
  }

  absl::Status ScoreAll() {
    const PhaseTimer::Scope scope(phases_, "score", PhaseRecord::SCORING);
    EvaluationOptions options;
    options.bf16 = Asked("bf16");
    for (Network& network : networks_) {
      options.label = network.record->name();
      auto scores = Evaluate(&network, options);
      if (network.dynamic != nullptr &&
          absl::IsInvalidArgument(scores.status())) {
        // What its paths do is known no earlier.
        Refuse(scores.status(), network.record);
        network.refused = true;
        continue;
      }
      if (!scores.ok()) {
        return absl::Status(scores.status().code(),
                            absl::StrCat("scoring ", network.record->name(),
                                         ": ", scores.status().message()));
      }
      network.scores = *std::move(scores);
      ASSAY_RETURN_IF_ERROR(RecordDrift(network));
      if (&network != &networks_.front()) {
        ASSAY_RETURN_IF_ERROR(CompareWithDense(&network));
      }
    }
    networks_.erase(
        std::remove_if(networks_.begin(), networks_.end(),
                       [](const Network& network) { return network.refused; }),
        networks_.end());
    return absl::OkStatus();
  }

  absl::StatusOr<ScoresByPrecision> Evaluate(Network* network,
                                             const EvaluationOptions& options) {
    if (network->dynamic == nullptr) {
      return EvaluateNetwork(*setup_.task, setup_.device.get(), network->graph,
                             network->parameters, options, network->record);
    }
    ASSAY_ASSIGN_OR_RETURN(
        ScoresByPrecision scores,
        EvaluateFlow(*setup_.task, setup_.device.get(), network->flow(),
                     reference_.graph, options, network->record));
    network->footprint.macs =
        static_cast<int64_t>(network->record->cost().macs());
    Judge(network);
    return scores;
  }

  // Of at most kDriftRows rows, and a phase of its own: a report says what it
  // took.
  absl::Status RecordDrift(const Network& network) {
    const PhaseTimer::Scope scope(phases_, "drift", PhaseRecord::SCORING);
    const auto& batches = spec_.measure().batch_sizes();
    auto measured =
        network.dynamic != nullptr
            ? MeasureDrift(*setup_.task, devices_, batches, network.flow())
            : MeasureDrift(*setup_.task, devices_, batches, network.graph,
                           network.parameters);
    ASSAY_ASSIGN_OR_RETURN(const std::vector<DriftRecord> drift,
                           std::move(measured));
    network.record->mutable_drift()->Assign(drift.begin(), drift.end());
    return absl::OkStatus();
  }

  // Every precision against the dense network in its first: f32, or integers
  // where the user brought a quantized one.
  absl::Status CompareWithDense(Network* network) {
    const Network& dense = networks_.front();
    const QualityRecord& best = dense.record->quality(0);
    return Compare(best, dense.scores.at(best.precision()), *network,
                   network->record->mutable_against_dense());
  }

  static absl::Status Compare(
      const QualityRecord& best, const Scores& best_scores,
      const Network& network,
      google::protobuf::RepeatedPtrField<QualityComparison>* comparisons) {
    for (const QualityRecord& quality : network.record->quality()) {
      const auto scores = network.scores.find(quality.precision());
      if (scores == network.scores.end()) continue;
      ASSAY_ASSIGN_OR_RETURN(
          *comparisons->Add(),
          CompareToDense(best, best_scores, quality, scores->second));
    }
    return absl::OkStatus();
  }

  absl::Status ScoreTunedDense() {
    if (!spec_.measure().same_allowance()) return absl::OkStatus();
    const PhaseTimer::Scope scope(phases_, "tune dense", PhaseRecord::TRAINING);
    EvaluationOptions options;
    options.bf16 = Asked("bf16");
    options.label = "dense, tuned";
    ScoresByPrecision scores;
    ASSAY_ASSIGN_OR_RETURN(
        *result_->mutable_tuned_dense(),
        TuneDense(*setup_.task, setup_.device.get(), spec_, reference_,
                  request_.spent(), options, &scores));
    if (scores.empty()) return absl::OkStatus();
    const QualityRecord& best = result_->tuned_dense().network().quality(0);
    for (Network& network : networks_) {
      if (&network == &networks_.front()) continue;
      ASSAY_RETURN_IF_ERROR(
          Compare(best, scores.at(best.precision()), network,
                  network.record->mutable_against_tuned_dense()));
    }
    return absl::OkStatus();
  }

  // Each candidate against what the method made of the task's twin.
  absl::Status AuditTwins() {
    if (!request_.has_twin()) return absl::OkStatus();
    const PhaseTimer::Scope scope(phases_, "audit", PhaseRecord::SCORING);
    const std::vector<int32_t> classes =
        TwinClasses(reference_.graph, spec_.seed());
    const Outcome& outcome = request_.twin().outcome();
    const bool ours = outcome.status() == Outcome::HARNESS_ERROR ||
                      outcome.status() == Outcome::ABORTED;
    for (Network& network : networks_) {
      if (network.budget < 0) continue;
      if (ours) {  // no fault of the method's
        *network.record->add_audits() = TwinUnavailable(outcome.message());
        continue;
      }
      auto audit = AuditOneTwin(network, classes);
      if (!audit.ok() && !absl::IsInvalidArgument(audit.status()) &&
          !absl::IsNotFound(audit.status())) {
        return audit.status();
      }
      *network.record->add_audits() =
          audit.ok()
              ? *std::move(audit)
              : TwinWithoutCandidate(std::string(audit.status().message()));
    }
    return absl::OkStatus();
  }

  // NOT_FOUND, INVALID_ARGUMENT: the twin has no such candidate.
  absl::StatusOr<AuditRecord> AuditOneTwin(const Network& network,
                                           absl::Span<const int32_t> classes) {
    const TwinRun& twin = request_.twin();
    const auto submission = std::find_if(
        twin.submissions().begin(), twin.submissions().end(),
        [&](const Submission& s) { return s.budget() == network.budget; });
    if (submission == twin.submissions().end()) {
      return absl::NotFoundError(
          absl::StrCat("none: ", Outcome::Status_Name(twin.outcome().status()),
                       " in ", Outcome::Stage_Name(twin.outcome().stage()),
                       ": ", twin.outcome().message()));
    }
    const auto read =
        ReadArtifact(JoinPath(JoinPath(spec_.output_dir(), twin.folder()),
                              submission->folder()),
                     StandardOps(), {}, nullptr);
    if (!read.ok()) return absl::InvalidArgumentError(read.status().message());
    const Artifact& artifact = *read;
    ASSAY_RETURN_IF_ERROR(CheckInterface(artifact));
    ASSAY_ASSIGN_OR_RETURN(Footprint footprint,
                           FootprintOf(artifact.graph, &artifact.parameters));
    EvaluationOptions options;
    options.label = absl::StrCat("twin of ", network.record->name());
    CandidateRecord scored;
    auto evaluated =
        artifact.dynamic != nullptr
            ? EvaluateFlow(*setup_.task, setup_.device.get(),
                           {artifact.dynamic.get(), &artifact.graph,
                            &artifact.parameters},
                           reference_.graph, options, &scored)
            : EvaluateNetwork(*setup_.task, setup_.device.get(), artifact.graph,
                              artifact.parameters, options, &scored);
    ASSAY_ASSIGN_OR_RETURN(ScoresByPrecision scores, std::move(evaluated));
    if (artifact.dynamic != nullptr) {
      footprint.macs = static_cast<int64_t>(scored.cost().macs());
    }
    std::vector<std::string> unmet;
    if (network.budget < spec_.budgets_size()) {
      for (const BudgetFinding& finding :
           JudgeBudget(LimitsOf(spec_.budgets(network.budget)), footprint_,
                       footprint)) {
        if (!finding.met && Meets(*network.record, finding.quantity)) {
          unmet.push_back(finding.quantity);
        }
      }
    }
    const std::string& precision = network.record->quality(0).precision();
    if (scores.count(precision) == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "one in ", scored.quality(0).precision(), ", not in ", precision));
    }
    return AuditTwin(
        *setup_.task, *network.record, network.scores.at(precision),
        InOwnClasses(std::move(scores.at(precision)), classes), unmet);
  }

  static bool Meets(const CandidateRecord& record, absl::string_view quantity) {
    return std::any_of(record.budgets().begin(), record.budgets().end(),
                       [&](const BudgetRecord& budget) {
                         return budget.quantity() == quantity && budget.met();
                       });
  }

  absl::Status AuditAll(int threads) {
    if (!spec_.measure().audit()) return absl::OkStatus();
    const PhaseTimer::Scope scope(phases_, "audit", PhaseRecord::TIMING);
    for (Network& network : networks_) {
      auto audited = network.dynamic != nullptr
                         ? Audit(*setup_.task, setup_.device.get(),
                                 spec_.seed(), network.flow())
                         : Audit(*setup_.task, setup_.device.get(), threads,
                                 spec_.measure(), spec_.seed(), network.graph,
                                 network.parameters);
      ASSAY_ASSIGN_OR_RETURN(const std::vector<AuditRecord> audits,
                             std::move(audited));
      network.record->mutable_audits()->Add(audits.begin(), audits.end());
    }
    return absl::OkStatus();
  }

  absl::Status MeasureAll() {
    std::vector<TimedNetwork> timed;
    for (const Network& network : networks_) {
      timed.push_back({&network.graph, &network.parameters, network.record,
                       network.dynamic.get()});
    }
    const int threads = UsableThreads();
    {
      const PhaseTimer::Scope scope(phases_, "memory", PhaseRecord::HARNESS);
      for (const TimedNetwork& network : timed) {
        ASSAY_RETURN_IF_ERROR(
            MeasureMemory(*setup_.task, setup_.device.get(), threads, network));
      }
    }
    TimingOptions options;
    options.measure = spec_.measure();
    options.seed = spec_.seed();
    options.threads = threads;
    options.meters.external.assign(spec_.external_meters().begin(),
                                   spec_.external_meters().end());
    ASSAY_RETURN_IF_ERROR(AddTuning(&options));
    ASSAY_RETURN_IF_ERROR(TimeNetworks(*setup_.task, devices_, timed, options,
                                       phases_, result_->mutable_machine()));
    return AuditAll(threads);
  }

  // Where plans are tuned: what is known, and where it is kept.
  absl::Status AddTuning(TimingOptions* options) const {
    const std::string& mode = spec_.measure().tune();
    ASSAY_RETURN_IF_ERROR(CheckTuning(mode));
    if (mode.empty() || mode == "off") return absl::OkStatus();
    options->tuned.assign(spec_.tuned().begin(), spec_.tuned().end());
    options->cache_dir = spec_.cache_dir();
    const SystemFiles files;
    options->machine =
        MachineFingerprint(ReadMachineInfo(files), ReadMachineState(files));
    ASSAY_ASSIGN_OR_RETURN(options->program, Sha256OfFile("/proc/self/exe"));
    return absl::OkStatus();
  }

  const ScoreRequest& request_;
  const RunSpec& spec_;
  const RunSetup& setup_;
  const ReferenceNetwork& reference_;
  PhaseTimer* phases_;
  ScoreResult* result_;
  std::deque<Network> networks_;  // the reference first
  std::set<std::string> names_;
  std::vector<std::unique_ptr<Device>> others_;
  std::vector<TimedDevice> devices_;
  Footprint footprint_;  // of the reference
};

}  // namespace

absl::Status Score(const ScoreRequest& request, const RunSetup& setup,
                   const ReferenceNetwork& reference, PhaseTimer* phases,
                   ScoreResult* result) {
  return Scorer(request, setup, reference, phases, result).Run();
}

}  // namespace assay
