#include "harness/host/artifact.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/text_format.h"
#include "harness/core/dtype.h"
#include "harness/core/file.h"
#include "harness/core/hash.h"
#include "harness/core/status_macros.h"
#include "harness/dynamic/dynamic_text.h"
#include "harness/dynamic/dynamic_verify.h"
#include "harness/dynamic/host_module.h"
#include "harness/dynamic/side_by_side.h"
#include "harness/graph/structural_hash.h"
#include "harness/graph/text.h"
#include "harness/graph/verify.h"
#include "harness/host/artifact.pb.h"
#include "harness/report/report.pb.h"
#include "harness/train/checkpoint.h"

namespace assay {
namespace {

constexpr uint32_t kFormat = 1;
constexpr char kCardFile[] = "artifact.textproto";
constexpr char kGraphFile[] = "graph.txt";
constexpr char kParametersFile[] = "parameters.safetensors";
constexpr int64_t kLargestCard = 64 << 10;
constexpr int64_t kInlineConstants = 16;  // elements

template <typename T>
int64_t FirstNotFinite(const Tensor& tensor) {
  const auto values = tensor.span<T>();
  for (size_t i = 0; i < values.size(); ++i) {
    bool finite;
    if constexpr (std::is_same_v<T, BFloat16>) {
      finite = std::isfinite(static_cast<float>(values[i]));
    } else {
      finite = std::isfinite(values[i]);
    }
    if (!finite) return static_cast<int64_t>(i);
  }
  return -1;
}

absl::Status CheckFinite(const std::string& name, const Tensor& tensor) {
  int64_t at = -1;
  if (tensor.dtype() == DType::kF32) at = FirstNotFinite<float>(tensor);
  if (tensor.dtype() == DType::kF64) at = FirstNotFinite<double>(tensor);
  if (tensor.dtype() == DType::kBF16) at = FirstNotFinite<BFloat16>(tensor);
  if (at < 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("parameter ", name, " ", tensor.TypeString(), ": element ",
                   at, " is not finite"));
}

absl::Status CheckParameter(const Value& value, const ParameterStore& store) {
  const Tensor* tensor = store.Find(value.name);
  if (tensor == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("the graph reads parameter ", value.name, " ",
                     ToString(value.type), ", which is missing"));
  }
  if (!(TensorType{tensor->dtype(), tensor->shape()} == value.type)) {
    return absl::InvalidArgumentError(
        absl::StrCat("parameter ", value.name, ": the graph reads ",
                     ToString(value.type), ", got ", tensor->TypeString()));
  }
  return CheckFinite(value.name, *tensor);
}

// Equal but for the batch.
bool SameButBatch(const TensorType& a, const TensorType& b) {
  if (a.dtype != b.dtype || a.shape.size() != b.shape.size()) return false;
  for (size_t i = 1; i < a.shape.size(); ++i) {
    if (a.shape[i] != b.shape[i]) return false;
  }
  return true;
}

struct Port {
  std::string name;
  TensorType type;
};

// The graph's text; its large constants go into `stored`.
absl::StatusOr<std::string> TextOf(const Artifact& artifact,
                                   ParameterStore* stored) {
  if (artifact.dynamic == nullptr) {
    return ToText(artifact.graph, stored, kInlineConstants);
  }
  ParameterStore constants;
  std::string text = ToText(*artifact.dynamic, &constants, kInlineConstants);
  for (const auto& [name, value] : constants.values()) {
    if (stored->Find(name) != nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(
          "parameter ", name, " is called as a constant of a piece is"));
    }
    stored->Set(name, value);
  }
  return text;
}

// One text per function, whatever its pieces are called.
std::string StructureOf(const Artifact& artifact) {
  const std::string pieces = StructuralHash(artifact.graph);
  if (artifact.dynamic == nullptr) return pieces;
  return Sha256Hex(
      absl::StrCat(StatementsText(*artifact.dynamic), "\n", pieces));
}

absl::Status CheckPorts(absl::string_view kind, const std::vector<Port>& got,
                        const std::vector<Port>& expected) {
  const auto text = [](const std::vector<Port>& ports) {
    return absl::StrJoin(ports, ", ", [](std::string* out, const Port& port) {
      absl::StrAppend(out, port.name, " ", ToString(port.type));
    });
  };
  bool same = got.size() == expected.size();
  for (size_t i = 0; same && i < got.size(); ++i) {
    same = got[i].name == expected[i].name &&
           SameButBatch(got[i].type, expected[i].type);
  }
  if (same) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      kind, " of the candidate: expected ", text(expected),
      " as in the reference network (any batch), got ", text(got)));
}

std::vector<Port> Inputs(const Graph& graph) {
  std::vector<Port> ports;
  for (ValueId id : graph.inputs()) {
    ports.push_back({graph.value(id).name, graph.type(id)});
  }
  return ports;
}

std::vector<Port> Outputs(const Graph& graph) {
  std::vector<Port> ports;
  for (const Graph::Output& output : graph.outputs()) {
    ports.push_back({output.name, graph.type(output.value)});
  }
  return ports;
}

FileRecord RecordOf(const char* name, absl::string_view bytes) {
  FileRecord record;
  record.set_path(name);
  record.set_sha256(Sha256Hex(bytes));
  record.set_bytes(bytes.size());
  return record;
}

// Puts `fresh` in the place of `folder`.
absl::Status Replace(const std::string& fresh, const std::string& folder) {
  if (rename(fresh.c_str(), folder.c_str()) == 0) return absl::OkStatus();
  if (renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, folder.c_str(),
                RENAME_EXCHANGE) != 0) {
    return absl::UnavailableError(absl::StrCat(
        "cannot rename ", fresh, " to ", folder, ": ", std::strerror(errno)));
  }
  std::error_code ignored;  // `fresh` is the old artifact now
  std::filesystem::remove_all(fresh, ignored);
  return absl::OkStatus();
}

// A regular file of at most `limit` bytes.
absl::StatusOr<std::string> ReadRegular(const std::string& path,
                                        int64_t limit) {
  struct stat info = {};
  if (lstat(path.c_str(), &info) != 0) {
    return absl::NotFoundError(absl::StrCat(path, ": ", std::strerror(errno)));
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": expected a regular file"));
  }
  if (info.st_size > limit) {
    return absl::ResourceExhaustedError(
        absl::StrCat(path, ": expected at most ", limit, " bytes, got ",
                     static_cast<int64_t>(info.st_size)));
  }
  return ReadFile(path);
}

absl::Status CheckFolder(const std::string& folder) {
  struct stat info = {};
  if (lstat(folder.c_str(), &info) != 0) {
    return absl::NotFoundError(
        absl::StrCat("artifact ", folder, ": ", std::strerror(errno)));
  }
  if (!S_ISDIR(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat("artifact ", folder, ": expected a folder"));
  }
  ASSAY_ASSIGN_OR_RETURN(std::vector<std::string> names, ListFolder(folder));
  const std::vector<std::string> expected = {kCardFile, kGraphFile,
                                             kParametersFile};
  if (names == expected) return absl::OkStatus();
  names.resize(std::min<size_t>(names.size(), 10));
  return absl::InvalidArgumentError(absl::StrCat(
      "artifact ", folder, ": expected the files ",
      absl::StrJoin(expected, ", "), "; got ", absl::StrJoin(names, ", ")));
}

absl::StatusOr<ArtifactCard> ReadCard(const std::string& folder) {
  const std::string path = JoinPath(folder, kCardFile);
  ASSAY_ASSIGN_OR_RETURN(std::string text, ReadRegular(path, kLargestCard));
  ArtifactCard card;
  google::protobuf::TextFormat::Parser parser;
  parser.SetRecursionLimit(10);
  if (!parser.ParseFromString(text, &card)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": expected the text form of an ArtifactCard"));
  }
  if (card.format() != kFormat) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": expected format ", kFormat, ", got ", card.format()));
  }
  return card;
}

absl::StatusOr<std::string> ReadAsRecorded(const std::string& folder,
                                           const char* name,
                                           const FileRecord& record,
                                           int64_t limit) {
  const std::string path = JoinPath(folder, name);
  ASSAY_ASSIGN_OR_RETURN(std::string bytes, ReadRegular(path, limit));
  const FileRecord got = RecordOf(name, bytes);
  if (got.bytes() == record.bytes() && got.sha256() == record.sha256()) {
    return bytes;
  }
  return absl::DataLossError(absl::StrCat(path, ": expected ", record.bytes(),
                                          " bytes of SHA-256 ", record.sha256(),
                                          " as its card says, got ",
                                          got.bytes(), " of ", got.sha256()));
}

// Splits what the file holds into the graph's constants and its parameters;
// what is neither is extra.
absl::Status TakeParameters(const Artifact& artifact,
                            const ParameterStore& stored,
                            ParameterStore* parameters) {
  const Graph& graph = artifact.graph;
  ParameterStore constants;
  if (artifact.dynamic != nullptr) {
    ToText(*artifact.dynamic, &constants, kInlineConstants);
  }
  for (const auto& [name, tensor] : stored.values()) {
    const ValueId id = graph.FindValue(name);
    const bool known = id != kNoValue;
    if (artifact.dynamic != nullptr
            ? constants.Find(name) != nullptr
            : known && graph.value(id).kind == ValueKind::kConstant &&
                  tensor.size() > kInlineConstants) {
      continue;
    }
    if (!known || graph.value(id).kind != ValueKind::kParameter) {
      return absl::InvalidArgumentError(
          absl::StrCat(kParametersFile, " holds ", name, " ",
                       tensor.TypeString(), ", which the graph does not read"));
    }
    parameters->Set(name, tensor);
  }
  return absl::OkStatus();
}

void FillRecord(const ArtifactCard& card, ArtifactRecord* record) {
  Sha256 all;
  for (const FileRecord& file : {card.graph(), card.parameters()}) {
    all.Update(absl::StrCat(file.path(), " ", file.sha256(), "\n"));
    *record->add_files() = file;
  }
  record->set_sha256(all.Hex());
  record->set_graph_sha256(card.structure_sha256());
  record->set_nodes(card.nodes());
}

// Of the parsed text; without parameters.
absl::Status ParseNetwork(const ArtifactCard& card, absl::string_view text,
                          const OpSet& ops, const ParameterStore& stored,
                          Artifact* artifact) {
  if (!card.dynamic()) {
    ASSAY_ASSIGN_OR_RETURN(artifact->graph, ParseGraph(text, ops, &stored));
    return absl::OkStatus();
  }
  ASSAY_ASSIGN_OR_RETURN(DynamicGraph dynamic,
                         ParseDynamicGraph(text, ops, &stored));
  ASSAY_ASSIGN_OR_RETURN(artifact->graph, SideBySide(dynamic));
  artifact->dynamic = std::make_shared<const DynamicGraph>(std::move(dynamic));
  return absl::OkStatus();
}

absl::Status At(const std::string& folder, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(
      status.code(), absl::StrCat("artifact ", folder, ": ", status.message()));
}

}  // namespace

absl::Status CheckArtifact(const Artifact& artifact) {
  const Graph& graph = artifact.graph;
  if (artifact.dynamic != nullptr) {
    ASSAY_RETURN_IF_ERROR(VerifyDynamic(*artifact.dynamic));
  }
  ASSAY_RETURN_IF_ERROR(Verify(graph));
  if (!graph.updates().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the graph updates parameter ",
                     graph.value(graph.updates()[0].parameter).name,
                     "; expected an inference graph, without updates"));
  }
  std::set<std::string> read;
  for (ValueId id : graph.parameters()) {
    ASSAY_RETURN_IF_ERROR(CheckParameter(graph.value(id), artifact.parameters));
    read.insert(graph.value(id).name);
  }
  for (const auto& [name, tensor] : artifact.parameters.values()) {
    if (read.count(name) > 0) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("parameter ", name, " ", tensor.TypeString(),
                     " is not read by the graph"));
  }
  return absl::OkStatus();
}

absl::Status CheckSameInterface(const Graph& candidate,
                                const Graph& reference) {
  ASSAY_RETURN_IF_ERROR(
      CheckPorts("inputs", Inputs(candidate), Inputs(reference)));
  return CheckPorts("outputs", Outputs(candidate), Outputs(reference));
}

absl::Status CheckSameInterface(const DynamicGraph& candidate,
                                const Graph& reference) {
  std::vector<Port> inputs;
  for (const DynamicGraph::Input& input : candidate.inputs) {
    inputs.push_back({input.name, input.type});
  }
  ASSAY_RETURN_IF_ERROR(CheckPorts("inputs", inputs, Inputs(reference)));
  std::vector<std::string> outputs;
  for (const Port& port : Outputs(reference)) outputs.push_back(port.name);
  if (outputs == candidate.outputs) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "outputs of the candidate: expected ", absl::StrJoin(outputs, ", "),
      " as in the reference network, got ",
      absl::StrJoin(candidate.outputs, ", ")));
}

absl::StatusOr<Artifact> MakeDynamicArtifact(std::string name, int budget,
                                             const DynamicGraph& dynamic,
                                             const ParameterStore& parameters) {
  ASSAY_ASSIGN_OR_RETURN(Graph pieces, SideBySide(dynamic));
  Artifact artifact{
      std::move(name),   budget, {},
      std::move(pieces), {},     std::make_shared<DynamicGraph>(dynamic)};
  for (const ValueId id : artifact.graph.parameters()) {
    const std::string& parameter = artifact.graph.value(id).name;
    ASSAY_ASSIGN_OR_RETURN(Tensor value, parameters.Get(parameter));
    artifact.parameters.Set(parameter, std::move(value));
  }
  ASSAY_RETURN_IF_ERROR(BuildHostModule(dynamic, artifact.parameters).status());
  return artifact;
}

absl::Status WriteArtifact(const std::string& folder,
                           const Artifact& artifact) {
  ASSAY_RETURN_IF_ERROR(At(folder, CheckArtifact(artifact)));
  Checkpoint checkpoint;
  checkpoint.parameters = artifact.parameters;
  const auto text = TextOf(artifact, &checkpoint.parameters);
  if (!text.ok()) return At(folder, text.status());
  const std::string parameters = SerializeCheckpoint(checkpoint);

  ArtifactCard card;
  card.set_format(kFormat);
  card.set_name(artifact.name);
  card.set_budget(artifact.budget);
  for (const std::string& precision : artifact.precisions) {
    card.add_precisions(precision);
  }
  *card.mutable_graph() = RecordOf(kGraphFile, *text);
  *card.mutable_parameters() = RecordOf(kParametersFile, parameters);
  card.set_structure_sha256(StructureOf(artifact));
  card.set_dynamic(artifact.dynamic != nullptr);
  card.set_nodes(static_cast<uint64_t>(artifact.graph.node_count()));
  std::string card_text;
  google::protobuf::TextFormat::PrintToString(card, &card_text);

  const std::string fresh = absl::StrCat(folder, ".new-", getpid());
  std::error_code ignored;
  std::filesystem::remove_all(fresh, ignored);
  ASSAY_RETURN_IF_ERROR(MakeFolders(fresh));
  ASSAY_RETURN_IF_ERROR(
      WriteFileAtomically(JoinPath(fresh, kGraphFile), *text));
  ASSAY_RETURN_IF_ERROR(
      WriteFileAtomically(JoinPath(fresh, kParametersFile), parameters));
  ASSAY_RETURN_IF_ERROR(
      WriteFileAtomically(JoinPath(fresh, kCardFile), card_text));
  return Replace(fresh, folder);
}

absl::StatusOr<Artifact> ReadArtifact(const std::string& folder,
                                      const OpSet& ops,
                                      const ArtifactLimits& limits,
                                      ArtifactRecord* record) {
  ASSAY_RETURN_IF_ERROR(CheckFolder(folder));
  ASSAY_ASSIGN_OR_RETURN(ArtifactCard card, ReadCard(folder));
  ASSAY_ASSIGN_OR_RETURN(
      std::string text,
      ReadAsRecorded(folder, kGraphFile, card.graph(), limits.graph_bytes));
  ASSAY_ASSIGN_OR_RETURN(
      std::string parameters,
      ReadAsRecorded(folder, kParametersFile, card.parameters(),
                     limits.parameter_bytes));
  ASSAY_ASSIGN_OR_RETURN(
      Checkpoint checkpoint,
      ParseCheckpoint(parameters, JoinPath(folder, kParametersFile)));
  Artifact artifact{card.name(),
                    card.budget(),
                    {card.precisions().begin(), card.precisions().end()},
                    Graph(ops),
                    {}};
  ASSAY_RETURN_IF_ERROR(
      At(JoinPath(folder, kGraphFile),
         ParseNetwork(card, text, ops, checkpoint.parameters, &artifact)));
  ASSAY_RETURN_IF_ERROR(At(
      folder,
      TakeParameters(artifact, checkpoint.parameters, &artifact.parameters)));
  ASSAY_RETURN_IF_ERROR(At(folder, CheckArtifact(artifact)));
  const std::string structure = StructureOf(artifact);
  if (structure != card.structure_sha256()) {
    return absl::DataLossError(
        absl::StrCat("artifact ", folder, ": the graph's structure hashes to ",
                     structure, ", its card says ", card.structure_sha256()));
  }
  card.mutable_graph()->set_path(kGraphFile);
  card.mutable_parameters()->set_path(kParametersFile);
  card.set_nodes(static_cast<uint64_t>(artifact.graph.node_count()));
  if (record != nullptr) FillRecord(card, record);
  return artifact;
}

}  // namespace assay
