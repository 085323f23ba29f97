// assay infer: a network file on given inputs.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/types/optional.h"
#include "harness/cli/command.h"
#include "harness/cli/infer_network.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/places.h"
#include "harness/cli/table.h"
#include "harness/core/file.h"
#include "harness/core/npy.h"
#include "harness/core/status_macros.h"
#include "harness/measure/clock.h"
#include "harness/measure/scenario/scenario.h"
#include "harness/report/statistics/quantile_bound.h"

namespace assay {
namespace {

constexpr FlagSpec kFlags[] = {
    {"input", "[NAME=]FILE", "", "a .pb (TensorProto) or .npy; in order", true},
    {"expect", "[NAME=]FILE", "", "what an output should be", true},
    {"data_set", "DIR", "", "input_0.pb, ..., output_0.pb, ... together"},
    {"dim", "NAME=N", "", "extent of an open dimension", true},
    {"batch", "N", "1", "extent of dimension 0 where it is open"},
    {"tolerance", "REAL", "0.001", "largest error, by the largest magnitude"},
    {"output_dir", "DIR", "", "gets each output as NAME.npy"},
    {"queries", "N", "0", "times so many, one after the other"},
    {"backend", "NAME", "cpu", "where it runs"},
    {"precision", "f32|bf16", "f32", "of what is not integer"},
    {"as_written", "", "", "runs node by node, not as a lowered plan"},
    {"threads", "N", "0", "0: as many as the backend likes"},
    {"format", "text|json", "text", "how to print"},
};

// "name=path" or "path"; '=' in a path needs the name before it.
TensorFile TensorFileOf(const std::string& text) {
  const size_t at = text.find('=');
  if (at == std::string::npos) return {"", UserPath(text)};
  return {text.substr(0, at), UserPath(text.substr(at + 1))};
}

absl::StatusOr<InferRequest> RequestOf(const Args& args) {
  if (args.positional().size() != 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expects one .onnx or .tflite file, got ", args.positional().size()));
  }
  InferRequest request;
  request.path = UserPath(args.positional()[0]);
  for (const std::string& text : args.Texts("input")) {
    request.inputs.push_back(TensorFileOf(text));
  }
  for (const std::string& text : args.Texts("expect")) {
    request.expects.push_back(TensorFileOf(text));
  }
  if (args.Given("data_set")) {
    ASSAY_RETURN_IF_ERROR(
        AddDataSet(UserPath(args.Text("data_set")), &request));
  }
  for (const std::string& text : args.Texts("dim")) {
    const size_t at = text.rfind('=');
    int64_t extent = 0;
    if (at == std::string::npos ||
        !absl::SimpleAtoi(text.substr(at + 1), &extent) || extent < 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("--dim expects NAME=N, got '", text, "'"));
    }
    request.dimensions[text.substr(0, at)] = extent;
  }
  ASSAY_ASSIGN_OR_RETURN(request.batch, args.Int("batch"));
  ASSAY_ASSIGN_OR_RETURN(const int64_t threads, args.Int("threads"));
  if (threads < 0 || threads > 4096) {
    return absl::InvalidArgumentError(
        absl::StrCat("--threads expects 0 to 4096, got ", threads));
  }
  request.threads = static_cast<int>(threads);
  request.backend = args.Text("backend");
  request.precision = args.Text("precision");
  if (request.precision != "f32" && request.precision != "bf16") {
    return absl::InvalidArgumentError(absl::StrCat(
        "--precision expects f32 or bf16, got '", request.precision, "'"));
  }
  request.as_written = args.Switch("as_written");
  return request;
}

// Lowest, mean and highest element.
std::vector<std::string> Summary(const Tensor& value) {
  const Tensor wide = value.Cast(DType::kF64);
  double low = HUGE_VAL, high = -HUGE_VAL, sum = 0;
  for (int64_t i = 0; i < wide.size(); ++i) {
    const double v = wide.data<double>()[i];
    low = std::min(low, v);
    high = std::max(high, v);
    sum += v;
  }
  return {absl::StrFormat("%.6g", low),
          absl::StrFormat("%.6g", sum / static_cast<double>(wide.size())),
          absl::StrFormat("%.6g", high)};
}

// The table of outputs; `bad` tells whether one is off, or not comparable.
absl::StatusOr<Table> OutputTable(const std::vector<NamedTensor>& outputs,
                                  const InferNetwork& network, double tolerance,
                                  bool* bad) {
  const bool compare = !network.expected().empty();
  std::vector<std::string> header = {"output", "type", "min", "mean", "max"};
  if (compare) {
    header.insert(header.end(), {"abs_error", "rel_error", "agrees"});
  }
  Table table(header);
  for (const NamedTensor& output : outputs) {
    std::vector<std::string> row = {output.name, output.value.TypeString()};
    const std::vector<std::string> summary = Summary(output.value);
    row.insert(row.end(), summary.begin(), summary.end());
    const auto want = network.expected().find(output.name);
    if (compare && want == network.expected().end()) {
      row.insert(row.end(), {"-", "-", "-"});
    } else if (compare) {
      const auto difference = CompareOutputs(want->second, output.value);
      const bool agrees = difference.ok() && difference->relative <= tolerance;
      *bad |= !agrees;
      if (!difference.ok()) {
        return absl::InvalidArgumentError(absl::StrCat(
            "output '", output.name, "': ", difference.status().message()));
      }
      row.insert(row.end(), {absl::StrFormat("%.3g", difference->absolute),
                             absl::StrFormat("%.3g", difference->relative),
                             agrees ? "yes" : "no"});
    }
    table.Add(std::move(row));
  }
  return table;
}

// A query runs the plan and brings every output to the host.
class NetworkSystem final : public SystemUnderTest {
 public:
  explicit NetworkSystem(InferNetwork* network) : network_(network) {}
  absl::Status Answer(absl::Span<const int64_t>) override {
    ASSAY_RETURN_IF_ERROR(network_->Run());
    return network_->Outputs().status();
  }

 private:
  InferNetwork* network_;
};

// The quantile's upper bound at 99 % confidence; "-" where the count cannot
// support it.
std::string Bound(const std::vector<int64_t>& sorted, double p) {
  const absl::optional<int64_t> rank = QuantileBoundRank(
      static_cast<int64_t>(sorted.size()), p, /*confidence=*/0.99);
  if (!rank) return "-";
  const double ns = static_cast<double>(sorted[static_cast<size_t>(*rank - 1)]);
  return absl::StrFormat("%.1f", ns / 1000);
}

absl::StatusOr<Table> LatencyTable(int64_t queries, InferNetwork* network) {
  NetworkSystem system(network);
  ScenarioSettings settings;
  settings.min_queries = settings.max_queries = queries;
  settings.max_seconds = HUGE_VAL;
  settings.stop = StopOnInterrupt();
  const Variant variant{"network", &system};
  ASSAY_ASSIGN_OR_RETURN(
      SessionTimings timings,
      RunScenario(settings, {&variant, 1}, MonotonicClock()));
  std::vector<int64_t> ns = timings.variants[0].latency_ns;
  std::sort(ns.begin(), ns.end());
  Table table(
      {"scenario", "queries", "min_us", "median_us", "p90_us <=", "p99_us <="});
  const auto us = [&](size_t i) {
    return absl::StrFormat("%.1f", static_cast<double>(ns[i]) / 1000);
  };
  table.Add({ScenarioName(settings.scenario), absl::StrCat(ns.size()), us(0),
             us(ns.size() / 2), Bound(ns, 0.9), Bound(ns, 0.99)});
  return table;
}

// A name of an output as the name of a file.
std::string FileNameOf(const std::string& output) {
  return absl::StrCat(absl::StrReplaceAll(output, {{"/", "_"}}), ".npy");
}

absl::Status WriteOutputs(const std::string& folder,
                          const std::vector<NamedTensor>& outputs) {
  for (const NamedTensor& output : outputs) {
    ASSAY_ASSIGN_OR_RETURN(const std::string bytes, SerializeNpy(output.value));
    ASSAY_RETURN_IF_ERROR(
        WriteFileAtomically(JoinPath(folder, FileNameOf(output.name)), bytes));
  }
  return absl::OkStatus();
}

void Print(Format format, const InferNetwork& network, const Table& outputs,
           const absl::optional<Table>& latency) {
  if (format == Format::kText) {
    if (!network.bound().empty()) {
      absl::FPrintF(stderr,
                    "assay infer: the plan holds for the given values of %s\n",
                    absl::StrJoin(network.bound(), ", "));
    }
    if (!network.path().empty()) {
      absl::FPrintF(stderr, "assay infer: the network decided %s\n",
                    network.path());
    }
    std::fputs(outputs.Render(format).c_str(), stdout);
    if (latency) {
      absl::PrintF("\n%s", latency->Render(format));
    }
    return;
  }
  std::vector<std::string> bound;
  for (const std::string& name : network.bound()) {
    bound.push_back(JsonString(name));
  }
  absl::PrintF("{\"nodes\": %d, \"bound\": [%s], \"path\": %s, \"outputs\": %s",
               network.nodes(), absl::StrJoin(bound, ", "),
               JsonString(network.path()), outputs.Render(format));
  if (latency) absl::PrintF(", \"latency\": %s", latency->Render(format));
  std::fputs("}\n", stdout);
}

absl::StatusOr<int> Infer(const Args& args) {
  ASSAY_ASSIGN_OR_RETURN(const Format format, ParseFormat(args.Text("format")));
  ASSAY_ASSIGN_OR_RETURN(const InferRequest request, RequestOf(args));
  ASSAY_ASSIGN_OR_RETURN(const double tolerance, args.Real("tolerance"));
  ASSAY_ASSIGN_OR_RETURN(const int64_t queries, args.Int("queries"));
  if (queries < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--queries expects 0 or more, got ", queries));
  }
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<InferNetwork> network,
                         InferNetwork::Make(request));
  ASSAY_RETURN_IF_ERROR(network->Run());
  ASSAY_ASSIGN_OR_RETURN(const std::vector<NamedTensor> outputs,
                         network->Outputs());
  bool bad = false;
  ASSAY_ASSIGN_OR_RETURN(const Table table,
                         OutputTable(outputs, *network, tolerance, &bad));
  if (args.Given("output_dir")) {
    ASSAY_RETURN_IF_ERROR(
        WriteOutputs(UserPath(args.Text("output_dir")), outputs));
  }
  absl::optional<Table> latency;
  if (queries > 0) {
    ASSAY_ASSIGN_OR_RETURN(latency, LatencyTable(queries, network.get()));
  }
  Print(format, *network, table, latency);
  return bad ? kExitFinding : kExitOk;
}

int Run(const Args& args) {
  auto code = Infer(args);
  return code.ok() ? *code : Complain("infer", code.status());
}

}  // namespace

extern const Command kInferCommand = {
    "infer",
    "infer FILE [--input=FILE]... [--expect=FILE]... [flags]",
    "run a network file on given inputs, compare its outputs",
    "FILE is .onnx, or .tflite, whose images are taken channels first and\n"
    "whose integers as the reals they stand for.\n"
    "The network runs as a plan: batch norms folded, layers fused, QDQ as\n"
    "integers; with If or Loop that a run decides, as plans under a program\n"
    "for the host, which tells its decisions (0+1-: conditional 0 held, 1 did\n"
    "not). Open dimensions take the extents of the inputs given. An error\n"
    "is the largest difference of an output over the largest magnitude that\n"
    "is expected; above --tolerance the exit code is 1. With --queries it is\n"
    "timed one query after the other, outputs brought to the host; p90 and\n"
    "p99 are upper bounds at 99 % confidence, left out where the queries are\n"
    "too few for them.",
    kFlags,
    Run,
    /*place=*/150,
};

}  // namespace assay
