#include "harness/ops/testing/golden.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "harness/backend/session.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/graph/reference.h"
#include "harness/ops/ops.h"
#include "harness/testing/compare.h"

namespace assay {
namespace {

constexpr double kTolerance = 1e-6;
constexpr int64_t kRoundings = 64;

absl::StatusOr<std::vector<int64_t>> ParseInts(absl::string_view text) {
  std::vector<int64_t> values;
  for (const absl::string_view part :
       absl::StrSplit(text, ',', absl::SkipEmpty())) {
    int64_t value;
    if (!absl::SimpleAtoi(part, &value)) {
      return absl::InvalidArgumentError(
          absl::StrCat("expected an integer, got '", part, "'"));
    }
    values.push_back(value);
  }
  return values;
}

// "int 2", "real 0.5", "text u8", "ints 1,2".
absl::Status SetAttribute(absl::string_view key, absl::string_view value,
                          Attributes* attributes) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(value, absl::MaxSplits(' ', 1));
  if (parts.first == "text") {
    attributes->Set(std::string(key), std::string(parts.second));
    return absl::OkStatus();
  }
  if (parts.first == "real") {
    double real;
    if (!absl::SimpleAtod(parts.second, &real)) {
      return absl::InvalidArgumentError(
          absl::StrCat("expected a number, got '", parts.second, "'"));
    }
    attributes->Set(std::string(key), real);
    return absl::OkStatus();
  }
  ASSAY_ASSIGN_OR_RETURN(std::vector<int64_t> values, ParseInts(parts.second));
  if (parts.first == "int" && values.size() == 1) {
    attributes->Set(std::string(key), values[0]);
  } else {
    attributes->Set(std::string(key), std::move(values));
  }
  return absl::OkStatus();
}

// "f32 [2,2] : 1 2 3 4", as f64 where it says f32.
absl::StatusOr<Tensor> ParseTensor(absl::string_view text) {
  const std::vector<absl::string_view> words =
      absl::StrSplit(text, ' ', absl::SkipEmpty());
  if (words.size() < 4 || words[2] != ":") {
    return absl::InvalidArgumentError(
        absl::StrCat("expected a type, a shape and values, got '", text, "'"));
  }
  ASSAY_ASSIGN_OR_RETURN(DType dtype, ParseDType(words[0]));
  if (dtype == DType::kF32) dtype = DType::kF64;
  ASSAY_ASSIGN_OR_RETURN(
      const Shape shape,
      ParseInts(absl::StripSuffix(absl::StripPrefix(words[1], "["), "]")));
  std::vector<double> values;
  for (size_t i = 3; i < words.size(); ++i) {
    values.emplace_back();
    if (!absl::SimpleAtod(words[i], &values.back())) {
      return absl::InvalidArgumentError(
          absl::StrCat("expected a number, got '", words[i], "'"));
    }
  }
  if (static_cast<int64_t>(values.size()) != ElementCount(shape)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expected ", ElementCount(shape), " values, got ", values.size()));
  }
  return Tensor::From<double>(shape, values).Cast(dtype);
}

absl::Status ReadLine(absl::string_view line, std::vector<Golden>* goldens) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(line, absl::MaxSplits(' ', 1));
  const std::pair<absl::string_view, absl::string_view> rest =
      absl::StrSplit(parts.second, absl::MaxSplits(' ', 1));
  if (parts.first == "case") {
    goldens->emplace_back();
    goldens->back().op = std::string(rest.first);
    goldens->back().name = std::string(rest.second);
    return absl::OkStatus();
  }
  if (goldens->empty()) return absl::InvalidArgumentError("expected a case");
  Golden& golden = goldens->back();
  if (parts.first == "with") {
    return SetAttribute(rest.first, rest.second, &golden.attributes);
  }
  if (parts.first == "operand" || parts.first == "result") {
    Tensor tensor;
    if (parts.second != "absent" && parts.second != "-") {
      ASSAY_ASSIGN_OR_RETURN(tensor, ParseTensor(parts.second));
    }
    (parts.first == "operand" ? golden.operands : golden.results)
        .push_back(std::move(tensor));
    return absl::OkStatus();
  }
  size_t operand;
  if (parts.first != "gradient" || !absl::SimpleAtoi(rest.first, &operand)) {
    return absl::InvalidArgumentError("expected case, with, operand, ...");
  }
  ASSAY_ASSIGN_OR_RETURN(golden.gradients[operand], ParseTensor(rest.second));
  return absl::OkStatus();
}

// The golden as a graph, with its outputs' names and values.
struct GoldenGraph {
  Graph graph{StandardOps()};
  std::map<std::string, Tensor> feeds, want;
};

Tensor SeedOf(const Shape& shape) {
  Tensor seed(DType::kF64, shape);
  for (int64_t i = 0; i < seed.size(); ++i) {
    seed.data<double>()[i] = static_cast<double>(i % 7 - 3) / 4;
  }
  return seed;
}

absl::StatusOr<GoldenGraph> MakeGraph(const Golden& golden, DType dtype,
                                      const GoldenBuilder& build) {
  const auto typed = [dtype](const Tensor& value) {
    return value.dtype() == DType::kF64 ? value.Cast(dtype) : value;
  };
  GoldenGraph made;
  GraphBuilder b(&made.graph);
  std::vector<ValueId> operands;
  for (const Tensor& operand : golden.operands) {
    if (operand.raw() == nullptr) {
      operands.push_back(kNoValue);
      continue;
    }
    const std::string name = absl::StrCat("operand", operands.size());
    made.feeds[name] = typed(operand);
    operands.push_back(
        b.Input(name, made.feeds[name].dtype(), operand.shape()));
  }
  const std::vector<ValueId> results = build(b, golden, operands);
  ASSAY_RETURN_IF_ERROR(b.status());
  if (results.size() != golden.results.size()) {
    return absl::InternalError(absl::StrCat("expected ", golden.results.size(),
                                            " results, got ", results.size()));
  }
  for (size_t i = 0; i < results.size(); ++i) {
    if (golden.results[i].raw() == nullptr) continue;
    const std::string name = absl::StrCat("result", i);
    b.Output(name, results[i]);
    // An op may name a float type of its own.
    const DType type = b.dtype(results[i]);
    made.want[name] = IsFloat(type) && IsFloat(golden.results[i].dtype())
                          ? golden.results[i].Cast(type)
                          : golden.results[i];
  }
  if (golden.gradients.empty()) return made;
  const ValueId seed =
      b.Constant(SeedOf(b.shape(results[0])).Cast(b.dtype(results[0])));
  std::vector<ValueId> sources;
  for (const auto& gradient : golden.gradients) {
    sources.push_back(operands[gradient.first]);
  }
  ASSAY_RETURN_IF_ERROR(b.status());
  ASSAY_ASSIGN_OR_RETURN(const std::vector<ValueId> gradients,
                         AddGradients(&made.graph, results[0], seed, sources));
  size_t next = 0;
  for (const auto& [operand, value] : golden.gradients) {
    const std::string name = absl::StrCat("gradient", operand);
    if (gradients[next] == kNoValue) {
      return absl::InternalError(absl::StrCat(name, ": none flows"));
    }
    b.Output(name, gradients[next++]);
    made.want[name] = typed(value);
  }
  ASSAY_RETURN_IF_ERROR(b.status());
  return made;
}

absl::Status CompareWide(const Tensor& want, const Tensor& got) {
  if (want.dtype() != DType::kF64) return CompareTensors(want, got, 1);
  if (got.dtype() != DType::kF64 || got.shape() != want.shape()) {
    return absl::InternalError(absl::StrCat("expected ", want.TypeString(),
                                            ", got ", got.TypeString()));
  }
  double scale = 0;
  for (const double x : want.span<double>()) {
    scale = std::max(scale, std::abs(x));
  }
  for (int64_t i = 0; i < want.size(); ++i) {
    const double a = want.data<double>()[i], b = got.data<double>()[i];
    if (std::abs(a - b) <= kTolerance * scale) continue;
    return absl::InternalError(
        absl::StrCat("element ", i, ": expected ", a, ", got ", b));
  }
  return absl::OkStatus();
}

absl::Status Named(absl::string_view name, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrCat(name, ": ", status.message()));
}

}  // namespace

absl::StatusOr<std::vector<Golden>> ReadGoldens(const std::string& path) {
  ASSAY_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  std::vector<Golden> goldens;
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    if (line.empty() || line[0] == '#') continue;
    ASSAY_RETURN_IF_ERROR(
        Named(absl::StrCat(path, ":", number), ReadLine(line, &goldens)));
  }
  return goldens;
}

std::vector<ValueId> BuildGoldenOp(GraphBuilder& b, const Golden& golden,
                                   const std::vector<ValueId>& operands) {
  return b.Ops(golden.op, operands, golden.attributes);
}

absl::Status CheckByReference(const Golden& golden,
                              const GoldenBuilder& build) {
  ASSAY_ASSIGN_OR_RETURN(const GoldenGraph made,
                         MakeGraph(golden, DType::kF64, build));
  ASSAY_ASSIGN_OR_RETURN(const Evaluation evaluation,
                         Evaluate(made.graph, made.feeds, ParameterStore()));
  for (const auto& [name, want] : made.want) {
    ASSAY_RETURN_IF_ERROR(
        Named(name, CompareWide(want, evaluation.outputs.at(name))));
  }
  return absl::OkStatus();
}

absl::Status CheckOnDevice(const Golden& golden, Device* device,
                           const GoldenBuilder& build) {
  ASSAY_ASSIGN_OR_RETURN(const GoldenGraph made,
                         MakeGraph(golden, DType::kF32, build));
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session,
                         Session::Make(device, made.graph, nullptr));
  for (const auto& [name, value] : made.feeds) {
    ASSAY_RETURN_IF_ERROR(session->Feed(name, value));
  }
  ASSAY_RETURN_IF_ERROR(session->Run());
  for (const auto& [name, want] : made.want) {
    ASSAY_ASSIGN_OR_RETURN(const Tensor got, session->Fetch(name));
    ASSAY_RETURN_IF_ERROR(Named(name, CompareTensors(want, got, kRoundings)));
  }
  return absl::OkStatus();
}

}  // namespace assay
