#include <cstdint>
#include <utility>
#include <vector>

#include "harness/models/onnx/export/exporters.h"

namespace assay {
namespace {

OnnxAttributes Keep(const NodeWriter& w) {
  return {{"keepdims", w.attributes().Int("keep", 0)}};
}

// No axes at all, which ONNX reads as every axis.
bool WroteIdentity(NodeWriter& w) {
  if (!w.attributes().Has("axes") || !w.attributes().Ints("axes", {}).empty()) {
    return false;
  }
  w.Result("Identity", {w.In(0)});
  return true;
}

absl::Status ReduceSum(NodeWriter& w) {
  if (WroteIdentity(w)) return absl::OkStatus();
  std::vector<std::string> inputs = {w.In(0)};
  if (w.attributes().Has("axes")) {
    inputs.push_back(w.Ints(w.attributes().Ints("axes", {})));
  }
  w.Result("ReduceSum", std::move(inputs), Keep(w));
  return absl::OkStatus();
}

// Up to opset 17 the axes of all others are an attribute.
absl::Status Reduce(NodeWriter& w, const char* op) {
  if (WroteIdentity(w)) return absl::OkStatus();
  OnnxAttributes attributes = Keep(w);
  if (w.attributes().Has("axes")) {
    attributes["axes"] = w.attributes().Ints("axes", {});
  }
  w.Result(op, {w.In(0)}, std::move(attributes));
  return absl::OkStatus();
}

absl::Status ReduceMean(NodeWriter& w) { return Reduce(w, "ReduceMean"); }
absl::Status ReduceMax(NodeWriter& w) { return Reduce(w, "ReduceMax"); }

absl::Status Argmax(NodeWriter& w) {
  const std::string index = w.Emit(
      "ArgMax", {w.In(0)},
      {{"axis", w.attributes().Int("axis", -1)}, {"keepdims", int64_t{0}}});
  w.Result("Cast", {index},
           {{"to", static_cast<int64_t>(ToOnnxType(DType::kS32))}});
  return absl::OkStatus();
}

absl::Status Cumsum(NodeWriter& w) {
  const std::string axis =
      w.Constant(Tensor::From<int64_t>({}, {w.attributes().Int("axis", -1)}));
  w.Result("CumSum", {w.In(0), axis},
           {{"reverse", w.attributes().Int("reverse", 0)}});
  return absl::OkStatus();
}

absl::Status TopK(NodeWriter& w) {
  const std::vector<std::string> top =
      w.EmitAll("TopK", {w.In(0), w.Ints({w.attributes().Int("k", 1)})}, 2,
                {{"axis", w.attributes().Int("axis", -1)},
                 {"largest", w.attributes().Int("largest", 1)}});
  w.Result("Identity", {top[0]});
  w.ResultAt(1, "Cast", {top[1]},
             {{"to", static_cast<int64_t>(ToOnnxType(DType::kS32))}});
  return absl::OkStatus();
}

constexpr OnnxExporter kReduce[] = {
    {.op = "argmax", .write = Argmax},
    {.op = "cumsum", .write = Cumsum},
    {.op = "reduce_max", .write = ReduceMax},
    {.op = "reduce_mean", .write = ReduceMean},
    {.op = "reduce_sum", .write = ReduceSum},
    {.op = "top_k", .write = TopK},
};

}  // namespace

absl::Span<const OnnxExporter> ReduceExporters() { return kReduce; }

}  // namespace assay
