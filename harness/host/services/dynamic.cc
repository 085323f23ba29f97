#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "harness/core/status_macros.h"
#include "harness/dynamic/dynamic_program.h"
#include "harness/dynamic/dynamic_text.h"
#include "harness/dynamic/host_module.h"
#include "harness/dynamic/regrouped_program.h"
#include "harness/dynamic/side_by_side.h"
#include "harness/host/budget_rules.h"
#include "harness/host/dynamic_scores.h"
#include "harness/host/services/budgets.h"
#include "harness/host/services/dynamic_network.h"
#include "harness/host/services/graph_access.h"
#include "harness/host/services/latency.h"
#include "harness/host/services/parts.h"
#include "harness/host/services/tables.h"
#include "harness/ops/custom/custom.h"

assay_dynamic_program::assay_dynamic_program() = default;
assay_dynamic_program::~assay_dynamic_program() = default;

namespace assay {
namespace {

// The conditional of that number; null where there is none.
Statement* FindSite(Block* block, int32_t site) {
  for (Statement& statement : *block) {
    if (statement.site == site && site >= 0) return &statement;
    for (Block* within : {&statement.body, &statement.otherwise}) {
      if (Statement* found = FindSite(within, site)) return found;
    }
  }
  return nullptr;
}

absl::StatusOr<Statement*> SiteOf(assay_dynamic* d, int32_t site) {
  if (Statement* found = FindSite(&d->graph.body, site)) return found;
  return absl::OutOfRangeError(absl::StrCat(
      "dynamic: there are ", d->sites, " conditionals, got number ", site));
}

assay_status* SetThreshold(assay_host* host, assay_dynamic* network,
                           int32_t site, double threshold) {
  return Serve(host, "dynamic.set_threshold", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_dynamic * d, FinishedDynamic(host, network));
    ASSAY_ASSIGN_OR_RETURN(Statement * statement, SiteOf(d, site));
    statement->predicate.threshold = threshold;
    return absl::OkStatus();
  });
}

assay_status* Threshold(assay_host* host, const assay_dynamic* network,
                        int32_t site, double* out) {
  return Serve(host, "dynamic.threshold", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_dynamic * d, FinishedDynamic(host, network));
    ASSAY_ASSIGN_OR_RETURN(const Statement* statement, SiteOf(d, site));
    *out = statement->predicate.threshold;
    return absl::OkStatus();
  });
}

assay_status* NetworkText(assay_host* host, const assay_dynamic* network,
                          assay_text_sink sink) {
  return Serve(host, "dynamic.text", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_dynamic * d, FinishedDynamic(host, network));
    const std::string text = ToText(d->graph);
    sink.take(sink.context, Lend(text));
    return absl::OkStatus();
  });
}

DynamicGraph WithBatch(const DynamicGraph& graph, int64_t batch) {
  DynamicGraph batched = graph;
  for (DynamicGraph::Input& input : batched.inputs) {
    if (!input.type.shape.empty()) input.type.shape[0] = batch;
  }
  return batched;
}

absl::StatusOr<std::unique_ptr<assay_dynamic_program>> MakeProgram(
    assay_host* host, const DynamicGraph& graph,
    const ParameterStore& parameters, const assay_dynamic_options& options) {
  auto program = std::make_unique<assay_dynamic_program>();
  Device* device = host->options().device;
  int64_t batch = options.batch;
  if (options.decide == ASSAY_DECIDE_TOGETHER) {
    if (batch < 0) batch = 1;
    ASSAY_ASSIGN_OR_RETURN(
        HostModule module,
        BuildHostModule(WithBatch(graph, batch), parameters));
    ASSAY_ASSIGN_OR_RETURN(
        program->together,
        DynamicProgram::Make(device, std::move(module), parameters));
    return program;
  }
  if (options.decide != ASSAY_DECIDE_EACH) {
    return absl::InvalidArgumentError(absl::StrCat(
        "dynamic.compile: decide: expected 0 or 1, got ", options.decide));
  }
  if (batch < 0) batch = host->task().spec().evaluation_batch;
  ASSAY_ASSIGN_OR_RETURN(HostModule module, BuildHostModule(graph, parameters));
  ASSAY_ASSIGN_OR_RETURN(
      program->each,
      RegroupedProgram::Make(device, std::move(module), parameters, batch));
  return program;
}

assay_status* Compile(assay_host* host, const assay_dynamic* network,
                      const assay_parameters* set,
                      const assay_dynamic_options* options,
                      assay_dynamic_program** out) {
  return Serve(host, "dynamic.compile", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_dynamic * d, FinishedDynamic(host, network));
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, ReadableSet(host, set));
    assay_dynamic_options defaults{};
    defaults.batch = ASSAY_UNSET;
    ASSAY_ASSIGN_OR_RETURN(const assay_dynamic_options o,
                           Receive(options, defaults, "dynamic.compile"));
    ASSAY_ASSIGN_OR_RETURN(std::unique_ptr<assay_dynamic_program> program,
                           MakeProgram(host, d->graph, s->store, o));
    program->conditionals = d->sites;
    *out = host->handles().Add(std::move(program));
    return absl::OkStatus();
  });
}

absl::StatusOr<assay_dynamic_program*> FindProgram(
    assay_host* host, const assay_dynamic_program* program) {
  return host->handles().Find(program, "dynamic program");
}

void FreeProgram(assay_host* host, assay_dynamic_program* program) {
  const absl::Status status =
      host->handles().Free(program, "dynamic.free_program");
  if (!status.ok()) host->sink().Misbehaviour(status.message());
}

const HostModule& ModuleOf(const assay_dynamic_program& p) {
  return p.each != nullptr ? p.each->module() : p.together->module();
}

bool HasInput(const assay_dynamic_program& p, absl::string_view name) {
  for (const DynamicGraph::Input& input : ModuleOf(p).inputs) {
    if (input.name == name) return true;
  }
  return false;
}

assay_status* Feed(assay_host* host, assay_dynamic_program* program,
                   assay_text input, const assay_tensor* tensor) {
  return Serve(host, "dynamic.feed", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_dynamic_program * p,
                           FindProgram(host, program));
    ASSAY_ASSIGN_OR_RETURN(assay_tensor * t,
                           host->handles().Find(tensor, "tensor"));
    if (!HasInput(*p, View(input))) {
      return absl::NotFoundError(
          absl::StrCat("dynamic.feed: no input ", View(input)));
    }
    p->feeds[Text(input)] = t->tensor.Clone();
    return absl::OkStatus();
  });
}

assay_status* FeedBatch(assay_host* host, assay_dynamic_program* program,
                        const assay_batch* batch) {
  return Serve(host, "dynamic.feed_batch", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_dynamic_program * p,
                           FindProgram(host, program));
    ASSAY_ASSIGN_OR_RETURN(const assay_batch b,
                           Receive(batch, assay_batch{}, "dynamic.feed_batch"));
    for (uint32_t i = 0; i < b.feed_count; ++i) {
      if (!HasInput(*p, View(b.feeds[i]->name))) continue;
      ASSAY_ASSIGN_OR_RETURN(
          assay_tensor * t, host->handles().Find(b.feeds[i]->tensor, "tensor"));
      p->feeds[Text(b.feeds[i]->name)] = t->tensor.Clone();
    }
    return absl::OkStatus();
  });
}

void Count(assay_host* host, const DynamicResult& result) {
  ++host->ledger().programs;
  for (const int64_t macs : result.macs) host->ledger().macs += macs;
}

assay_status* Run(assay_host* host, assay_dynamic_program* program) {
  return Serve(host, "dynamic.run", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_dynamic_program * p,
                           FindProgram(host, program));
    if (p->each != nullptr) {
      ASSAY_ASSIGN_OR_RETURN(p->result, p->each->Run(p->feeds));
    } else {
      ASSAY_ASSIGN_OR_RETURN(p->result, p->together->Run(p->feeds));
    }
    Count(host, p->result);
    return absl::OkStatus();
  });
}

assay_status* Fetch(assay_host* host, assay_dynamic_program* program,
                    assay_text output, assay_tensor** out) {
  return Serve(host, "dynamic.fetch", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_dynamic_program * p,
                           FindProgram(host, program));
    const auto found = p->result.outputs.find(Text(output));
    if (found == p->result.outputs.end()) {
      return absl::NotFoundError(
          absl::StrCat("dynamic.fetch: no output ", View(output), " of a run"));
    }
    *out = host->handles().Add(
        std::make_unique<assay_tensor>(found->second.Clone()));
    return absl::OkStatus();
  });
}

assay_status* ReadPath(assay_host* host, const assay_dynamic_program* program,
                       uint64_t sample, assay_path* out) {
  return Serve(host, "dynamic.path", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_dynamic_program * p,
                           FindProgram(host, program));
    if (sample >= p->result.paths.size()) {
      return absl::OutOfRangeError(
          absl::StrCat("dynamic.path: the last run has ",
                       p->result.paths.size(), " paths, got number ", sample));
    }
    const size_t at = static_cast<size_t>(sample);
    p->sites.clear();
    p->holds.clear();
    p->distances.clear();
    for (const PathStep& step : p->result.paths[at]) {
      p->sites.push_back(step.site);
      p->holds.push_back(step.holds ? 1 : 0);
      p->distances.push_back(step.distance);
    }
    assay_path path{};
    path.sites = p->sites.data();
    path.holds = p->holds.data();
    path.distances = p->distances.data();
    path.count = p->sites.size();
    path.macs = p->result.macs[at];
    Fill(path, out);
    return absl::OkStatus();
  });
}

assay_status* Calibrate(assay_host* host, assay_dynamic_program* program,
                        assay_dynamic* network, const double* fractions,
                        uint64_t count) {
  return Serve(host, "dynamic.calibrate", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_dynamic_program * p,
                           FindProgram(host, program));
    ASSAY_ASSIGN_OR_RETURN(assay_dynamic * d, FinishedDynamic(host, network));
    if (p->each == nullptr) {
      return absl::InvalidArgumentError(
          "dynamic.calibrate: expected a program that decides EACH");
    }
    if (p->conditionals != d->sites) {
      return absl::InvalidArgumentError(absl::StrCat(
          "dynamic.calibrate: the program was compiled from a network with ",
          p->conditionals, " conditionals, this one has ", d->sites));
    }
    if (fractions == nullptr || count != static_cast<uint64_t>(d->sites)) {
      return absl::InvalidArgumentError(
          absl::StrCat("dynamic.calibrate: expected ", d->sites,
                       " fractions, one per conditional, got ", count));
    }
    for (uint64_t i = 0; i < count; ++i) {
      if (fractions[i] >= 0 && fractions[i] <= 1) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("dynamic.calibrate: fraction ", i,
                       ": expected 0 to 1, got ", fractions[i]));
    }
    ASSAY_ASSIGN_OR_RETURN(const auto thresholds,
                           p->each->Calibrate(p->feeds, [&](int32_t site) {
                             return fractions[site];
                           }));
    SetThresholds(thresholds, &d->graph);
    ++host->ledger().programs;
    return absl::OkStatus();
  });
}

// Counted as an evaluation.
absl::StatusOr<DynamicScores> Score(assay_host* host, const DynamicGraph& graph,
                                    const ParameterStore& store,
                                    const assay_part* part) {
  ASSAY_RETURN_IF_ERROR(host->Afford(0, 0, 1));
  const absl::Time began = absl::Now();
  ASSAY_ASSIGN_OR_RETURN(
      const std::unique_ptr<BatchSource> source,
      ScoringSource(host, part, host->task().spec().evaluation_batch));
  ASSAY_ASSIGN_OR_RETURN(DynamicScores scores,
                         ScoreDynamic(host->options().device, graph, store,
                                      *source, Evaluator::Options()));
  ServedLedger& ledger = host->ledger();
  ledger.evaluating += absl::Now() - began;
  ++ledger.evaluations;
  for (const int64_t each : scores.macs) ledger.macs += each;
  return scores;
}

assay_status* Evaluate(assay_host* host, const assay_dynamic* network,
                       const assay_parameters* set, const assay_part* part,
                       assay_score* out, double* macs) {
  return ServeRun(
      host, "dynamic.evaluate",
      [&]() -> absl::Status {
        ASSAY_ASSIGN_OR_RETURN(assay_dynamic * d,
                               FinishedDynamic(host, network));
        ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, ReadableSet(host, set));
        const assay_part* p = nullptr;
        if (part != nullptr) {
          ASSAY_ASSIGN_OR_RETURN(p, host->handles().Find(part, "part"));
        }
        ASSAY_ASSIGN_OR_RETURN(const DynamicScores scores,
                               Score(host, d->graph, s->store, p));
        assay_score score{};
        score.metric = host->task().MetricOf(scores.scores);
        score.loss = scores.scores.mean_loss();
        score.samples = scores.scores.count();
        Fill(score, out);
        if (macs != nullptr) *macs = scores.mean_macs();
        return absl::OkStatus();
      },
      /*in_hook=*/true);
}

assay_status* Check(assay_host* host, uint32_t budget,
                    const assay_dynamic* network, const assay_parameters* set) {
  return ServeRun(host, "dynamic.check", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_dynamic * d, FinishedDynamic(host, network));
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, ReadableSet(host, set));
    ASSAY_RETURN_IF_ERROR(CheckBudgetNumber(host, "dynamic.check", budget));
    ASSAY_ASSIGN_OR_RETURN(const Graph pieces, SideBySide(d->graph));
    ASSAY_ASSIGN_OR_RETURN(Footprint candidate, FootprintOf(pieces, &s->store));
    ASSAY_ASSIGN_OR_RETURN(const DynamicScores scores,
                           Score(host, d->graph, s->store, nullptr));
    candidate.macs = static_cast<int64_t>(std::llround(scores.mean_macs()));
    return CheckBudget(host, budget, candidate);
  });
}

assay_status* Submit(assay_host* host, uint32_t budget,
                     const assay_dynamic* network,
                     const assay_parameters* set) {
  return ServeRun(host, "dynamic.submit", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_dynamic * d, FinishedDynamic(host, network));
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, ReadableSet(host, set));
    ASSAY_RETURN_IF_ERROR(CheckBudgetNumber(host, "dynamic.submit", budget));
    bool custom = false;
    ForEachStatement(d->graph.body, [&](const Statement& statement) {
      custom = custom ||
               (statement.piece != nullptr && HasCustomCalls(*statement.piece));
    });
    if (custom) {
      return absl::InvalidArgumentError(
          "dynamic.submit: the network has a node \"custom\": the process that "
          "scores holds no plugin and cannot run it");
    }
    return host->sink().Submit(budget, d->graph, s->store);
  });
}

assay_dynamic_table MakeTable() {
  assay_dynamic_table table{};
  table.size = ASSAY_SIZE(assay_dynamic_table);
  table.revision = 2;
  FillWriting(&table);
  table.set_threshold = &SetThreshold;
  table.threshold = &Threshold;
  table.text = &NetworkText;
  table.compile = &Compile;
  table.free_program = &FreeProgram;
  table.feed = &Feed;
  table.feed_batch = &FeedBatch;
  table.run = &Run;
  table.fetch = &Fetch;
  table.path = &ReadPath;
  table.calibrate = &Calibrate;
  table.evaluate = &Evaluate;
  table.submit = &Submit;
  table.check = &Check;
  table.latency = &DynamicLatency;
  return table;
}

}  // namespace

const assay_dynamic_table* DynamicTable() {
  static const assay_dynamic_table kTable = MakeTable();
  return &kTable;
}

}  // namespace assay
