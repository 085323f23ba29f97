#include "harness/train/evaluate.h"

#include <memory>

#include "absl/time/clock.h"
#include "harness/backend/session.h"
#include "harness/core/status_macros.h"
#include "harness/graph/cost.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/host/services/graph_access.h"
#include "harness/host/services/parts.h"
#include "harness/host/services/tables.h"

namespace assay {
namespace {

absl::Status Score(assay_host* host, const Graph& graph,
                   const ParameterStore& store, const assay_part* part,
                   assay_score* out) {
  ASSAY_RETURN_IF_ERROR(host->Afford(0, 0, 1));
  const absl::Time began = absl::Now();
  const int64_t batch = host->task().spec().evaluation_batch;
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<BatchSource> source,
                         ScoringSource(host, part, batch));
  DeviceParameters parameters(host->options().device);
  ASSAY_RETURN_IF_ERROR(parameters.Load(store));
  ASSAY_ASSIGN_OR_RETURN(
      const std::unique_ptr<Evaluator> evaluator,
      Evaluator::Make(host->options().device, graph, batch, &parameters));
  ASSAY_ASSIGN_OR_RETURN(const Scores scores,
                         evaluator->Run(*source, Evaluator::Options()));
  ServedLedger& ledger = host->ledger();
  ledger.evaluating += absl::Now() - began;
  ++ledger.evaluations;
  ASSAY_ASSIGN_OR_RETURN(const Graph batched, Rebatch(graph, batch));
  ledger.macs += CostOf(batched).macs * source->batch_count();
  assay_score score{};
  score.metric = host->task().MetricOf(scores);
  score.loss = scores.mean_loss();
  score.samples = scores.count();
  Fill(score, out);
  return absl::OkStatus();
}

assay_status* Evaluate(assay_host* host, const assay_graph* graph,
                       const assay_parameters* set, const assay_part* part,
                       assay_score* out) {
  return ServeRun(
      host, "evaluate.evaluate",
      [&]() -> absl::Status {
        ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
        ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, ReadableSet(host, set));
        const assay_part* p = nullptr;
        if (part != nullptr) {
          ASSAY_ASSIGN_OR_RETURN(p, host->handles().Find(part, "part"));
        }
        return Score(host, g->graph, s->store, p, out);
      },
      /*in_hook=*/true);
}

}  // namespace

const assay_evaluate_table* EvaluateTable() {
  static constexpr assay_evaluate_table kTable = {
      ASSAY_SIZE(assay_evaluate_table), 1, &Evaluate};
  return &kTable;
}

}  // namespace assay
