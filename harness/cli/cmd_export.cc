// assay export: a network as an ONNX file.
#include <cstdio>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/cli/command.h"
#include "harness/cli/dynamic_export.h"
#include "harness/cli/export_source.h"
#include "harness/cli/places.h"
#include "harness/cli/table.h"
#include "harness/core/hash.h"
#include "harness/core/status_macros.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/host/build_stamp.h"
#include "harness/models/onnx/export/export.h"

namespace assay {
namespace {

constexpr FlagSpec kFlags[] = {
    {"output", "FILE.onnx", "", "where to write"},
    {"task", "NAME", "", "of a checkpoint or artifact (else its run's)"},
    {"weights", "FILE", "", "of a NETWORK, .safetensors (else as initialised)"},
    {"seed", "N", "1", "initialises a NETWORK, and draws its samples"},
    {"threshold", "REAL", "", "of a NETWORK's exits (else its own)"},
    {"inline", "", "", "nodes in place of functions, for tools without them"},
    {"microsoft_ops", "", "", "4-bit layers as ONNX Runtime's MatMulNBits"},
    {"batch", "N", "", "fixes the batch (default: any)"},
    {"samples", "N", "0", "of the test split, to compare another runtime with"},
    {"samples_dir", "DIR", "", "gets inputs.npy, logits.npy and labels.npy"},
    {"as_written", "", "", "runs samples node by node, not as a lowered plan"},
    {"backend", "NAME", "cpu", "where it was trained and samples are run"},
    {"precision", "f32|bf16", "f32", "that the reference network trained in"},
    {"data_dir", "DIR", "", "folder of the data sets (else $ASSAY_DATA_DIR)"},
    {"cache_dir", "DIR", "", "where trained networks lie"},
    {"format", "text|json", "text", "how to print the result"},
};

absl::StatusOr<ExportRequest> RequestOf(const Args& args) {
  if (args.positional().size() != 1 || !args.Given("output")) {
    return absl::InvalidArgumentError(
        "expects a task, an artifact's folder, a checkpoint or a network with "
        "control flow, and --output");
  }
  const std::string precision = args.Text("precision");
  if (precision != "f32" && precision != "bf16") {
    return absl::InvalidArgumentError(
        absl::StrCat("--precision expects f32 or bf16, got '", precision, "'"));
  }
  return ExportRequestOf(args, precision);
}

// A network with control flow.
absl::StatusOr<std::string> ExportDynamic(const Args& args,
                                          const ExportRequest& request) {
  for (const char* flag :
       {"task", "inline", "microsoft_ops", "batch", "precision"}) {
    if (!args.Given(flag)) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "--", flag, " says nothing of a network with control flow"));
  }
  DynamicExportRequest dynamic;
  dynamic.network = request.what;
  dynamic.output = UserPath(args.Text("output"));
  dynamic.backend = request.backend;
  dynamic.as_written = args.Switch("as_written");
  if (args.Given("weights")) dynamic.weights = UserPath(args.Text("weights"));
  if (args.Given("threshold")) {
    ASSAY_ASSIGN_OR_RETURN(dynamic.threshold, args.Real("threshold"));
  }
  ASSAY_ASSIGN_OR_RETURN(const int64_t seed, args.Int("seed"));
  dynamic.seed = static_cast<uint64_t>(seed);
  ASSAY_ASSIGN_OR_RETURN(dynamic.samples, args.Int("samples"));
  if (dynamic.samples < 0 ||
      (dynamic.samples > 0 && !args.Given("samples_dir"))) {
    return absl::InvalidArgumentError(
        "--samples expects a number and --samples_dir");
  }
  dynamic.samples_dir = UserPath(args.Text("samples_dir"));
  return ExportDynamicNetwork(dynamic);
}

absl::Status Samples(const Args& args, const ExportSource& source) {
  ASSAY_ASSIGN_OR_RETURN(const int64_t count, args.Int("samples"));
  if (count == 0) return absl::OkStatus();
  if (count < 0 || !args.Given("samples_dir") || source.setup.task == nullptr) {
    return absl::InvalidArgumentError(
        "--samples expects a number, --samples_dir and a known task");
  }
  return WriteSamples(source, count, !args.Switch("as_written"),
                      UserPath(args.Text("samples_dir")));
}

absl::Status WriteModel(const Args& args, const ExportSource& source,
                        const std::string& path) {
  OnnxExportOptions options;
  options.functions = !args.Switch("inline");
  options.microsoft_ops = args.Switch("microsoft_ops");
  options.dynamic_batch = !args.Given("batch");
  if (kSourceRevision != nullptr) options.producer_version = kSourceRevision;
  options.metadata["assay.source"] = source.about;
  if (source.setup.task != nullptr) {
    options.metadata.merge(TaskMetadata(*source.setup.task));
  } else {
    absl::FPrintF(stderr,
                  "assay export: no run beside the artifact and no --task, so "
                  "the file does not say how its inputs are prepared\n");
  }
  int64_t batch = 1;
  if (args.Given("batch")) {
    ASSAY_ASSIGN_OR_RETURN(batch, args.Int("batch"));
  }
  ASSAY_ASSIGN_OR_RETURN(const Graph graph, Rebatch(source.graph, batch));
  return WriteOnnxFile(path, graph, source.parameters, options);
}

// Gives what was written, in words.
absl::StatusOr<std::string> ExportStatic(const Args& args,
                                         const ExportRequest& request) {
  for (const char* flag : {"weights", "seed", "threshold"}) {
    if (!args.Given(flag)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("--", flag, " is for a network with control flow, which '",
                     request.what, "' is not"));
  }
  ASSAY_ASSIGN_OR_RETURN(const ExportSource source, OpenExportSource(request));
  ASSAY_RETURN_IF_ERROR(
      WriteModel(args, source, UserPath(args.Text("output"))));
  ASSAY_RETURN_IF_ERROR(Samples(args, source));
  return source.about;
}

absl::Status Export(const Args& args) {
  ASSAY_ASSIGN_OR_RETURN(Format format, ParseFormat(args.Text("format")));
  ASSAY_ASSIGN_OR_RETURN(const ExportRequest request, RequestOf(args));
  ASSAY_ASSIGN_OR_RETURN(const std::string about,
                         IsDynamicNetwork(request.what)
                             ? ExportDynamic(args, request)
                             : ExportStatic(args, request));
  const std::string path = UserPath(args.Text("output"));
  ASSAY_ASSIGN_OR_RETURN(const std::string sha256, Sha256OfFile(path));
  Table table({"field", "value"});
  table.Add({"network", about});
  table.Add({"file", path});
  table.Add({"sha256", sha256});
  std::fputs(table.Render(format).c_str(), stdout);
  return absl::OkStatus();
}

int Run(const Args& args) {
  const absl::Status status = Export(args);
  return status.ok() ? kExitOk : Complain("export", status);
}

}  // namespace

extern const Command kExportCommand = {
    "export",
    "export TASK | ARTIFACT | CHECKPOINT | NETWORK --output=FILE.onnx [flags]",
    "write a network as an ONNX file",
    "TASK's reference network (trained where the cache lacks it), a candidate\n"
    "that a run left in DIR/SUITE/TASK/LABEL/seed-N/ID/artifacts/BUDGET, or "
    "the\n"
    "parameters of a .safetensors file with --task. A quantized candidate is\n"
    "written with its integers, in QDQ form. Every op that ONNX cannot say is\n"
    "named at once, and nothing is written.\n"
    "NETWORK is one with control flow, written with If and Loop: dscnn-exits,\n"
    "experts, lmd-xs-exits, lmd-xs-greedy, lmd-xs-speculative,\n"
    "mobilenet-v2-exits, resnet20-exits, resnet20-gated. Its samples are\n"
    "random, and written as test_data_set_0, ... in the layout of ONNX's own\n"
    "test data, which `assay infer --data_set` reads.",
    kFlags,
    Run,
    /*place=*/140,
};

}  // namespace assay
