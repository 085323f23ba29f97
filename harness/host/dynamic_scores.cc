#include "harness/host/dynamic_scores.h"

#include <cstring>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/dynamic/batch_rows.h"
#include "harness/dynamic/host_module.h"
#include "harness/dynamic/regrouped_program.h"
#include "harness/graph/builder.h"

namespace assay {
namespace {

// Batches with the network's logits in the place of its inputs.
class LogitsSource final : public BatchSource {
 public:
  LogitsSource(BatchSource* inner, RegroupedProgram* program,
               const TensorType* expected, DynamicScores* scores)
      : inner_(*inner),
        program_(*program),
        expected_(expected),
        scores_(*scores) {}

  int64_t batch_size() const override { return inner_.batch_size(); }
  int64_t batch_count() const override { return inner_.batch_count(); }

  // The first batch is run here, for its type.
  absl::StatusOr<TensorType> LogitsType() {
    ASSAY_ASSIGN_OR_RETURN(first_, Run(0));
    const Tensor& logits = first_->feeds[0].second;
    scores_.first_logits = logits;
    return TensorType{logits.dtype(), logits.shape()};
  }

  absl::StatusOr<Batch> Make(int64_t number) override {
    if (number > 0 || !first_.has_value()) return Run(number);
    Batch batch = *std::move(first_);
    first_.reset();
    return batch;
  }

 private:
  absl::StatusOr<Batch> Run(int64_t number) {
    ASSAY_ASSIGN_OR_RETURN(const Batch batch, inner_.Make(number));
    // Rows that pad the batch take no path.
    std::vector<int64_t> rows(static_cast<size_t>(batch.samples));
    std::iota(rows.begin(), rows.end(), int64_t{0});
    std::map<std::string, Tensor> inputs;
    Batch scored;
    scored.samples = batch.samples;
    scored.feeds.emplace_back();
    for (const auto& [name, value] : batch.feeds) {
      if (name == "labels") scored.feeds.emplace_back(name, value);
      inputs[name] = GatherRows(value, rows);
    }
    ASSAY_ASSIGN_OR_RETURN(DynamicResult result, program_.Run(inputs));
    const auto logits = result.outputs.find("logits");
    if (logits == result.outputs.end()) {
      return absl::NotFoundError("the network has no output \"logits\"");
    }
    ASSAY_RETURN_IF_ERROR(Check(logits->second));
    Shape shape = logits->second.shape();
    shape[0] = batch_size();
    Tensor padded = Tensor::Zeros(logits->second.dtype(), shape);
    std::memcpy(padded.raw(), logits->second.raw(),
                static_cast<size_t>(logits->second.bytes()));
    scored.feeds[0] = {"logits", std::move(padded)};
    for (const Path& path : result.paths) ++scores_.paths[PathText(path)];
    scores_.macs.insert(scores_.macs.end(), result.macs.begin(),
                        result.macs.end());
    return scored;
  }

  absl::Status Check(const Tensor& logits) const {
    if (expected_ == nullptr) return absl::OkStatus();
    TensorType type = *expected_;
    type.shape[0] = logits.dim(0);
    if (logits.dtype() == type.dtype && logits.shape() == type.shape) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(
        absl::StrCat("logits of the candidate: expected ", ToString(type),
                     ", got ", logits.TypeString()));
  }

  BatchSource& inner_;
  RegroupedProgram& program_;
  const TensorType* const expected_;
  DynamicScores& scores_;
  std::optional<Batch> first_;
};

}  // namespace

double DynamicScores::mean_macs() const {
  const double sum = std::accumulate(macs.begin(), macs.end(), 0.0);
  return macs.empty() ? 0 : sum / static_cast<double>(macs.size());
}

absl::StatusOr<DynamicScores> ScoreDynamic(
    Device* device, const DynamicGraph& graph, const ParameterStore& parameters,
    BatchSource& source, const Evaluator::Options& run,
    const ExecutableOptions& options, const TensorType* expected) {
  ASSAY_ASSIGN_OR_RETURN(HostModule module, BuildHostModule(graph, parameters));
  ASSAY_ASSIGN_OR_RETURN(
      const std::unique_ptr<RegroupedProgram> program,
      RegroupedProgram::Make(device, std::move(module), parameters,
                             source.batch_size(), options));
  DynamicScores scores;
  LogitsSource logits(&source, program.get(), expected, &scores);
  ASSAY_ASSIGN_OR_RETURN(const TensorType type, logits.LogitsType());
  Graph given(*graph.ops);
  GraphBuilder b(&given);
  b.Output("logits", b.Input("logits", type.dtype, type.shape));
  ASSAY_RETURN_IF_ERROR(b.status());
  DeviceParameters none(device);
  ASSAY_ASSIGN_OR_RETURN(
      const std::unique_ptr<Evaluator> evaluator,
      Evaluator::Make(device, given, source.batch_size(), &none));
  ASSAY_ASSIGN_OR_RETURN(scores.scores, evaluator->Run(logits, run));
  scores.subnetworks = program->module().subnetworks;
  for (const SubnetworkStats& stats : program->stats()) {
    scores.visits.push_back(stats.samples);
  }
  return scores;
}

}  // namespace assay
