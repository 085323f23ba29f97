#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/roles.h"
#include "harness/host/services/graph_access.h"
#include "harness/host/services/masks.h"
#include "harness/host/services/tables.h"
#include "harness/models/init.h"

namespace assay {
namespace {

const assay_parameters* Reference(assay_host* host) {
  return host->reference_parameters();
}

assay_status* Make(assay_host* host, assay_parameters** out) {
  return Serve(host, "parameters.make", [&]() -> absl::Status {
    *out = host->handles().Add(std::make_unique<assay_parameters>());
    return absl::OkStatus();
  });
}

assay_status* Clone(assay_host* host, const assay_parameters* set,
                    assay_parameters** out) {
  return Serve(host, "parameters.clone", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, ReadableSet(host, set));
    auto copy = std::make_unique<assay_parameters>();
    copy->store = s->store.Clone();
    *out = host->handles().Add(std::move(copy));
    return absl::OkStatus();
  });
}

void Free(assay_host* host, assay_parameters* set) {
  const auto s = host->handles().Find(set, "parameters.free");
  if (s.ok() && !(*s)->lent) {
    for (const auto& [name, tensor] : (*s)->tensors) {
      host->handles().Remove(tensor);
    }
  }
  const absl::Status status = host->handles().Free(set, "parameters.free");
  if (!status.ok()) host->sink().Misbehaviour(status.message());
}

uint32_t Count(assay_host* host, const assay_parameters* set) {
  const auto s = ReadableSet(host, set);
  return s.ok() ? static_cast<uint32_t>((*s)->store.size()) : 0;
}

assay_status* NameOf(assay_host* host, const assay_parameters* set,
                     uint32_t index, assay_text* out) {
  return Serve(host, "parameters.name", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, ReadableSet(host, set));
    const auto& values = s->store.values();
    if (index >= values.size()) {
      return absl::OutOfRangeError(absl::StrCat(
          "parameters.name: there are ", values.size(), ", asked for ", index));
    }
    *out = Lend(std::next(values.begin(), index)->first);
    return absl::OkStatus();
  });
}

assay_status* TensorOf(assay_host* host, const assay_parameters* set,
                       assay_text name, const assay_tensor** out) {
  return Serve(host, "parameters.tensor", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, ReadableSet(host, set));
    const auto lent = s->tensors.find(View(name));
    if (lent != s->tensors.end()) {
      *out = lent->second;
      return absl::OkStatus();
    }
    ASSAY_ASSIGN_OR_RETURN(Tensor value, s->store.Get(View(name)));
    auto tensor = std::make_unique<assay_tensor>(std::move(value));
    tensor->lent = true;
    tensor->writable = !s->lent;
    *out = s->tensors[Text(name)] = host->handles().Add(std::move(tensor));
    return absl::OkStatus();
  });
}

assay_status* Set(assay_host* host, assay_parameters* set, assay_text name,
                  const assay_tensor* tensor) {
  return Serve(host, "parameters.set", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, WritableSet(host, set));
    ASSAY_ASSIGN_OR_RETURN(assay_tensor * t,
                           host->handles().Find(tensor, "tensor"));
    if (name.size == 0) {
      return absl::InvalidArgumentError("parameters.set: the name is empty");
    }
    PutParameter(host, s, Text(name), t->tensor);
    return absl::OkStatus();
  });
}

assay_status* Erase(assay_host* host, assay_parameters* set, assay_text name) {
  return Serve(host, "parameters.erase", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, WritableSet(host, set));
    ASSAY_RETURN_IF_ERROR(s->store.Get(View(name)).status());
    s->store.Erase(View(name));
    DropStaleTensors(host, s);
    return absl::OkStatus();
  });
}

assay_status* Assign(assay_host* host, assay_parameters* set,
                     const assay_parameters* source) {
  return Serve(host, "parameters.assign", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, WritableSet(host, set));
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * from, ReadableSet(host, source));
    for (const auto& [name, value] : from->store.values()) {
      PutParameter(host, s, name, value);
    }
    return absl::OkStatus();
  });
}

// How a parameter starts by its role, as the layers of harness/models do.
absl::StatusOr<Initialiser> StandardStart(const Graph& graph, ValueId id,
                                          Role role) {
  const Value& v = graph.value(id);
  Initialiser start;
  start.parameter = v.name;
  const absl::string_view name = v.name;
  switch (role) {
    case Role::kConv:
    case Role::kDepthwiseConv:
      start.kind = Initialiser::Kind::kNormal;
      start.value =
          HeFanOut(v.type.shape, role == Role::kConv ? 1 : v.type.shape[0]);
      return start;
    case Role::kLinear:
      start.kind = Initialiser::Kind::kNormal;
      start.value = HeFanIn(v.type.shape);
      return start;
    case Role::kEmbedding:
      start.kind = Initialiser::Kind::kNormal;
      start.value = 0.02;
      return start;
    case Role::kNormScale:
      start.value = 1;
      return start;
    case Role::kNormShift:
    case Role::kBias:
      return start;
    case Role::kStatistic:
      start.value = absl::EndsWith(name, ".variance") ? 1 : 0;
      return start;
    case Role::kOther:
      break;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "parameters.initialize: ", name,
      " has no standard initial value for its use; set it yourself"));
}

// The reference network's own statement where it has this parameter.
const Initialiser* ReferenceStart(assay_host* host, const Value& v) {
  const Graph& reference = host->reference_graph()->graph;
  const ValueId id = reference.FindValue(v.name);
  if (id == kNoValue || !(reference.type(id) == v.type)) return nullptr;
  for (const Initialiser& i : host->served().initialisers) {
    if (i.parameter == v.name) return &i;
  }
  return nullptr;
}

absl::Status InitializeMissing(assay_host* host, assay_parameters* set,
                               const Graph& graph, assay_text stream) {
  Graph missing(graph.ops());
  std::vector<Initialiser> starts;
  const std::vector<Role> roles = ParameterRoles(graph);
  for (size_t i = 0; i < roles.size(); ++i) {
    const ValueId id = graph.parameters()[i];
    const Value& v = graph.value(id);
    if (set->store.Has(v.name)) continue;
    const Initialiser* start = ReferenceStart(host, v);
    if (start != nullptr) {
      starts.push_back(*start);
    } else {
      ASSAY_ASSIGN_OR_RETURN(Initialiser standard,
                             StandardStart(graph, id, roles[i]));
      starts.push_back(std::move(standard));
    }
    ASSAY_RETURN_IF_ERROR(missing.AddParameter(v.name, v.type).status());
  }
  ASSAY_ASSIGN_OR_RETURN(
      const ParameterStore made,
      Initialise(missing, starts,
                 host->SeedFor(absl::StrCat("init/", View(stream)))));
  for (const auto& [name, value] : made.values()) {
    PutParameter(host, set, name, value);
  }
  return absl::OkStatus();
}

assay_status* Initialize(assay_host* host, assay_parameters* set,
                         const assay_graph* graph, assay_text stream) {
  return Serve(host, "parameters.initialize", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, WritableSet(host, set));
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    if (stream.size == 0) {
      return absl::InvalidArgumentError(
          "parameters.initialize: the stream has no name");
    }
    return InitializeMissing(host, s, g->graph, stream);
  });
}

assay_status* ApplyMasks(assay_host* host, assay_parameters* set,
                         const assay_parameters* masks) {
  return Serve(host, "parameters.apply_masks", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, WritableSet(host, set));
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * m, ReadableSet(host, masks));
    for (const auto& [name, mask] : m->store.values()) {
      ASSAY_ASSIGN_OR_RETURN(Tensor value, s->store.Get(name));
      ASSAY_ASSIGN_OR_RETURN(const Tensor ones, MaskAs(mask, value, name));
      MultiplyByMask(ones, &value);
    }
    return absl::OkStatus();
  });
}

}  // namespace

void PutParameter(assay_host* host, assay_parameters* set, std::string name,
                  const Tensor& value) {
  Tensor* old = set->store.Find(name);
  if (old != nullptr && old->dtype() == value.dtype() &&
      old->shape() == value.shape()) {
    if (old->raw() != value.raw()) {
      std::memcpy(old->raw(), value.raw(), static_cast<size_t>(value.bytes()));
    }
    return;
  }
  set->store.Set(std::move(name), value.Clone());
  DropStaleTensors(host, set);
}

void DropStaleTensors(assay_host* host, assay_parameters* set) {
  for (auto it = set->tensors.begin(); it != set->tensors.end();) {
    const Tensor* now = set->store.Find(it->first);
    if (now != nullptr && now->raw() == it->second->tensor.raw()) {
      ++it;
      continue;
    }
    host->handles().Remove(it->second);
    it = set->tensors.erase(it);
  }
}

const assay_parameters_table* ParametersTable() {
  static constexpr assay_parameters_table kTable = {
      ASSAY_SIZE(assay_parameters_table),
      1,
      &Reference,
      &Make,
      &Clone,
      &Free,
      &Count,
      &NameOf,
      &TensorOf,
      &Set,
      &Erase,
      &Assign,
      &Initialize,
      &ApplyMasks};
  return &kTable;
}

}  // namespace assay
