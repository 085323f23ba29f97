#include "harness/host/compress/compress_sink.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"
#include "harness/host/artifact.h"
#include "harness/host/run_files.h"
#include "harness/host/stage.h"
#include "harness/host/supervisor_outcome.h"

namespace assay {
namespace {

constexpr int kLinesPerSecond = 1000;
constexpr int64_t kMostNumbers = 1000000;
constexpr size_t kMostMisbehaviours = 100;

const char* NameOf(int32_t level) {
  switch (level) {
    case ASSAY_LOG_DEBUG:
      return "debug";
    case ASSAY_LOG_WARNING:
      return "warning";
    case ASSAY_LOG_ERROR:
      return "error";
    default:
      return "info";
  }
}

void Count(int32_t level, LogCounts* counts) {
  switch (level) {
    case ASSAY_LOG_DEBUG:
      return counts->set_debug(counts->debug() + 1);
    case ASSAY_LOG_WARNING:
      return counts->set_warning(counts->warning() + 1);
    case ASSAY_LOG_ERROR:
      return counts->set_error(counts->error() + 1);
    default:
      return counts->set_info(counts->info() + 1);
  }
}

}  // namespace

void CompressSink::Log(int32_t level, absl::string_view line) {
  absl::MutexLock lock(&mutex_);
  Count(level, &counts_);
  const absl::Time now = absl::Now();
  if (now - second_ >= absl::Seconds(1)) {
    second_ = now;
    lines_this_second_ = 0;
  }
  if (++lines_this_second_ > kLinesPerSecond) {
    counts_.set_dropped(counts_.dropped() + 1);
    return;
  }
  std::fprintf(options_.log, "[%s] %.*s\n", NameOf(level),
               static_cast<int>(line.size()), line.data());
  std::fflush(options_.log);
}

void CompressSink::Progress(absl::string_view phase, int64_t done,
                            int64_t total) {
  absl::MutexLock lock(&mutex_);
  if (options_.progress == nullptr) return;
  if (progress_ == nullptr || phase_ != phase) {
    assay::Progress::Options options;
    options.out = options_.progress;
    options.terminal = options_.terminal;
    progress_ = nullptr;  // its last line comes before the next one's first
    progress_ = std::make_unique<assay::Progress>(Printable(phase, 40), total,
                                                  "steps", options);
    phase_ = std::string(phase);
  }
  progress_->Update(done);
}

void CompressSink::Metric(absl::string_view key, int64_t step, double value) {
  if (kept_numbers_ >= kMostNumbers) return;
  ++kept_numbers_;
  MetricSeries& series = metrics_[Printable(key)];
  series.add_step(step);
  series.add_value(value);
}

void CompressSink::Note(absl::string_view key, absl::string_view value) {
  notes_[Printable(key)] = Printable(value);
}

void CompressSink::Misbehaviour(absl::string_view what) {
  absl::MutexLock lock(&mutex_);
  if (misbehaviours_.size() < kMostMisbehaviours) {
    misbehaviours_.push_back(Printable(what));
  }
}

void CompressSink::Hook(absl::string_view event) {
  EnterStage(Outcome::COMPRESS, event.empty() ? "run" : event);
}

template <typename AnyGraph>
absl::Status CompressSink::TimedWrite(uint32_t budget, const AnyGraph& graph,
                                      const ParameterStore& parameters) {
  const absl::Time began = absl::Now();
  EnterStage(Outcome::SUBMIT, "submit");
  refusal_ = Write(budget, graph, parameters);
  EnterStage(Outcome::COMPRESS, "run");
  submitting_ += absl::Now() - began;
  return refusal_;
}

absl::Status CompressSink::Submit(uint32_t budget, const Graph& graph,
                                  const ParameterStore& parameters) {
  return TimedWrite(budget, graph, parameters);
}

absl::Status CompressSink::Submit(uint32_t budget, const DynamicGraph& graph,
                                  const ParameterStore& parameters) {
  return TimedWrite(budget, graph, parameters);
}

absl::Status CompressSink::Write(uint32_t budget, const Graph& graph,
                                 const ParameterStore& parameters) {
  ASSAY_RETURN_IF_ERROR(CheckSameInterface(graph, *options_.reference));
  Artifact artifact{
      options_.budgets[budget], static_cast<int>(budget), {}, graph, {}};
  for (ValueId id : graph.parameters()) {
    const std::string& name = graph.value(id).name;
    ASSAY_ASSIGN_OR_RETURN(Tensor value, parameters.Get(name));
    artifact.parameters.Set(name, std::move(value));
  }
  return WriteFolder(budget, artifact);
}

absl::Status CompressSink::Write(uint32_t budget, const DynamicGraph& graph,
                                 const ParameterStore& parameters) {
  ASSAY_RETURN_IF_ERROR(CheckSameInterface(graph, *options_.reference));
  ASSAY_ASSIGN_OR_RETURN(
      const Artifact artifact,
      MakeDynamicArtifact(options_.budgets[budget], static_cast<int>(budget),
                          graph, parameters));
  return WriteFolder(budget, artifact);
}

absl::Status CompressSink::WriteFolder(uint32_t budget,
                                       const Artifact& artifact) {
  const std::string folder = absl::StrCat(kArtifactsFolder, "/", budget);
  ASSAY_RETURN_IF_ERROR(
      WriteArtifact(JoinPath(options_.output_dir, folder), artifact));
  folders_[budget] = folder;
  return absl::OkStatus();
}

void CompressSink::FillResult(CompressResult* result) {
  for (const auto& [budget, folder] : folders_) {
    Submission* submission = result->add_submissions();
    submission->set_budget(static_cast<int32_t>(budget));
    submission->set_name(options_.budgets[budget]);
    submission->set_folder(folder);
  }
  for (const auto& [key, value] : notes_) {
    KeyValue* note = result->add_notes();
    note->set_key(key);
    note->set_value(value);
  }
  for (const auto& [key, series] : metrics_) {
    MetricSeries* added = result->add_metrics();
    *added = series;
    added->set_key(key);
  }
  absl::MutexLock lock(&mutex_);
  *result->mutable_log() = counts_;
  for (const std::string& what : misbehaviours_) {
    result->add_misbehaviours(what);
  }
}

}  // namespace assay
