#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/backend/session.h"
#include "harness/core/status_macros.h"
#include "harness/dynamic/cut.h"
#include "harness/graph/cost.h"
#include "harness/graph/rewrites/prune_dead.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/graph/rewrites/with_cache.h"
#include "harness/host/services/graph_access.h"
#include "harness/host/services/tables.h"

namespace assay {
namespace {

struct DecoderPart {
  explicit DecoderPart(Graph g) : graph(std::move(g)) {}

  Graph graph;  // of batch 1, with the part's values as inputs and outputs
  std::string prefix;
  int64_t context = 0;
  int64_t length = 0;
  // By the positions at a time, and whether for the caches alone.
  std::map<std::pair<int64_t, bool>, std::unique_ptr<Session>> sessions;
  std::map<std::pair<int64_t, bool>, int64_t> macs;
  std::vector<Tensor> outputs;  // of the last run
};

}  // namespace
}  // namespace assay

struct assay_decoder final : assay::Handle {
  explicit assay_decoder(assay::Device* device) : parameters(device) {}

  assay::DeviceParameters parameters;  // with the caches of all parts
  std::vector<std::unique_ptr<assay::DecoderPart>> parts;
};

namespace assay {
namespace {

absl::StatusOr<assay_decoder*> FindDecoder(assay_host* host,
                                           const assay_decoder* decoder) {
  return host->handles().Find(decoder, "decoder");
}

absl::StatusOr<DecoderPart*> FindPart(assay_host* host,
                                      const assay_decoder* decoder,
                                      uint32_t part) {
  ASSAY_ASSIGN_OR_RETURN(assay_decoder * d, FindDecoder(host, decoder));
  if (part < d->parts.size()) return d->parts[part].get();
  return absl::OutOfRangeError(absl::StrCat(
      "decode: there are ", d->parts.size(), " parts, got number ", part));
}

assay_status* Make(assay_host* host, const assay_parameters* set,
                   assay_decoder** out) {
  return Serve(host, "decode.make", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, ReadableSet(host, set));
    auto decoder = std::make_unique<assay_decoder>(host->options().device);
    ASSAY_RETURN_IF_ERROR(decoder->parameters.Load(s->store));
    *out = host->handles().Add(std::move(decoder));
    return absl::OkStatus();
  });
}

void Free(assay_host* host, assay_decoder* decoder) {
  const absl::Status status = host->handles().Free(decoder, "decode.free");
  if (!status.ok()) host->sink().Misbehaviour(status.message());
}

// Inputs and outputs of the piece: names are places, "0", "1", ...
absl::StatusOr<std::vector<CutEnd>> Ends(const Graph& graph, const char* what,
                                         const int32_t* values,
                                         uint64_t count) {
  std::vector<CutEnd> ends;
  for (uint64_t i = 0; i < count; ++i) {
    if (values == nullptr || values[i] < 0 ||
        values[i] >= graph.value_count()) {
      return absl::InvalidArgumentError(
          absl::StrCat("decode: ", what, "[", i, "] is no value of the graph"));
    }
    const Shape& shape = graph.shape(values[i]);
    const int64_t context =
        graph.shape(values[0]).size() < 2 ? 0 : graph.shape(values[0])[1];
    if (shape.size() < 2 || shape[1] != context) {
      return absl::InvalidArgumentError(
          absl::StrCat("decode: ", what, "[", i,
                       "]: expected [N,T,...] with the positions "
                       "on axis 1, got ",
                       ToString(graph.type(values[i]))));
    }
    ends.push_back({absl::StrCat(what, i), values[i]});
  }
  if (!ends.empty()) return ends;
  return absl::InvalidArgumentError(
      absl::StrCat("decode: expected at least one value ", what));
}

absl::StatusOr<Session*> SessionOf(assay_host* host, assay_decoder* d,
                                   DecoderPart* part, int64_t count,
                                   bool store) {
  std::unique_ptr<Session>& session = part->sessions[{count, store}];
  if (session != nullptr) return session.get();
  ASSAY_ASSIGN_OR_RETURN(CachedNetwork made,
                         WithCache(part->graph, count, part->prefix));
  if (store) {
    made.graph.ClearOutputs();
    ASSAY_ASSIGN_OR_RETURN(made.graph, PruneDead(made.graph));
  }
  // The programs of a part share its caches.
  for (const auto& [name, zeros] : made.caches.values()) {
    if (d->parameters.Find(name) != nullptr) continue;
    ASSAY_RETURN_IF_ERROR(d->parameters.Set(name, zeros));
  }
  part->macs[{count, store}] = CostOf(made.graph).macs;
  ASSAY_ASSIGN_OR_RETURN(session, Session::Make(&host->programs(false),
                                                made.graph, &d->parameters));
  return session.get();
}

absl::Status CheckParameters(const assay_decoder& d, const Graph& graph) {
  for (const ValueId id : graph.parameters()) {
    const Value& value = graph.value(id);
    const DeviceTensor* tensor = d.parameters.Find(value.name);
    if (tensor != nullptr && tensor->type == value.type) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("decode.add_part: parameter ", value.name, ": expected ",
                     ToString(value.type), ", got ",
                     tensor == nullptr ? "none" : ToString(tensor->type)));
  }
  return absl::OkStatus();
}

assay_status* AddPart(assay_host* host, assay_decoder* decoder,
                      const assay_graph* graph, const int32_t* from,
                      uint64_t from_count, const int32_t* to, uint64_t to_count,
                      uint32_t* part) {
  return Serve(host, "decode.add_part", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_decoder * d, FindDecoder(host, decoder));
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    ASSAY_ASSIGN_OR_RETURN(const auto begin,
                           Ends(g->graph, "from", from, from_count));
    ASSAY_ASSIGN_OR_RETURN(const auto ends, Ends(g->graph, "to", to, to_count));
    ASSAY_ASSIGN_OR_RETURN(
        const Graph cut,
        CutPiece(g->graph, absl::StrCat(g->graph.name(), "/part"), begin,
                 ends));
    ASSAY_ASSIGN_OR_RETURN(Graph one, Rebatch(cut, 1));
    ASSAY_RETURN_IF_ERROR(CheckParameters(*d, one));
    // What does not fit is found here and not at the first token.
    ASSAY_RETURN_IF_ERROR(WithCache(one, 1).status());
    auto made = std::make_unique<DecoderPart>(std::move(one));
    made->context = made->graph.shape(made->graph.inputs()[0])[1];
    made->prefix = absl::StrCat("decode/", d->parts.size(), "/");
    *part = static_cast<uint32_t>(d->parts.size());
    d->parts.push_back(std::move(made));
    return absl::OkStatus();
  });
}

int64_t Length(assay_host* host, const assay_decoder* decoder, uint32_t part) {
  const auto p = FindPart(host, decoder, part);
  return p.ok() ? (*p)->length : -1;
}

assay_status* Truncate(assay_host* host, assay_decoder* decoder, uint32_t part,
                       int64_t length) {
  return Serve(host, "decode.truncate", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(DecoderPart * p, FindPart(host, decoder, part));
    if (length < 0 || length > p->length) {
      return absl::OutOfRangeError(
          absl::StrCat("decode.truncate: expected a length of 0 to ", p->length,
                       ", got ", length));
    }
    p->length = length;
    return absl::OkStatus();
  });
}

// Positions [begin, begin + count) of a tensor [1,m,...].
Tensor Positions(const Tensor& all, int64_t begin, int64_t count) {
  Shape shape = all.shape();
  const int64_t bytes = all.bytes() / shape[1];
  shape[1] = count;
  Tensor part(all.dtype(), shape);
  std::memcpy(part.raw(), static_cast<const char*>(all.raw()) + begin * bytes,
              static_cast<size_t>(part.bytes()));
  return part;
}

absl::StatusOr<std::vector<Tensor>> TakeInputs(
    assay_host* host, const DecoderPart& p, const assay_tensor* const* inputs,
    uint64_t count) {
  const auto& wanted = p.graph.inputs();
  if (inputs == nullptr || count != wanted.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "decode: expected ", wanted.size(), " inputs, got ", count));
  }
  std::vector<Tensor> taken;
  for (size_t i = 0; i < wanted.size(); ++i) {
    ASSAY_ASSIGN_OR_RETURN(assay_tensor * t,
                           host->handles().Find(inputs[i], "tensor"));
    TensorType type = p.graph.type(wanted[i]);
    const Tensor& given = t->tensor;
    if (given.rank() >= 2) type.shape[1] = given.dim(1);
    if (given.dtype() != type.dtype || given.shape() != type.shape ||
        given.dim(1) < 1 || (i > 0 && given.dim(1) != taken[0].dim(1))) {
      type.shape[1] = p.context;
      return absl::InvalidArgumentError(
          absl::StrCat("decode: input ", i, ": expected positions of ",
                       ToString(type), ", got ", given.TypeString()));
    }
    taken.push_back(given);
  }
  return taken;
}

absl::Status RunChunk(assay_host* host, assay_decoder* d, DecoderPart* p,
                      const std::vector<Tensor>& inputs, int64_t begin,
                      int64_t count, bool store,
                      std::vector<std::vector<Tensor>>* outputs) {
  ASSAY_ASSIGN_OR_RETURN(Session * session,
                         SessionOf(host, d, p, count, store));
  const auto fed = [&](absl::string_view name) {
    return session->graph().FindValue(name) != kNoValue;
  };
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::string name = absl::StrCat("from", i);
    if (!fed(name)) continue;
    ASSAY_RETURN_IF_ERROR(
        session->Feed(name, Positions(inputs[i], begin, count)));
  }
  if (fed("position")) {
    ASSAY_RETURN_IF_ERROR(session->Feed(
        "position",
        Tensor::From<int32_t>({}, {static_cast<int32_t>(p->length)})));
  }
  ASSAY_RETURN_IF_ERROR(session->Run());
  if (!store) {
    for (size_t i = 0; i < p->graph.outputs().size(); ++i) {
      ASSAY_ASSIGN_OR_RETURN(Tensor value,
                             session->Fetch(p->graph.outputs()[i].name));
      (*outputs)[i].push_back(std::move(value));
    }
  }
  p->length += count;
  ++host->ledger().programs;
  host->ledger().macs += p->macs[{count, store}];
  return absl::OkStatus();
}

// Tensors [1,m,...] one behind the other.
Tensor Join(const std::vector<Tensor>& parts) {
  if (parts.size() == 1) return parts[0];
  Shape shape = parts[0].shape();
  shape[1] = 0;
  for (const Tensor& part : parts) shape[1] += part.dim(1);
  Tensor all(parts[0].dtype(), shape);
  char* to = static_cast<char*>(all.raw());
  for (const Tensor& part : parts) {
    std::memcpy(to, part.raw(), static_cast<size_t>(part.bytes()));
    to += part.bytes();
  }
  return all;
}

absl::Status RunPart(assay_host* host, assay_decoder* decoder, uint32_t part,
                     const assay_tensor* const* inputs, uint64_t count,
                     bool store) {
  ASSAY_ASSIGN_OR_RETURN(assay_decoder * d, FindDecoder(host, decoder));
  ASSAY_ASSIGN_OR_RETURN(DecoderPart * p, FindPart(host, decoder, part));
  p->outputs.clear();  // those of the run before
  ASSAY_ASSIGN_OR_RETURN(const std::vector<Tensor> taken,
                         TakeInputs(host, *p, inputs, count));
  const int64_t positions = taken[0].dim(1);
  if (p->length + positions > p->context) {
    return absl::OutOfRangeError(
        absl::StrCat("decode: part ", part, " has ", p->length, " of ",
                     p->context, " positions, got ", positions, " more"));
  }
  std::vector<std::vector<Tensor>> outputs(p->graph.outputs().size());
  const int64_t before = p->length;
  for (int64_t done = 0; done < positions;) {
    const int64_t size = CacheChunk(positions - done, p->context);
    const absl::Status status =
        RunChunk(host, d, p, taken, done, size, store, &outputs);
    if (!status.ok()) {
      p->length = before;
      return status;
    }
    done += size;
  }
  for (const std::vector<Tensor>& pieces : outputs) {
    if (!store) p->outputs.push_back(Join(pieces));
  }
  return absl::OkStatus();
}

assay_status* Run(assay_host* host, assay_decoder* decoder, uint32_t part,
                  const assay_tensor* const* inputs, uint64_t count) {
  return Serve(host, "decode.run", [&] {
    return RunPart(host, decoder, part, inputs, count, false);
  });
}

assay_status* Store(assay_host* host, assay_decoder* decoder, uint32_t part,
                    const assay_tensor* const* inputs, uint64_t count) {
  return Serve(host, "decode.store", [&] {
    return RunPart(host, decoder, part, inputs, count, true);
  });
}

assay_status* Fetch(assay_host* host, const assay_decoder* decoder,
                    uint32_t part, uint32_t index, assay_tensor** out) {
  return Serve(host, "decode.fetch", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(DecoderPart * p, FindPart(host, decoder, part));
    if (index >= p->outputs.size()) {
      return absl::OutOfRangeError(
          absl::StrCat("decode.fetch: the last run of part ", part, " left ",
                       p->outputs.size(), " values, got number ", index));
    }
    *out = host->handles().Add(
        std::make_unique<assay_tensor>(p->outputs[index].Clone()));
    return absl::OkStatus();
  });
}

}  // namespace

const assay_decode_table* DecodeTable() {
  static constexpr assay_decode_table kTable = {ASSAY_SIZE(assay_decode_table),
                                                1,
                                                &Make,
                                                &Free,
                                                &AddPart,
                                                &Length,
                                                &Truncate,
                                                &Run,
                                                &Store,
                                                &Fetch};
  return &kTable;
}

}  // namespace assay
