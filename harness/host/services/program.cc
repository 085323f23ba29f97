#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/backend/session.h"
#include "harness/core/status_macros.h"
#include "harness/graph/cost.h"
#include "harness/host/services/graph_access.h"
#include "harness/host/services/tables.h"
#include "harness/host/services/widen.h"

namespace assay {
namespace {

absl::Status LoadSet(assay_variables* v, const ParameterStore& store) {
  for (const auto& [name, value] : store.values()) {
    ASSAY_RETURN_IF_ERROR(
        v->parameters.Set(name, v->f64 ? Widen(value) : value));
  }
  return absl::OkStatus();
}

assay_status* MakeVariables(assay_host* host, int32_t device,
                            const assay_parameters* set,
                            assay_variables** out) {
  return Serve(host, "program.make_variables", [&]() -> absl::Status {
    if (device != ASSAY_DEVICE_RUN && device != ASSAY_DEVICE_REFERENCE) {
      return absl::InvalidArgumentError(absl::StrCat(
          "program.make_variables: device: expected 0 or 1, got ", device));
    }
    const bool f64 = device == ASSAY_DEVICE_REFERENCE;
    auto variables = std::make_unique<assay_variables>(
        f64 ? host->options().reference : host->options().device, f64);
    if (set != nullptr) {
      ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, ReadableSet(host, set));
      ASSAY_RETURN_IF_ERROR(LoadSet(variables.get(), s->store));
    }
    *out = host->handles().Add(std::move(variables));
    return absl::OkStatus();
  });
}

absl::StatusOr<assay_variables*> FindVariables(assay_host* host,
                                               const assay_variables* v) {
  return host->handles().Find(v, "variables");
}

assay_status* Load(assay_host* host, assay_variables* variables,
                   const assay_parameters* set) {
  return Serve(host, "program.load", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_variables * v, FindVariables(host, variables));
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, ReadableSet(host, set));
    return LoadSet(v, s->store);
  });
}

assay_status* Save(assay_host* host, const assay_variables* variables,
                   assay_parameters* set) {
  return Serve(host, "program.save", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_variables * v, FindVariables(host, variables));
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, WritableSet(host, set));
    ParameterStore all;
    ASSAY_RETURN_IF_ERROR(v->parameters.Save(&all));
    for (const auto& [name, value] : all.values()) {
      const Tensor* old = s->store.Find(name);
      const bool narrow = v->f64 && value.dtype() == DType::kF64 &&
                          (old == nullptr || old->dtype() == DType::kF32);
      PutParameter(host, s, name, narrow ? value.Cast(DType::kF32) : value);
    }
    return absl::OkStatus();
  });
}

assay_status* SetVariable(assay_host* host, assay_variables* variables,
                          assay_text name, const assay_tensor* tensor) {
  return Serve(host, "program.set", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_variables * v, FindVariables(host, variables));
    ASSAY_ASSIGN_OR_RETURN(assay_tensor * t,
                           host->handles().Find(tensor, "tensor"));
    return v->parameters.Set(Text(name), v->f64 ? Widen(t->tensor) : t->tensor);
  });
}

assay_status* GetVariable(assay_host* host, const assay_variables* variables,
                          assay_text name, assay_tensor** out) {
  return Serve(host, "program.get", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_variables * v, FindVariables(host, variables));
    ASSAY_ASSIGN_OR_RETURN(Tensor value, v->parameters.Get(Text(name)));
    *out =
        host->handles().Add(std::make_unique<assay_tensor>(std::move(value)));
    return absl::OkStatus();
  });
}

void FreeVariables(assay_host* host, assay_variables* variables) {
  const auto v = FindVariables(host, variables);
  if (!v.ok() || (*v)->programs > 0) {
    host->sink().Misbehaviour(
        "program.free_variables: no live variables, or programs still use "
        "them");
    return;
  }
  host->handles().Remove(*v);
}

assay_status* Compile(assay_host* host, const assay_graph* graph,
                      assay_variables* variables, assay_program** out) {
  return Serve(host, "program.compile", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    ASSAY_ASSIGN_OR_RETURN(assay_variables * v, FindVariables(host, variables));
    auto program = std::make_unique<assay_program>();
    program->variables = v;
    program->macs = CostOf(g->graph).macs;
    Graph inside = g->graph;
    if (v->f64) {
      ASSAY_ASSIGN_OR_RETURN(inside, WidenToF64(g->graph));
    }
    ASSAY_ASSIGN_OR_RETURN(
        program->session,
        Session::Make(&host->programs(v->f64), inside, &v->parameters));
    ++v->programs;
    *out = host->handles().Add(std::move(program));
    return absl::OkStatus();
  });
}

absl::StatusOr<assay_program*> FindProgram(assay_host* host,
                                           const assay_program* p) {
  return host->handles().Find(p, "program");
}

absl::Status FeedTensor(assay_program* p, absl::string_view input,
                        const Tensor& value) {
  return p->session->Feed(input, p->variables->f64 ? Widen(value) : value);
}

assay_status* Feed(assay_host* host, assay_program* program, assay_text input,
                   const assay_tensor* tensor) {
  return Serve(host, "program.feed", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_program * p, FindProgram(host, program));
    ASSAY_ASSIGN_OR_RETURN(assay_tensor * t,
                           host->handles().Find(tensor, "tensor"));
    return FeedTensor(p, View(input), t->tensor);
  });
}

assay_status* FeedBatch(assay_host* host, assay_program* program,
                        const assay_batch* batch) {
  return Serve(host, "program.feed_batch", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_program * p, FindProgram(host, program));
    ASSAY_ASSIGN_OR_RETURN(const assay_batch b,
                           Receive(batch, assay_batch{}, "program.feed_batch"));
    const Graph& graph = p->session->graph();
    for (uint32_t i = 0; i < b.feed_count; ++i) {
      const absl::string_view name = View(b.feeds[i]->name);
      bool wanted = false;
      for (ValueId input : graph.inputs()) {
        wanted = wanted || graph.value(input).name == name;
      }
      if (!wanted) continue;
      ASSAY_ASSIGN_OR_RETURN(
          assay_tensor * t, host->handles().Find(b.feeds[i]->tensor, "tensor"));
      ASSAY_RETURN_IF_ERROR(FeedTensor(p, name, t->tensor));
    }
    return absl::OkStatus();
  });
}

assay_status* Run(assay_host* host, assay_program* program) {
  return Serve(host, "program.run", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_program * p, FindProgram(host, program));
    ASSAY_RETURN_IF_ERROR(p->session->Run());
    ++host->ledger().programs;
    host->ledger().macs += p->macs;
    return absl::OkStatus();
  });
}

assay_status* Fetch(assay_host* host, assay_program* program, assay_text output,
                    assay_tensor** out) {
  return Serve(host, "program.fetch", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_program * p, FindProgram(host, program));
    ASSAY_ASSIGN_OR_RETURN(Tensor value, p->session->Fetch(View(output)));
    *out =
        host->handles().Add(std::make_unique<assay_tensor>(std::move(value)));
    return absl::OkStatus();
  });
}

void FreeProgram(assay_host* host, assay_program* program) {
  const auto p = FindProgram(host, program);
  if (!p.ok()) {
    host->sink().Misbehaviour(p.status().message());
    return;
  }
  --(*p)->variables->programs;
  host->handles().Remove(*p);
}

}  // namespace

const assay_program_table* ProgramTable() {
  static constexpr assay_program_table kTable = {
      ASSAY_SIZE(assay_program_table),
      1,
      &MakeVariables,
      &Load,
      &Save,
      &SetVariable,
      &GetVariable,
      &FreeVariables,
      &Compile,
      &Feed,
      &FeedBatch,
      &Run,
      &Fetch,
      &FreeProgram};
  return &kTable;
}

}  // namespace assay
