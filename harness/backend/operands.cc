#include "harness/backend/operands.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

absl::Status CheckCount(absl::string_view what, size_t expected, size_t got) {
  if (expected == got) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(what, ": expected ", expected, " tensors, got ", got));
}

absl::Status CheckOperand(absl::string_view what, absl::string_view name,
                          const TensorType& expected, const DeviceTensor& got) {
  if (got.type == expected && got.buffer != nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      what, " '", name, "': expected ", ToString(expected), ", got ",
      got.buffer == nullptr ? "no buffer" : ToString(got.type)));
}

absl::Status CheckValues(absl::string_view what, const Graph& graph,
                         absl::Span<const ValueId> values,
                         absl::Span<const DeviceTensor> tensors) {
  ASSAY_RETURN_IF_ERROR(
      CheckCount(absl::StrCat(what, "s"), values.size(), tensors.size()));
  for (size_t i = 0; i < values.size(); ++i) {
    const Value& value = graph.value(values[i]);
    ASSAY_RETURN_IF_ERROR(
        CheckOperand(what, value.name, value.type, tensors[i]));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckRunOperands(const Graph& graph,
                              absl::Span<const DeviceTensor> inputs,
                              absl::Span<const DeviceTensor> parameters,
                              absl::Span<const DeviceTensor> outputs) {
  ASSAY_RETURN_IF_ERROR(CheckValues("input", graph, graph.inputs(), inputs));
  ASSAY_RETURN_IF_ERROR(
      CheckValues("parameter", graph, graph.parameters(), parameters));
  ASSAY_RETURN_IF_ERROR(
      CheckCount("outputs", graph.outputs().size(), outputs.size()));
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Graph::Output& output = graph.outputs()[i];
    ASSAY_RETURN_IF_ERROR(CheckOperand("output", output.name,
                                       graph.type(output.value), outputs[i]));
  }
  return absl::OkStatus();
}

absl::Status CheckCopy(absl::string_view what, const TensorType& src,
                       const TensorType& dst) {
  if (src == dst) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      what, ": expected ", ToString(dst), ", got ", ToString(src)));
}

absl::Status CheckSupported(const Device& device, const Graph& graph) {
  std::vector<std::string> lacks;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const absl::Status status = device.Supports(graph, id);
    if (!status.ok()) lacks.emplace_back(status.message());
  }
  if (lacks.empty()) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat(
      "backend '", device.description().name, "' lacks ", lacks.size(), " of ",
      graph.node_count(), " nodes: ", absl::StrJoin(lacks, "; ")));
}

TensorType TypeOf(const Tensor& tensor) {
  return {tensor.dtype(), tensor.shape()};
}

}  // namespace assay
